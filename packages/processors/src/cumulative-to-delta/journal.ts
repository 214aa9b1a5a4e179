import { addExponentials, type Exponential } from '../distribution/exponential.js';
import { addHistograms, type Histogram } from '../distribution/histogram.js';
import type { Series } from './series.js';

const WIDTH = 7;

/** The increments of one batch on its way: if it is refused, they are owed again. */
export class Journal {
  declare private words: Int32Array;
  declare private used: number;
  declare private distributions: Distribution[];

  constructor() {
    this.words = new Int32Array(64 * WIDTH);
    this.used = 0;
    this.distributions = [];
  }

  /** An increment of a number series over the time since `since…`. */
  number(
    series: Series,
    slot: number,
    kind: number,
    low: number,
    high: number,
    sinceLow: number,
    sinceHigh: number,
  ): void {
    let u = this.used;
    if (u === this.words.length) {
      const grown = new Int32Array(u * 2);
      grown.set(this.words);
      this.words = grown;
    }
    const words = this.words;
    words[u++] = slot;
    words[u++] = series.generation[slot]!;
    words[u++] = kind;
    words[u++] = low;
    words[u++] = high;
    words[u++] = sinceLow;
    words[u++] = sinceHigh;
    this.used = u;
  }

  /** An increment of a histogram series. */
  histogram(series: Series, slot: number, histogram: Histogram, sinceLow: number, sinceHigh: number): void {
    this.distributions.push({
      slot,
      generation: series.generation[slot]!,
      histogram,
      exponential: undefined,
      sinceLow,
      sinceHigh,
    });
  }

  /** An increment of an exponential histogram series. */
  exponential(series: Series, slot: number, exponential: Exponential, sinceLow: number, sinceHigh: number): void {
    this.distributions.push({
      slot,
      generation: series.generation[slot]!,
      histogram: undefined,
      exponential,
      sinceLow,
      sinceHigh,
    });
  }

  /** The batch was refused: whatever its series send next carries these increments. */
  undo(series: Series): void {
    const words = this.words;
    for (let i = 0; i < this.used; i += WIDTH) {
      const slot = words[i]!;
      if (series.generation[slot] !== words[i + 1]) continue;
      series.giveBack(slot, words[i + 2]!, words[i + 3]!, words[i + 4]!);
      series.owe(slot, words[i + 5]!, words[i + 6]!);
    }
    for (const { slot, generation, histogram, exponential, sinceLow, sinceHigh } of this.distributions) {
      if (series.generation[slot] !== generation) continue;
      if (histogram !== undefined) {
        const owed = series.owedHistograms[slot];
        series.owedHistograms[slot] = owed === undefined ? histogram : addHistograms(owed, histogram);
      } else if (exponential !== undefined) {
        const owed = series.owedExponentials[slot];
        series.owedExponentials[slot] = owed === undefined ? exponential : addExponentials(owed, exponential);
      }
      series.owe(slot, sinceLow, sinceHigh);
    }
    this.clear();
  }

  clear(): void {
    this.used = 0;
    if (this.distributions.length > 0) this.distributions = [];
  }
}

interface Distribution {
  slot: number;
  generation: number;
  histogram: Histogram | undefined;
  exponential: Exponential | undefined;
  sinceLow: number;
  sinceHigh: number;
}
