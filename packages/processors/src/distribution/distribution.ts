import type { DataPoint, ExponentialHistogramDataPoint, HistogramDataPoint } from '@otelier/otlp';
import type { Exponential, Run } from './exponential.js';
import type { Histogram } from './histogram.js';
import type { AnyDistribution } from './stored.js';

/** What a histogram point says, apart from when and for whom. */
export function readHistogram(point: HistogramDataPoint): Histogram {
  return {
    count: point.count,
    sum: point.sum,
    min: point.min,
    max: point.max,
    bounds: point.explicitBounds,
    buckets: point.bucketCounts,
  };
}

/** Makes the point say `h`. */
export function writeHistogram(point: HistogramDataPoint, h: Histogram): void {
  point.count = h.count;
  point.sum = h.sum;
  point.min = h.min;
  point.max = h.max;
  point.explicitBounds = h.bounds;
  point.bucketCounts = h.buckets;
}

/** What an exponential histogram point says, apart from when and for whom. */
export function readExponential(point: ExponentialHistogramDataPoint): Exponential {
  return {
    count: point.count,
    sum: point.sum,
    min: point.min,
    max: point.max,
    scale: point.scale,
    zeroCount: point.zeroCount,
    zeroThreshold: point.zeroThreshold,
    positive: run(point.positive),
    negative: run(point.negative),
  };
}

/** Makes the point say `e`. */
export function writeExponential(point: ExponentialHistogramDataPoint, e: Exponential): void {
  point.count = e.count;
  point.sum = e.sum;
  point.min = e.min;
  point.max = e.max;
  point.scale = e.scale;
  point.zeroCount = e.zeroCount;
  if (e.zeroThreshold !== point.zeroThreshold) point.zeroThreshold = e.zeroThreshold;
  point.positive = half(e.positive);
  point.negative = half(e.negative);
}

// The metric's type says what its points are, and it is part of the identity: both sides are of one kind.
/** What a point of either kind says. */
export function readDistribution(point: DataPoint): AnyDistribution {
  return point.type === 'histogram'
    ? readHistogram(point as HistogramDataPoint)
    : readExponential(point as ExponentialHistogramDataPoint);
}

/** Makes a point of either kind say `value`, which must be of its kind. */
export function writeDistribution(point: DataPoint, value: AnyDistribution): void {
  if (point.type === 'histogram') writeHistogram(point as HistogramDataPoint, value as Histogram);
  else writeExponential(point as ExponentialHistogramDataPoint, value as Exponential);
}

function run(buckets: { readonly offset: number; readonly bucketCounts: readonly bigint[] } | undefined): Run {
  return buckets === undefined ? { offset: 0, counts: [] } : { offset: buckets.offset, counts: buckets.bucketCounts };
}

function half({ offset, counts }: Run): { offset: number; bucketCounts: readonly bigint[] } | undefined {
  return counts.length === 0 ? undefined : { offset, bucketCounts: counts };
}
