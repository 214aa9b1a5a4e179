import {
  attributesForExemplars,
  copyExemplars,
  type DataPoint,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  INT,
  type KeySet,
  NONE,
  PointFields,
  type StreamTable,
} from '@otelier/otlp';
import { plus, rest, sum } from '../distribution/compensated.js';
import { readExponential, readHistogram, writeExponential, writeHistogram } from '../distribution/distribution.js';
import { addExponentials, type Exponential } from '../distribution/exponential.js';
import { addHistograms, type Histogram } from '../distribution/histogram.js';
import { add, compareTimes, high, kind, low, ofDouble, toNumber } from '../distribution/words.js';
import { cleanExemplars } from './exemplars.js';
import { Gauges } from './gauges.js';
import type { RemovalSettings } from './options.js';

const NO_RECORDED_VALUE = 1;
// Beyond as many, the room for slots is given back.
const MOST_SLOTS = 1 << 16;

/** A series and its first point in the batch. */
class Series {
  /** The batch in which it last had a point. */
  declare batch: number;
  declare first: DataPoint | undefined;
  declare touched: boolean;
  /** What the first point says by now, once {@link read}. */
  declare fields: PointFields;
  /** What rounding kept back of a sum of doubles. */
  declare rest: number;
  /** What had been kept back of the points themselves. */
  declare given: number;
  /** Of the first point, among those that stay. */
  declare position: number;
  declare private unread: boolean;
  declare private attributesStart: number;
  declare private attributesEnd: number;

  constructor() {
    this.batch = 0;
    this.first = undefined;
    this.touched = false;
    this.fields = new PointFields();
    this.rest = 0;
    this.given = 0;
    this.position = 0;
    this.unread = false;
    this.attributesStart = 0;
    this.attributesEnd = 0;
  }

  begin(batch: number, first: DataPoint, touched: boolean, table: StreamTable): void {
    this.batch = batch;
    this.first = first;
    this.touched = touched;
    this.unread = true;
    this.rest = 0;
    this.given = 0;
    this.attributesStart = table.attributesStart;
    this.attributesEnd = table.attributesEnd;
  }

  /** Most points stay alone and are never read. */
  read(): PointFields {
    if (this.unread) {
      this.unread = false;
      this.fields.read(this.first!, this.attributesStart, this.attributesEnd);
    }
    return this.fields;
  }
}

/** Merges the points of a batch that are one series: the first of each series grows, the others are removed. */
export class Merger {
  /** Points that went into another. */
  declare merged: number;
  /** What rounding had kept back of the point at hand. */
  declare remainder: number;
  /** Whether a series of the batch is no longer where its first point was. */
  declare private moved: boolean;
  /** Whether rounding has kept anything back of what was added up. */
  declare hasRests: boolean;
  declare private readonly keys: KeySet;
  declare private readonly maxExemplars: number;
  declare private readonly keepsInExemplars: boolean;
  declare private readonly gauge: RemovalSettings['gauge'];
  declare private readonly gauges: Gauges;
  declare private batch: number;
  declare private readonly series: Series[];
  // The slots of the batch; the array keeps its room.
  declare private readonly used: number[];
  declare private usedCount: number;
  declare private right: PointFields;
  declare private readonly histograms: Map<number, Histogram>;
  declare private readonly exponentials: Map<number, Exponential>;
  declare private readonly exemplars: Map<number, number>;

  constructor(keys: KeySet, { maxExemplars, exemplarAttributes, gauge }: RemovalSettings) {
    this.merged = 0;
    this.remainder = 0;
    this.moved = false;
    this.hasRests = false;
    this.keys = keys;
    this.maxExemplars = maxExemplars;
    this.keepsInExemplars = exemplarAttributes === 'keep';
    this.gauge = gauge;
    this.gauges = new Gauges(gauge);
    this.batch = 0;
    this.series = [];
    this.used = [];
    this.usedCount = 0;
    this.right = new PointFields();
    this.histograms = new Map();
    this.exponentials = new Map();
    this.exemplars = new Map();
  }

  /** Starts a batch. */
  begin(): void {
    // The batch before may have ended in an error.
    this.end();
    this.batch++;
    this.remainder = 0;
    this.moved = false;
    this.hasRests = false;
  }

  /** True when the batch has not had a point of this series. */
  isFirst(slot: number): boolean {
    return slot >= this.series.length || this.series[slot]!.batch !== this.batch;
  }

  /** The first point of a series; `position` is its place among the points that stay. */
  first(slot: number, point: DataPoint, touched: boolean, table: StreamTable, position: number): void {
    // Slots are small numbers given out one after the other, so that there are no holes.
    while (this.series.length <= slot) this.series.push(new Series());
    this.used[this.usedCount++] = slot;
    const series = this.series[slot]!;
    series.begin(this.batch, point, touched, table);
    series.given = this.remainder;
    series.position = position;
    if (table.mayHaveExemplars) this.cleanExemplars(point);
    if (touched) table.deleteLeftOut(point);
  }

  /** Writes what rounding keeps back of each series to the position of its point; false when those have changed. */
  putRemainders(to: Float64Array): boolean {
    if (this.moved) return false;
    for (let i = 0; i < this.usedCount; i++) {
      const { position, rest, given } = this.series[this.used[i]!]!;
      to[position] = rest + given;
    }
    return true;
  }

