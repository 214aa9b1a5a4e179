import type { Attributes } from '../attributes/attributes.js';
import { climb, type Message, type Resource, type Scope } from '../view/common.js';
import { numberKind, readInteger, readNumber, writeInteger, writeNumber } from '../view/number-field.js';
import { type MetricType, Shape } from '../view/shape.js';
import { install, View } from '../view/view.js';
import { Walk } from '../view/walk.js';
import {
  type Buckets,
  doubles,
  exponentialBuckets,
  fixed64s,
  quantiles,
  setDoubles,
  setExponentialBuckets,
  setFixed64s,
} from './buckets.js';
import type { Metric } from './metric.js';

/** What data points of all types have. */
export interface DataPoint extends Message {
  readonly attributes: Attributes;
  /** Nanoseconds since 1970, exact. */
  startTimeUnixNano: bigint;
  /** Nanoseconds since 1970, exact. */
  timeUnixNano: bigint;
  readonly startTimeMs: number;
  readonly timeMs: number;
  flags: number;
  /** The flag that marks a gap: the point carries no value. */
  readonly noRecordedValue: boolean;
  readonly type: MetricType;
  readonly metric: Metric;
  readonly resource: Resource;
  readonly scope: Scope;
  /** None on a summary. */
  readonly exemplars: Iterable<Exemplar>;
}

/** A data point of a gauge or sum. */
export interface NumberDataPoint extends DataPoint {
  /** Double or int, as number. Writing keeps an int an int while the value is a safe integer. */
  value: number;
  readonly isInt: boolean;
  readonly hasValue: boolean;
  /** Exact; of a double its whole part. Writing makes the point an int. */
  intValue: bigint;
}

/** A data point of a histogram with explicit bounds. */
export interface HistogramDataPoint extends DataPoint {
  count: bigint;
  sum: number | undefined;
  min: number | undefined;
  max: number | undefined;
  bucketCounts: readonly bigint[];
  explicitBounds: readonly number[];
}

/** A data point of an exponential histogram. */
export interface ExponentialHistogramDataPoint extends DataPoint {
  count: bigint;
  sum: number | undefined;
  min: number | undefined;
  max: number | undefined;
  scale: number;
  zeroCount: bigint;
  zeroThreshold: number;
  positive: Buckets | undefined;
  negative: Buckets | undefined;
}

/** A data point of a summary. */
export interface SummaryDataPoint extends DataPoint {
  readonly count: bigint;
  readonly sum: number;
  readonly quantileValues: readonly { quantile: number; value: number }[];
}

/** A sample measurement behind a data point. */
export interface Exemplar extends Message {
  readonly filteredAttributes: Attributes;
  readonly timeUnixNano: bigint;
  readonly value: number;
  readonly isInt: boolean;
  readonly intValue: bigint;
  readonly traceId: string;
  readonly spanId: string;
}

const TIMES = { startTimeUnixNano: 0x11, timeUnixNano: 0x19 } as const;
const NUMBER = { role: 'item', ...TIMES, attributes: 0x3a, flags: 0x40, exemplars: 0x2a, double: 0x21 } as const;

export const NUMBER_POINT: Shape = new Shape({ ...NUMBER, type: 'gauge' });
export const SUM_POINT: Shape = new Shape({ ...NUMBER, type: 'sum' });
export const HISTOGRAM_POINT: Shape = new Shape({
  role: 'item',
  ...TIMES,
  attributes: 0x4a,
  flags: 0x50,
  exemplars: 0x42,
  min: 0x59,
  max: 0x61,
  type: 'histogram',
});
export const EXPONENTIAL_POINT: Shape = new Shape({
  role: 'item',
  ...TIMES,
  attributes: 0x0a,
  flags: 0x50,
  exemplars: 0x5a,
  min: 0x61,
  max: 0x69,
  type: 'exponentialHistogram',
});
export const SUMMARY_POINT: Shape = new Shape({
  role: 'item',
  ...TIMES,
  attributes: 0x3a,
  flags: 0x40,
  type: 'summary',
});
const EXEMPLAR: Shape = new Shape({
  role: 'part',
  attributes: 0x3a,
  timeUnixNano: 0x11,
  double: 0x19,
  traceId: 0x2a,
  spanId: 0x22,
});

