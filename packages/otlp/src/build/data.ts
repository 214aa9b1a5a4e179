import type { Temporality } from '../metrics/metric.js';
import type { AnyValue } from '../wire/any-value.js';

// Plain data in OTLP/JSON's names with friendlier values. What is missing is not written; what is given is, zeros too.

/** Attributes as an object. */
export interface AttributesData {
  readonly [name: string]: AnyValue;
}

export interface ResourceData {
  readonly attributes?: AttributesData;
  readonly droppedAttributesCount?: number;
}

export interface ScopeData {
  readonly name?: string;
  readonly version?: string;
  readonly attributes?: AttributesData;
  readonly droppedAttributesCount?: number;
}

/** Log records of one resource and scope. */
export interface ResourceLogsData {
  readonly resource?: ResourceData;
  readonly scope?: ScopeData;
  readonly records: readonly LogRecordData[];
  /** Of the resource. */
  readonly schemaUrl?: string;
}

export interface LogRecordData {
  readonly timeUnixNano?: bigint;
  readonly observedTimeUnixNano?: bigint;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly eventName?: string;
  readonly body?: AnyValue;
  readonly attributes?: AttributesData;
  readonly droppedAttributesCount?: number;
  /** 32 hex digits. */
  readonly traceId?: string;
  /** 16 hex digits. */
  readonly spanId?: string;
  readonly flags?: number;
}

/** Metrics of one resource and scope. */
export interface ResourceMetricsData {
  readonly resource?: ResourceData;
  readonly scope?: ScopeData;
  readonly metrics: readonly MetricData[];
  /** Of the resource. */
  readonly schemaUrl?: string;
}

/** One metric, with at most one of the five kinds of data. */
export interface MetricData {
  readonly name: string;
  readonly description?: string;
  readonly unit?: string;
  readonly metadata?: AttributesData;
  readonly gauge?: { readonly points: readonly NumberPointData[] };
  readonly sum?: {
    readonly temporality?: Temporality;
    readonly monotonic?: boolean;
    readonly points: readonly NumberPointData[];
  };
  readonly histogram?: { readonly temporality?: Temporality; readonly points: readonly HistogramPointData[] };
  readonly exponentialHistogram?: {
    readonly temporality?: Temporality;
    readonly points: readonly ExponentialHistogramPointData[];
  };
  readonly summary?: { readonly points: readonly SummaryPointData[] };
}

/** What all data points have. */
export interface PointData {
  readonly attributes?: AttributesData;
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
  readonly flags?: number;
}

export interface NumberPointData extends PointData {
  /** A number is written as double, a bigint as integer. */
  readonly value?: number | bigint;
  readonly exemplars?: readonly ExemplarData[];
}

export interface ExemplarData {
  /** A number is written as double, a bigint as integer. */
  readonly value?: number | bigint;
  readonly timeUnixNano?: bigint;
  readonly filteredAttributes?: AttributesData;
  readonly traceId?: string;
  readonly spanId?: string;
}

export interface HistogramPointData extends PointData {
  readonly count: bigint | number;
  readonly sum?: number;
  readonly bucketCounts?: readonly (bigint | number)[];
  readonly explicitBounds?: readonly number[];
  readonly min?: number;
  readonly max?: number;
  readonly exemplars?: readonly ExemplarData[];
}

export interface BucketsData {
  readonly offset: number;
  readonly bucketCounts: readonly (bigint | number)[];
}

export interface ExponentialHistogramPointData extends PointData {
  readonly count: bigint | number;
  readonly sum?: number;
  readonly scale: number;
  readonly zeroCount?: bigint | number;
  readonly zeroThreshold?: number;
  readonly positive?: BucketsData;
  readonly negative?: BucketsData;
  readonly min?: number;
  readonly max?: number;
  readonly exemplars?: readonly ExemplarData[];
}

export interface SummaryPointData extends PointData {
  readonly count: bigint | number;
  readonly sum: number;
  readonly quantileValues: readonly { readonly quantile: number; readonly value: number }[];
}

/** Spans of one resource and scope. */
export interface ResourceSpansData {
  readonly resource?: ResourceData;
  readonly scope?: ScopeData;
  readonly spans: readonly SpanData[];
  /** Of the resource. */
  readonly schemaUrl?: string;
}

export interface SpanData {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind?: number;
  readonly flags?: number;
  readonly startTimeUnixNano?: bigint;
  readonly endTimeUnixNano?: bigint;
  readonly attributes?: AttributesData;
  readonly droppedAttributesCount?: number;
  readonly events?: readonly {
    readonly timeUnixNano?: bigint;
    readonly name?: string;
    readonly attributes?: AttributesData;
    readonly droppedAttributesCount?: number;
  }[];
  readonly droppedEventsCount?: number;
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly traceState?: string;
    readonly attributes?: AttributesData;
    readonly droppedAttributesCount?: number;
    readonly flags?: number;
  }[];
  readonly droppedLinksCount?: number;
  readonly status?: { readonly code?: number; readonly message?: string };
}
