import { DOUBLE, INT, type PointFields } from '@otelier/otlp';
import type { Exponential } from '../distribution/exponential.js';
import type { Histogram } from '../distribution/histogram.js';
import { add, compareTimes, double, high, kind, low, ofDouble, subtract, toNumber } from '../distribution/words.js';

/** A slot of no series; of one that has sent nothing to count from; of one that has. */
export const FREE = 0;
export const KNOWN = 1;
export const OPEN = 2;

/** What is known of each series, by slot, in typed columns. 64-bit values and times are pairs of words. */
export class Series {
  /** The last value that came in. */
  declare lastKind: Uint8Array;
  declare lastLow: Int32Array;
  declare lastHigh: Int32Array;
  /** The same as a number when it is a double. */
  declare lastDouble: Float64Array;
  /** What was passed on and not refused: the next increment is the difference to this, so that rounding never adds up. */
  declare sentKind: Uint8Array;
  declare sentLow: Int32Array;
  declare sentHigh: Int32Array;
  declare sentDouble: Float64Array;
  declare timeLow: Int32Array;
  declare timeHigh: Int32Array;
  declare startLow: Int32Array;
  declare startHigh: Int32Array;
  /** 1 when something that was refused has to go out with the next point, as counted since `owedLow`, `owedHigh`. */
  declare owed: Uint8Array;
  declare owedLow: Int32Array;
  declare owedHigh: Int32Array;
  /** When a point last arrived, in milliseconds. */
  declare seen: Float64Array;
  /** Tells whether a slot was given to another series meanwhile. */
  declare generation: Int32Array;
  /** {@link FREE}, {@link KNOWN} or {@link OPEN}. */
  declare state: Uint8Array;
  declare batch: Int32Array;
  declare readonly histograms: (Histogram | undefined)[];
  declare readonly exponentials: (Exponential | undefined)[];
  /** Increments of distributions that were refused. */
  declare readonly owedHistograms: (Histogram | undefined)[];
  declare readonly owedExponentials: (Exponential | undefined)[];

  constructor() {
    this.histograms = [];
    this.exponentials = [];
    this.owedHistograms = [];
    this.owedExponentials = [];
    const n = 64;
    this.lastKind = new Uint8Array(n);
    this.lastLow = new Int32Array(n);
    this.lastHigh = new Int32Array(n);
    this.lastDouble = new Float64Array(n);
    this.sentKind = new Uint8Array(n);
    this.sentLow = new Int32Array(n);
    this.sentHigh = new Int32Array(n);
    this.sentDouble = new Float64Array(n);
    this.timeLow = new Int32Array(n);
    this.timeHigh = new Int32Array(n);
    this.startLow = new Int32Array(n);
    this.startHigh = new Int32Array(n);
    this.owed = new Uint8Array(n);
    this.owedLow = new Int32Array(n);
    this.owedHigh = new Int32Array(n);
    this.seen = new Float64Array(n);
    this.generation = new Int32Array(n);
    this.state = new Uint8Array(n);
    this.batch = new Int32Array(n);
  }

  /** How many slots there is room for. */
  get capacity(): number {
    return this.state.length;
  }

  /** A new series has got `slot`. */
  enter(slot: number, now: number): void {
    if (slot >= this.capacity) this.grow(slot);
    this.state[slot] = KNOWN;
    this.seen[slot] = now;
  }

  private grow(slot: number): void {
    const n = Math.max(slot + 1, this.capacity * 2);
    this.lastKind = grow(this.lastKind, new Uint8Array(n));
    this.lastLow = grow(this.lastLow, new Int32Array(n));
    this.lastHigh = grow(this.lastHigh, new Int32Array(n));
    this.lastDouble = grow(this.lastDouble, new Float64Array(n));
    this.sentKind = grow(this.sentKind, new Uint8Array(n));
    this.sentLow = grow(this.sentLow, new Int32Array(n));
    this.sentHigh = grow(this.sentHigh, new Int32Array(n));
    this.sentDouble = grow(this.sentDouble, new Float64Array(n));
    this.timeLow = grow(this.timeLow, new Int32Array(n));
    this.timeHigh = grow(this.timeHigh, new Int32Array(n));
    this.startLow = grow(this.startLow, new Int32Array(n));
    this.startHigh = grow(this.startHigh, new Int32Array(n));
    this.owed = grow(this.owed, new Uint8Array(n));
    this.owedLow = grow(this.owedLow, new Int32Array(n));
    this.owedHigh = grow(this.owedHigh, new Int32Array(n));
    this.seen = grow(this.seen, new Float64Array(n));
    this.generation = grow(this.generation, new Int32Array(n));
    this.state = grow(this.state, new Uint8Array(n));
    this.batch = grow(this.batch, new Int32Array(n));
  }

  /** Takes an increment back that was passed on in vain. */
  giveBack(slot: number, ofKind: number, lowWord: number, highWord: number): void {
    subtract(this.sentKind[slot]!, this.sentLow[slot]!, this.sentHigh[slot]!, ofKind, lowWord, highWord);
    this.setSent(slot);
  }

  /** Notes an increment that is on its way. */
  send(slot: number, ofKind: number, lowWord: number, highWord: number): void {
    if (ofKind === DOUBLE && this.sentKind[slot] === DOUBLE)
      ofDouble(this.sentDouble[slot]! + toNumber(DOUBLE, lowWord, highWord));
    else add(this.sentKind[slot]!, this.sentLow[slot]!, this.sentHigh[slot]!, ofKind, lowWord, highWord);
    this.setSent(slot);
  }

  /** The value that `words` last made becomes what was sent. */
  setSent(slot: number): void {
    this.sentKind[slot] = kind;
    this.sentLow[slot] = low;
    this.sentHigh[slot] = high;
    if (kind === DOUBLE) this.sentDouble[slot] = double;
  }

  /** The value of a point becomes the last. */
  setLast(slot: number, of: PointFields): void {
    this.lastKind[slot] = of.kind;
    this.lastLow[slot] = of.low;
    this.lastHigh[slot] = of.high;
    this.lastDouble[slot] = of.double;
  }

  /** Nothing of the value that came in last will be sent. */
  skipLast(slot: number): void {
    this.sentKind[slot] = this.lastKind[slot]!;
    this.sentLow[slot] = this.lastLow[slot]!;
    this.sentHigh[slot] = this.lastHigh[slot]!;
    this.sentDouble[slot] = this.lastDouble[slot]!;
  }

  /** Nothing was sent yet. */
  clearSent(slot: number): void {
    this.sentKind[slot] = INT;
    this.sentLow[slot] = 0;
    this.sentHigh[slot] = 0;
  }

  setTime(slot: number, lowWord: number, highWord: number): void {
    this.timeLow[slot] = lowWord;
    this.timeHigh[slot] = highWord;
  }

  /** Something counted since then has to go out again. */
  owe(slot: number, sinceLow: number, sinceHigh: number): void {
    if (this.owed[slot] === 1 && compareTimes(this.owedLow[slot]!, this.owedHigh[slot]!, sinceLow, sinceHigh) <= 0)
      return;
    this.owed[slot] = 1;
    this.owedLow[slot] = sinceLow;
    this.owedHigh[slot] = sinceHigh;
  }

  /** Empties a slot for its next series. */
  forget(slot: number): void {
    this.state[slot] = FREE;
    this.owed[slot] = 0;
    this.generation[slot]!++;
    this.histograms[slot] = undefined;
    this.exponentials[slot] = undefined;
    this.owedHistograms[slot] = undefined;
    this.owedExponentials[slot] = undefined;
  }
}

function grow<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
