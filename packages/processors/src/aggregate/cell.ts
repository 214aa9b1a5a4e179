import {
  type DataPoint,
  DOUBLE,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  INT,
  NONE,
  type PointFields,
  type PointHead,
  pointBytes,
} from '@otelier/otlp';
import { plus, rest, sum } from '../distribution/compensated.js';
import { readExponential, readHistogram, writeExponential, writeHistogram } from '../distribution/distribution.js';
import { addExponentials, type Exponential } from '../distribution/exponential.js';
import { addHistograms, type Histogram } from '../distribution/histogram.js';
import { add, compare, compareTimes, high, kind, low, ofDouble, toNumber } from '../distribution/words.js';

/** How the points of a series become one. */
export type Way = 'add' | 'last' | 'min' | 'max' | 'mean';

/** What a cell holds; replaced, not changed, where it is an object, so that a shallow copy is a copy. */
export interface CellValue {
  /** The first point, or the last where that is what stays. */
  point: Buffer;
  kind: number;
  low: number;
  high: number;
  /** What rounding kept back of a double, of increments and running totals. */
  rest: number;
  startLow: number;
  startHigh: number;
  timeLow: number;
  timeHigh: number;
  histogram: Histogram | undefined;
  exponential: Exponential | undefined;
  /** Points in it. */
  count: number;
}

/** One series in one interval. */
export class Cell {
  declare readonly slot: number;
  /** Which of the tables the slot is of. */
  declare readonly cumulative: boolean;
  declare readonly interval: number;
  declare readonly way: Way;
  declare readonly head: PointHead;
  /** When its first point arrived, in milliseconds. */
  declare readonly arrived: number;
  /** Its interval had been closed before: it waits for its time, whatever comes. */
  declare readonly late: boolean;
  declare value: CellValue;
  /** Under which it is kept; 0 until it has been. */
  declare key: number;
  /** The point with which it was last kept as a whole; as long as it is the same, what else changes is kept by itself. */
  declare keptPoint: Buffer | undefined;
  /** Whether there may be such a row. */
  declare hasRow: boolean;
  /** The transaction that touched it last. */
  declare touched: number;
  /** The transaction that began it; 0 when it was restored. */
  declare begun: number;
  /** Its metric's number among the totals, of increments. */
  declare name: number;
  /** It has gone out. */
  declare gone: boolean;

  constructor(
    slot: number,
    cumulative: boolean,
    interval: number,
    way: Way,
    head: PointHead,
    arrived: number,
    late: boolean,
  ) {
    this.slot = slot;
    this.cumulative = cumulative;
    this.interval = interval;
    this.way = way;
    this.head = head;
    this.arrived = arrived;
    this.late = late;
    this.value = undefined as unknown as CellValue;
    this.key = 0;
    this.touched = 0;
    this.keptPoint = undefined;
    this.hasRow = false;
    this.begun = 0;
    this.name = -1;
    this.gone = false;
  }

  /** Where it is in its interval: no other cell of both tables is there. */
  get place(): number {
    return this.slot * 2 + (this.cumulative ? 1 : 0);
  }

  /** Starts with a point, whose bytes `f` has read. */
  begin(point: DataPoint, f: PointFields): void {
    this.value = {
      point: pointBytes(point),
      kind: f.kind,
      low: f.low,
      high: f.high,
      rest: 0,
      startLow: f.startLow,
      startHigh: f.startHigh,
      timeLow: f.timeLow,
      timeHigh: f.timeHigh,
      histogram: point.type === 'histogram' ? readHistogram(point as HistogramDataPoint) : undefined,
      exponential:
        point.type === 'exponentialHistogram' ? readExponential(point as ExponentialHistogramDataPoint) : undefined,
      count: 1,
    };
  }

  /** Takes in a further point, of which rounding kept `remainder` back. */
  take(point: DataPoint, f: PointFields, remainder: number): void {
    const { value: v, way } = this;
    const count = v.count + 1;
    const later = compareTimes(f.timeLow, f.timeHigh, v.timeLow, v.timeHigh) >= 0;
    if (way === 'last') {
      if (later) {
        this.begin(point, f);
        this.value.rest = remainder;
      }
      this.value.count = count;
      return;
    }
    v.count = count;
    if (later) {
      v.timeLow = f.timeLow;
      v.timeHigh = f.timeHigh;
    }
    if (compareTimes(f.startLow, f.startHigh, v.startLow, v.startHigh) < 0) {
      v.startLow = f.startLow;
      v.startHigh = f.startHigh;
    }
    if (v.histogram !== undefined) v.histogram = addHistograms(v.histogram, readHistogram(point as HistogramDataPoint));
    else if (v.exponential !== undefined)
      v.exponential = addExponentials(v.exponential, readExponential(point as ExponentialHistogramDataPoint));
    else this.number(f, remainder);
  }

  /** Whether the point's count began anew although its start time says that it did not. */
  fallsTo(point: DataPoint, f: PointFields): boolean {
    const { value: v } = this;
    if (compareTimes(f.timeLow, f.timeHigh, v.timeLow, v.timeHigh) < 0) return false;
    if (point.type === 'sum')
      return (
        f.kind !== NONE &&
        v.kind !== NONE &&
        point.metric.monotonic &&
        compare(f.kind, f.low, f.high, v.kind, v.low, v.high) < 0
      );
    const before = v.histogram ?? v.exponential;
    return before !== undefined && (point as HistogramDataPoint).count < before.count;
  }

  /** Makes a point, which has the bytes of `value.point` and which `f` has read, say what came together. */
  write(point: DataPoint, f: PointFields): void {
    const { value: v, way } = this;
    if (v.count === 1 || way === 'last') return;
    if (compareTimes(v.startLow, v.startHigh, f.startLow, f.startHigh) !== 0)
      f.setStart(point, v.startLow, v.startHigh);
    if (compareTimes(v.timeLow, v.timeHigh, f.timeLow, f.timeHigh) !== 0) f.setTime(point, v.timeLow, v.timeHigh);
    if (v.histogram !== undefined) writeHistogram(point as HistogramDataPoint, v.histogram);
    else if (v.exponential !== undefined) writeExponential(point as ExponentialHistogramDataPoint, v.exponential);
    else if (v.kind !== NONE && way === 'mean') {
      ofDouble(toNumber(v.kind, v.low, v.high) / v.count);
      f.setValue(point, DOUBLE, low, high);
    } else if (v.kind !== NONE) f.setValue(point, v.kind, v.low, v.high);
  }

  private number(f: PointFields, remainder: number): void {
    const { value: v, way } = this;
    if (f.kind === NONE) return;
    if (v.kind === NONE) {
      v.kind = f.kind;
      v.low = f.low;
      v.high = f.high;
    } else if (way === 'add' || way === 'mean') {
      if (v.kind === INT && f.kind === INT) add(INT, v.low, v.high, INT, f.low, f.high);
      else {
        // As a pair, so that the sum of many is rounded once.
        plus(toNumber(v.kind, v.low, v.high), v.rest, toNumber(f.kind, f.low, f.high));
        if (remainder !== 0) plus(sum, rest, remainder);
        v.rest = rest;
        ofDouble(sum);
      }
      v.kind = kind;
      v.low = low;
      v.high = high;
    } else if (compare(f.kind, f.low, f.high, v.kind, v.low, v.high) < 0 === (way === 'min')) {
      v.kind = f.kind;
      v.low = f.low;
      v.high = f.high;
    }
  }
}