const INT = 0x31;
const COUNT = 0x21;
const SUM = 0x29;
const SCALE = 0x30;
const ZERO_COUNT = 0x39;
const ZERO_THRESHOLD = 0x71;
const NO_EXEMPLARS: Iterable<View> = [];

abstract class PointFace extends View {
  get noRecordedValue(): boolean {
    return (this.uint(this.shape.flags) & 1) === 1;
  }

  get metric(): Metric {
    return climb(this, 'metric') as unknown as Metric;
  }

  get exemplars(): Iterable<View> {
    const tag = this.shape.exemplars;
    return tag === 0 ? NO_EXEMPLARS : new Walk(this, tag, EXEMPLAR);
  }

  get filteredAttributes(): Attributes {
    return (this as unknown as { attributes: Attributes }).attributes;
  }

  get value(): number {
    return readNumber(this, this.shape.double, INT);
  }
  set value(value: number) {
    writeNumber(this, this.shape.double, INT, value);
  }

  get isInt(): boolean {
    return numberKind(this, this.shape.double, INT) === 'int';
  }

  get hasValue(): boolean {
    return numberKind(this, this.shape.double, INT) !== undefined;
  }

  get intValue(): bigint {
    return readInteger(this, this.shape.double, INT);
  }
  set intValue(value: bigint) {
    writeInteger(this, this.shape.double, INT, value);
  }

  get count(): bigint {
    return this.fixed64(COUNT);
  }
  set count(value: bigint) {
    this.setFixed64(COUNT, value);
  }

  get sum(): number | undefined {
    return this.float64(SUM) ?? (this.shape.type === 'summary' ? 0 : undefined);
  }
  set sum(value: number | undefined) {
    this.setOptional(SUM, value);
  }

  get min(): number | undefined {
    return this.float64(this.shape.min);
  }
  set min(value: number | undefined) {
    this.setOptional(this.shape.min, value);
  }

  get max(): number | undefined {
    return this.float64(this.shape.max);
  }
  set max(value: number | undefined) {
    this.setOptional(this.shape.max, value);
  }

  get bucketCounts(): readonly bigint[] {
    return fixed64s(this, 0x31, 0x32);
  }
  set bucketCounts(values: readonly bigint[]) {
    setFixed64s(this, 0x31, 0x32, values);
  }

  get explicitBounds(): readonly number[] {
    return doubles(this, 0x39, 0x3a);
  }
  set explicitBounds(values: readonly number[]) {
    setDoubles(this, 0x39, 0x3a, values);
  }

  get scale(): number {
    return this.sint(SCALE);
  }
  set scale(value: number) {
    this.setSint(SCALE, value);
  }

  get zeroCount(): bigint {
    return this.fixed64(ZERO_COUNT);
  }
  set zeroCount(value: bigint) {
    this.setFixed64(ZERO_COUNT, value);
  }

  get zeroThreshold(): number {
    return this.float64(ZERO_THRESHOLD) ?? 0;
  }
  set zeroThreshold(value: number) {
    this.setFloat64(ZERO_THRESHOLD, value);
  }

  get positive(): Buckets | undefined {
    return exponentialBuckets(this, 0x42);
  }
  set positive(value: Buckets | undefined) {
    setExponentialBuckets(this, 0x42, value);
  }

  get negative(): Buckets | undefined {
    return exponentialBuckets(this, 0x4a);
  }
  set negative(value: Buckets | undefined) {
    setExponentialBuckets(this, 0x4a, value);
  }

  get quantileValues(): readonly { quantile: number; value: number }[] {
    return quantiles(this, 0x32);
  }
}

install(PointFace);
