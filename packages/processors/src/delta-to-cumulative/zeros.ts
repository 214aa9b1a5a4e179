import {
  type DataPoint,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  INT,
  type MetricsBatch,
  OVERFLOW_ATTRIBUTE,
  type PointFields,
} from '@otelier/otlp';
import { readExponential, readHistogram, writeExponential, writeHistogram } from '../distribution/distribution.js';
import { joined } from '../distribution/remainders.js';

/** Makes the point one that counted nothing. */
export function empty(point: DataPoint, f: PointFields): void {
  if (f.exemplars > 0) for (const exemplar of point.exemplars) exemplar.remove();
  if (point.type === 'sum') {
    f.setValue(point, f.kind === 0 ? INT : f.kind, 0, 0);
    return;
  }
  const zero = { count: 0n, min: undefined, max: undefined };
  if (point.type === 'histogram') {
    const of = point as HistogramDataPoint;
    const { sum, bounds, buckets } = readHistogram(of);
    const none = sum === undefined ? undefined : 0;
    writeHistogram(of, { ...zero, sum: none, bounds, buckets: buckets.map(() => 0n) });
    return;
  }
  const of = point as ExponentialHistogramDataPoint;
  const run = { offset: 0, counts: [] };
  const { sum, scale, zeroThreshold } = readExponential(of);
  const none = sum === undefined ? undefined : 0;
  writeExponential(of, { ...zero, sum: none, zeroCount: 0n, scale, zeroThreshold, positive: run, negative: run });
}

/** Makes the point one of the series that stands for all that there is no room for. */
export function overflow(point: DataPoint): void {
  for (const [name] of [...point.attributes]) point.attributes.delete(name);
  point.attributes.set(OVERFLOW_ATTRIBUTE, true);
}

/** A batch of those points alone that are marked, in order. */
export function marked(batch: MetricsBatch, marks: readonly boolean[]): MetricsBatch {
  const some = batch.fork();
  let i = 0;
  some.filter(() => marks[i++] === true);
  return some.prune().own();
}

/** Zeros, if any, and then the batch. */
export function following(zeros: MetricsBatch | undefined, batch: MetricsBatch): MetricsBatch {
  return zeros === undefined ? batch : joined(zeros, batch);
}