  /** A further point of a series; whether it stays. */
  next(slot: number, point: DataPoint, touched: boolean, table: StreamTable): boolean {
    const right = this.right.read(point, table.attributesStart, table.attributesEnd);
    // Two points that are one series although nothing was dropped are the sender's business.
    const series = this.series[slot]!;
    if (!touched && !series.touched) {
      if (right.exemplars > 0) this.cleanExemplars(point);
      return true;
    }
    const first = series.first!;
    const left = series.read();
    // Of a series that lost nothing: others that lost something were turned away before.
    if ((right.flags & NO_RECORDED_VALUE) !== 0) this.away(point);
    else if ((left.flags & NO_RECORDED_VALUE) !== 0) this.replace(slot, point, first);
    else if (point.type !== 'gauge') {
      this.addUp(slot, first, point);
      this.away(point);
    } else if (this.gauge !== 'last') {
      if (!this.gauges.has(slot)) this.gauges.take(slot, first, left);
      this.gauges.take(slot, point, right);
      if (right.exemplars > 0) this.takeExemplars(slot, first, point);
      this.away(point);
    } else if (compareTimes(right.timeLow, right.timeHigh, left.timeLow, left.timeHigh) >= 0)
      this.replace(slot, point, first);
    else this.away(point);
    series.touched = true;
    return false;
  }

  /** Forgets the batch: views hold on to its bytes. */
  end(): void {
    this.merged = 0;
    for (let i = 0; i < this.usedCount; i++) this.series[this.used[i]!]!.first = undefined;
    this.usedCount = 0;
    if (this.series.length > MOST_SLOTS) this.series.length = 0;
    if (this.histograms.size > 0) this.histograms.clear();
    if (this.exponentials.size > 0) this.exponentials.clear();
    if (this.gauges.size > 0) this.gauges.clear();
    if (this.exemplars.size > 0) this.exemplars.clear();
  }

  /** Writes what was added up. */
  finish(): void {
    for (const [slot, h] of this.histograms) writeHistogram(this.series[slot]!.first as HistogramDataPoint, h);
    for (const [slot, e] of this.exponentials)
      writeExponential(this.series[slot]!.first as ExponentialHistogramDataPoint, e);
    if (this.gauges.size > 0) this.gauges.write((slot) => this.series[slot]!);
  }

  private addUp(slot: number, first: DataPoint, point: DataPoint): void {
    const series = this.series[slot]!;
    const left = series.fields;
    const { right } = this;
    if (compareTimes(right.startLow, right.startHigh, left.startLow, left.startHigh) < 0)
      left.setStart(first, right.startLow, right.startHigh);
    if (compareTimes(right.timeLow, right.timeHigh, left.timeLow, left.timeHigh) > 0)
      left.setTime(first, right.timeLow, right.timeHigh);
    if (first.type === 'histogram') {
      const before = this.histograms.get(slot) ?? readHistogram(first as HistogramDataPoint);
      this.histograms.set(slot, addHistograms(before, readHistogram(point as HistogramDataPoint)));
    } else if (first.type === 'exponentialHistogram') {
      const before = this.exponentials.get(slot) ?? readExponential(first as ExponentialHistogramDataPoint);
      this.exponentials.set(slot, addExponentials(before, readExponential(point as ExponentialHistogramDataPoint)));
    } else if (left.kind === NONE) left.setValue(first, right.kind, right.low, right.high);
    else if (right.kind !== NONE) {
      if (left.kind === INT && right.kind === INT) add(INT, left.low, left.high, INT, right.low, right.high);
      else {
        // As a pair, so that the sum of many is rounded once.
        plus(toNumber(left.kind, left.low, left.high), series.rest, toNumber(right.kind, right.low, right.high));
        series.rest = rest;
        if (rest !== 0) this.hasRests = true;
        ofDouble(sum);
      }
      left.setValue(first, kind, low, high);
    }
    series.given += this.remainder;
    if (right.exemplars > 0) this.takeExemplars(slot, first, point);
  }

  private takeExemplars(slot: number, first: DataPoint, point: DataPoint): void {
    const has = this.exemplars.get(slot) ?? this.series[slot]!.fields.exemplars;
    const adding = this.keepsInExemplars ? attributesForExemplars(point, this.keys) : undefined;
    const without = this.keepsInExemplars ? adding?.names : this.keys;
    this.exemplars.set(slot, has + copyExemplars(point, first, this.maxExemplars - has, without, adding));
  }

  // Points that stay lose their attributes; of those that go nobody will read them.
  private cleanExemplars(point: DataPoint): void {
    cleanExemplars(point, this.keys, this.keepsInExemplars);
  }

  private away(point: DataPoint): void {
    point.remove();
    this.merged++;
  }

  private replace(slot: number, by: DataPoint, first: DataPoint): void {
    this.away(first);
    this.moved = true;
    const series = this.series[slot]!;
    series.first = by;
    const { right } = this;
    this.right = series.fields;
    series.fields = right;
    if (right.exemplars > 0) this.cleanExemplars(by);
    by.attributes.delete(this.keys);
  }
}
