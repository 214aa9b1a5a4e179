import type { DataPoint, ExponentialHistogramDataPoint, HistogramDataPoint } from '@otelier/otlp';
import { readExponential, readHistogram, writeExponential, writeHistogram } from '../distribution/distribution.js';
import { addExponentials, type Exponential, subtractExponentials } from '../distribution/exponential.js';
import { addHistograms, type Histogram, subtractHistograms } from '../distribution/histogram.js';
import type { Journal } from './journal.js';
import type { Series } from './series.js';

/** What both kinds of distribution have. */
export interface Counted {
  readonly count: bigint;
  readonly sum: number | undefined;
}

/** How one kind of distribution is read, written, added, and where its series are. */
export interface Arithmetic<T extends Counted> {
  last(series: Series): (T | undefined)[];
  owed(series: Series): (T | undefined)[];
  read(point: DataPoint): T;
  write(point: DataPoint, value: T): void;
  add(a: T, b: T): T;
  subtract(now: T, before: T): T | undefined;
  note(journal: Journal, series: Series, slot: number, increment: T, sinceLow: number, sinceHigh: number): void;
}

// The metric's type says what its points are.
export const histograms: Arithmetic<Histogram> = {
  last: (series) => series.histograms,
  owed: (series) => series.owedHistograms,
  read: (point) => readHistogram(point as HistogramDataPoint),
  write: (point, value) => writeHistogram(point as HistogramDataPoint, value),
  add: addHistograms,
  subtract: subtractHistograms,
  note: (journal, series, slot, increment, low, high) => journal.histogram(series, slot, increment, low, high),
};

export const exponentials: Arithmetic<Exponential> = {
  last: (series) => series.exponentials,
  owed: (series) => series.owedExponentials,
  read: (point) => readExponential(point as ExponentialHistogramDataPoint),
  write: (point, value) => writeExponential(point as ExponentialHistogramDataPoint, value),
  add: addExponentials,
  subtract: subtractExponentials,
  note: (journal, series, slot, increment, low, high) => journal.exponential(series, slot, increment, low, high),
};
