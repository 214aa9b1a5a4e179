import { compareTimes } from '../distribution/words.js';

/** Until when each series has been sent, by slot; times are pairs of words. */
export class SentTimes {
  declare private low: Int32Array;
  declare private high: Int32Array;
  /** When a point last arrived, in milliseconds; 0 where no series is. */
  declare seen: Float64Array;
  /** Slot and former time of what was sent since {@link accept}. */
  declare private readonly log: number[];

  constructor() {
    const n = 64;
    this.low = new Int32Array(n);
    this.high = new Int32Array(n);
    this.seen = new Float64Array(n);
    this.log = [];
  }

  /** A new series has got `slot`. */
  enter(slot: number): void {
    if (slot >= this.seen.length) this.grow(Math.max(slot + 1, this.seen.length * 2));
    this.low[slot] = 0;
    this.high[slot] = 0;
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
  accept(): void {
    this.log.length = 0;
  }

  /** Takes back what was sent since {@link accept}. */
  undo(): void {
    for (let i = this.log.length - 3; i >= 0; i -= 3) {
      const slot = this.log[i]!;
      this.low[slot] = this.log[i + 1]!;
      this.high[slot] = this.log[i + 2]!;
    }
    this.log.length = 0;
  }

  /** Offers every series that has been silent since `before`; those for which `forget` answers true are gone. */
  sweep(before: number, forget: (slot: number) => boolean): void {
    const { seen } = this;
    for (let slot = 0; slot < seen.length; slot++)
      if (seen[slot]! > 0 && seen[slot]! < before && forget(slot)) seen[slot] = 0;
  }

  private grow(n: number): void {
    const { low, high, seen } = this;
    this.low = new Int32Array(n);
    this.low.set(low);
    this.high = new Int32Array(n);
    this.high.set(high);
    this.seen = new Float64Array(n);
    this.seen.set(seen);
  }
}
