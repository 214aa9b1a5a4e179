import type { StateWriter } from '@otelier/core';
import { MetricsBatch, type StreamTable } from '@otelier/otlp';
import { compareTimes } from '../distribution/words.js';
import { keyOf } from './keys.js';

/** Series looked at for their age in one transaction, beside as many as it had cells. */
const SWEEP = 16;

/**
 * The series of one table: until when each has been sent, and how many cells it has, by slot; times are pairs of words.
 *
 * Kept as two entries per series that has been sent: its identity, written once, and that time.
 */
export class SentTimes {
  declare private readonly table: StreamTable;
  /** Tags of the keys of both entries. */
  declare private readonly identityTag: number;
  declare private readonly timeTag: number;
  declare private low: Int32Array;
  declare private high: Int32Array;
  /** When a point last arrived, in milliseconds; 0 where no series is. */
  declare seen: Float64Array;
  /** Cells that are held. */
  declare held: Int32Array;
  /** Number under which a series is kept; 0 until it is. */
  declare private numbers: Float64Array;
  declare private nextNumber: number;
  /** Numbers of what is no longer there. */
  declare private readonly forgotten: number[];
  declare private swept: number;
  /** Slot and former time of what was sent since the last `save` or `undo`. */
  declare private readonly log: number[];

  constructor(table: StreamTable, identityTag: number, timeTag: number) {
    const n = 64;
    this.table = table;
    this.identityTag = identityTag;
    this.timeTag = timeTag;
    this.low = new Int32Array(n);
    this.high = new Int32Array(n);
    this.seen = new Float64Array(n);
    this.held = new Int32Array(n);
    this.numbers = new Float64Array(n);
    this.nextNumber = 1;
    this.forgotten = [];
    this.swept = 0;
    this.log = [];
  }

  /** The series of a point that arrives at `now`; -1 when there is no room for it. */
  slot(point: object, now: number): number {
    const { table } = this;
    const slot = table.slot(point);
    if (slot < 0) return slot;
    if (table.isNew) this.enter(slot);
    this.seen[slot] = now;
    return slot;
  }

  /** Whether that time is later than all that was sent. */
  isLater(slot: number, lowWord: number, highWord: number): boolean {
    return compareTimes(lowWord, highWord, this.low[slot]!, this.high[slot]!) > 0;
  }

  send(slot: number, lowWord: number, highWord: number): void {
    if (!this.isLater(slot, lowWord, highWord)) return;
    this.log.push(slot, this.low[slot]!, this.high[slot]!);
    this.low[slot] = lowWord;
    this.high[slot] = highWord;
  }

  /** What was sent stands. */
  save(to: StateWriter | undefined): void {
    if (to !== undefined) {
      for (let i = 0; i < this.log.length; i += 3) this.write(this.log[i]!, to, this.numbers[this.log[i]!] === 0);
      for (const number of this.forgotten) {
        to.delete(keyOf(this.identityTag, number));
        to.delete(keyOf(this.timeTag, number));
      }
    }
    this.forgotten.length = 0;
    this.log.length = 0;
  }

  /** Takes back what was sent since the last `save`. */
  undo(): void {
    for (let i = this.log.length - 3; i >= 0; i -= 3) {
      const slot = this.log[i]!;
      this.low[slot] = this.log[i + 1]!;
      this.high[slot] = this.log[i + 2]!;
    }
    this.log.length = 0;
  }

  snapshot(to: StateWriter): void {
    for (let slot = 0; slot < this.seen.length; slot++)
      if (this.seen[slot]! > 0 && (this.low[slot] !== 0 || this.high[slot] !== 0)) this.write(slot, to, true);
  }

  /** Takes in one entry, of identities before times; `slots` are those of the numbers so far. False when it is not one of these. */
  restore(tag: number, number: number, value: Uint8Array, slots: Map<number, number>, now: number): boolean {
    if (tag === this.identityTag) {
      this.nextNumber = Math.max(this.nextNumber, number + 1);
      for (const point of new MetricsBatch(Buffer.from(value)).points()) {
        const slot = this.slot(point, now);
        if (slot < 0) this.forgotten.push(number);
        else {
          this.numbers[slot] = number;
          slots.set(number, slot);
        }
      }
      return true;
    }
    if (tag !== this.timeTag) return false;
    const slot = slots.get(number);
    if (slot === undefined) return true;
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    this.low[slot] = view.getInt32(0, true);
    this.high[slot] = view.getInt32(4, true);
    return true;
  }

  /** Forgets some of the series that hold nothing and have been silent since `before`. */
  sweep(cells: number, before: number): void {
    const { seen, held, numbers } = this;
    for (let left = Math.min(SWEEP + cells, seen.length); left > 0; left--) {
      const slot = this.swept < seen.length ? this.swept : 0;
      this.swept = slot + 1;
      if (seen[slot] === 0 || seen[slot]! >= before || held[slot]! > 0) continue;
      seen[slot] = 0;
      if (numbers[slot]! > 0) this.forgotten.push(numbers[slot]!);
      numbers[slot] = 0;
      this.table.delete(slot);
    }
  }

  private write(slot: number, to: StateWriter, isNew: boolean): void {
    if (this.numbers[slot] === 0) this.numbers[slot] = this.nextNumber++;
    const number = this.numbers[slot]!;
    if (isNew) to.put(keyOf(this.identityTag, number), this.table.request(slot));
    const time = Buffer.allocUnsafe(8);
    time.writeInt32LE(this.low[slot]!, 0);
    time.writeInt32LE(this.high[slot]!, 4);
    to.put(keyOf(this.timeTag, number), time);
  }

  /** A new series has got `slot`. */
  private enter(slot: number): void {
    if (slot >= this.seen.length) this.grow(Math.max(slot + 1, this.seen.length * 2));
    this.low[slot] = 0;
    this.high[slot] = 0;
    this.held[slot] = 0;
    this.numbers[slot] = 0;
  }

  private grow(n: number): void {
    this.low = copied(this.low, new Int32Array(n));
    this.high = copied(this.high, new Int32Array(n));
    this.held = copied(this.held, new Int32Array(n));
    this.seen = copied(this.seen, new Float64Array(n));
    this.numbers = copied(this.numbers, new Float64Array(n));
  }
}

function copied<A extends Int32Array | Float64Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
