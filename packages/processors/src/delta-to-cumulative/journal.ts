import {
  addExponentials,
  atLeastExponential,
  type Exponential,
  negateExponential,
} from '../distribution/exponential.js';
import { addHistograms, atLeastHistogram, type Histogram, negateHistogram } from '../distribution/histogram.js';
import { compare, high, kind, low, subtract } from '../distribution/words.js';
import type { Distribution, Series } from './series.js';

const WIDTH = 8;

/** What one batch on its way added and showed, so that its outcome can be booked. */
export class Journal {
  declare private words: Int32Array;
  declare private used: number;
  declare private histograms: Entry<Histogram>[];
  declare private exponentials: Entry<Exponential>[];
  /** Slots of the zeros in the batch, each with its generation. */
  declare private seeds: number[];

  constructor() {
    this.words = new Int32Array(64 * WIDTH);
    this.used = 0;
    this.histograms = [];
    this.exponentials = [];
    this.seeds = [];
  }

  seed(series: Series, slot: number): void {
    this.seeds.push(slot, series.generation[slot]!);
  }

  /** A number series: the increment, then what was shown. */
  number(
    series: Series,
    slot: number,
    addKind: number,
    addLow: number,
    addHigh: number,
    kindShown: number,
    lowShown: number,
    highShown: number,
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
    words[u++] = addKind;
    words[u++] = addLow;
    words[u++] = addHigh;
    words[u++] = kindShown;
    words[u++] = lowShown;
    words[u++] = highShown;
    this.used = u;
    series.flying[slot]!++;
  }

  histogram(series: Series, slot: number, increment: Histogram, shown: Histogram): void {
    this.histograms.push({ slot, generation: series.generation[slot]!, increment, shown });
    series.flying[slot]!++;
  }

  exponential(series: Series, slot: number, increment: Exponential, shown: Exponential): void {
    this.exponentials.push({ slot, generation: series.generation[slot]!, increment, shown });
    series.flying[slot]!++;
  }

  /** The batch arrived. */
  delivered(series: Series): void {
    const { words } = this;
    for (let i = 0; i < this.used; i += WIDTH) {
      const slot = words[i]!;
      if (series.generation[slot] !== words[i + 1]) continue;
      const { delivered } = series;
      if (
        compare(
          words[i + 5]!,
          words[i + 6]!,
          words[i + 7]!,
          delivered.kind[slot]!,
          delivered.low[slot]!,
          delivered.high[slot]!,
        ) > 0
      )
        delivered.set(slot, words[i + 5]!, words[i + 6]!, words[i + 7]!);
      series.flying[slot]!--;
    }
    for (const { slot, generation, shown } of this.histograms) {
      if (series.generation[slot] !== generation) continue;
      const of = series.histograms[slot]!;
      of.delivered = of.delivered === undefined ? shown : atLeastHistogram(shown, of.delivered);
      series.flying[slot]!--;
    }
    for (const { slot, generation, shown } of this.exponentials) {
      if (series.generation[slot] !== generation) continue;
      const of = series.exponentials[slot]!;
      of.delivered = of.delivered === undefined ? shown : atLeastExponential(shown, of.delivered);
      series.flying[slot]!--;
    }
    this.clear();
  }

  /**
   * The batch was refused: its increments are taken out again. If the sender will come back with them (`comesBack`), the series keeps
   * what it may have shown, for they will be added again; else it returns to what was certainly seen, once nothing is on its way.
   */
  refused(series: Series, comesBack: boolean): void {
    const { words } = this;
    for (let i = 0; i < this.used; i += WIDTH) {
      const slot = words[i]!;
      if (series.generation[slot] !== words[i + 1]) continue;
      const { total } = series;
      subtract(total.kind[slot]!, total.low[slot]!, total.high[slot]!, words[i + 2]!, words[i + 3]!, words[i + 4]!);
      total.set(slot, kind, low, high);
      if (--series.flying[slot]! === 0 && !comesBack) series.shown.copy(slot, series.delivered);
    }
    for (const { slot, generation, increment } of this.histograms) {
      if (series.generation[slot] !== generation) continue;
      const of = series.histograms[slot]!;
      const { min, max } = of.total;
      of.total = addHistograms(of.total, { ...negateHistogram(increment), min, max });
      land(series, slot, of, comesBack);
    }
    for (const { slot, generation, increment } of this.exponentials) {
      if (series.generation[slot] !== generation) continue;
      const of = series.exponentials[slot]!;
      const { min, max } = of.total;
      of.total = addExponentials(of.total, { ...negateExponential(increment), min, max });
      land(series, slot, of, comesBack);
    }
    for (let i = 0; i < this.seeds.length; i += 2)
      if (series.generation[this.seeds[i]!] === this.seeds[i + 1]) series.seeded[this.seeds[i]!] = 0;
    this.clear();
  }

  private clear(): void {
    this.used = 0;
    if (this.histograms.length > 0) this.histograms = [];
    if (this.exponentials.length > 0) this.exponentials = [];
    this.seeds.length = 0;
  }
}

interface Entry<T> {
  readonly slot: number;
  readonly generation: number;
  readonly increment: T;
  readonly shown: T;
}

function land<T>(series: Series, slot: number, of: Distribution<T>, comesBack: boolean): void {
  if (--series.flying[slot]! === 0 && !comesBack) of.shown = of.delivered;
}
