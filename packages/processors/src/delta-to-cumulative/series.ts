import type { Exponential } from '../distribution/exponential.js';
import type { Histogram } from '../distribution/histogram.js';

/** A slot of no series; of one that has none but its place; of one that counts. */
export const FREE = 0;
export const KNOWN = 1;
export const OPEN = 2;

/** A number as its kind and words, one per slot. */
export class Values {
  declare kind: Uint8Array;
  declare low: Int32Array;
  declare high: Int32Array;

  constructor(n: number) {
    this.kind = new Uint8Array(n);
    this.low = new Int32Array(n);
    this.high = new Int32Array(n);
  }

  set(slot: number, kind: number, low: number, high: number): void {
    this.kind[slot] = kind;
    this.low[slot] = low;
    this.high[slot] = high;
  }

  copy(slot: number, from: Values): void {
    this.set(slot, from.kind[slot]!, from.low[slot]!, from.high[slot]!);
  }

  grow(n: number): void {
    this.kind = grow(this.kind, new Uint8Array(n));
    this.low = grow(this.low, new Int32Array(n));
    this.high = grow(this.high, new Int32Array(n));
  }
}

/** The running total of a distribution and what of it was shown. */
export interface Distribution<T> {
  total: T;
  /** The most that may have been seen further on; never shown less. */
  shown: T | undefined;
  /** The most that was certainly seen. */
  delivered: T | undefined;
}

/** What is known of each output series, by slot. */
export class Series {
  /** What was added up and not refused. */
  declare readonly total: Values;
  /** The most that may have been seen further on: a series that fell would count as restarted. */
  declare readonly shown: Values;
  /** The most that was certainly seen. */
  declare readonly delivered: Values;
  /** Batches on their way that hold points of the series. */
  declare flying: Int32Array;
  declare startLow: Int32Array;
  declare startHigh: Int32Array;
  /** Time of the last point. */
  declare timeLow: Int32Array;
  declare timeHigh: Int32Array;
  /** 1 when its zero was sent. */
  declare seeded: Uint8Array;
  /** When a point last arrived, in milliseconds. */
  declare seen: Float64Array;
  declare generation: Int32Array;
  /** {@link FREE}, {@link KNOWN} or {@link OPEN}. */
  declare state: Uint8Array;
  declare readonly histograms: (Distribution<Histogram> | undefined)[];
  declare readonly exponentials: (Distribution<Exponential> | undefined)[];

  constructor() {
    const n = 64;
    this.total = new Values(n);
    this.shown = new Values(n);
    this.delivered = new Values(n);
    this.flying = new Int32Array(n);
    this.startLow = new Int32Array(n);
    this.startHigh = new Int32Array(n);
    this.timeLow = new Int32Array(n);
    this.timeHigh = new Int32Array(n);
    this.seeded = new Uint8Array(n);
    this.seen = new Float64Array(n);
    this.generation = new Int32Array(n);
    this.state = new Uint8Array(n);
    this.histograms = [];
    this.exponentials = [];
  }

  get capacity(): number {
    return this.state.length;
  }

  /** A new series has got `slot`. */
  enter(slot: number): void {
    if (slot >= this.capacity) this.grow(Math.max(slot + 1, this.capacity * 2));
    this.state[slot] = KNOWN;
  }

  /** Empties a slot for its next series. */
  forget(slot: number): void {
    this.state[slot] = FREE;
    this.flying[slot] = 0;
    this.seeded[slot] = 0;
    this.generation[slot]!++;
    this.histograms[slot] = undefined;
    this.exponentials[slot] = undefined;
  }

  private grow(n: number): void {
    this.total.grow(n);
    this.shown.grow(n);
    this.delivered.grow(n);
    this.flying = grow(this.flying, new Int32Array(n));
    this.startLow = grow(this.startLow, new Int32Array(n));
    this.startHigh = grow(this.startHigh, new Int32Array(n));
    this.timeLow = grow(this.timeLow, new Int32Array(n));
    this.timeHigh = grow(this.timeHigh, new Int32Array(n));
    this.seeded = grow(this.seeded, new Uint8Array(n));
    this.seen = grow(this.seen, new Float64Array(n));
    this.generation = grow(this.generation, new Int32Array(n));
    this.state = grow(this.state, new Uint8Array(n));
  }
}

function grow<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
