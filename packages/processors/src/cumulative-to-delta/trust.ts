import type { StateWriter } from '@otelier/core';
import { milliseconds } from './time.js';

/** Shorter than the keys of series, and before them all. */
const KEY: Buffer = Buffer.alloc(8);

/** Since when this converter has seen every series from its first point on: it survives restarts with the series themselves. */
export class Trust {
  /** Milliseconds since 1970. */
  declare from: number;
  /** When this run began. */
  declare private readonly began: number;
  declare private written: boolean;

  constructor(now: number) {
    this.from = now;
    this.began = now;
    this.written = false;
  }

  /** A series that began then is forgotten: should it come back, its value must not count a second time, nor that of any as old. */
  forget(startLow: number, startHigh: number): void {
    const start = milliseconds(startLow, startHigh);
    if (start < this.from) return;
    this.from = start + 1;
    this.written = false;
  }

  /** Some of what an earlier run kept is missing: what is new to this one may have been counted before. */
  beginAnew(): void {
    this.from = Math.max(this.from, this.began);
    this.written = false;
  }

  save(to: StateWriter | undefined): void {
    if (this.written || to === undefined) return;
    this.snapshot(to);
    this.written = true;
  }

  snapshot(to: StateWriter): void {
    const value = Buffer.alloc(8);
    value.writeDoubleLE(this.from);
    to.put(KEY, value);
  }

  /** Takes what an earlier run kept; false when the entry is not its own. */
  restore(key: Uint8Array, value: Uint8Array): boolean {
    if (key.length !== KEY.length) return false;
    this.from = new DataView(value.buffer, value.byteOffset, value.length).getFloat64(0, true);
    this.written = true;
    return true;
  }
}
