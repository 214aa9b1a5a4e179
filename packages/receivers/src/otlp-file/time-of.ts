import type { AnyBatch } from '@otelier/core';
import { LogsBatch, MetricsBatch } from '@otelier/otlp';

/** When a batch's first item happened, in milliseconds since 1970; undefined when it does not say. */
export function timeOf(batch: AnyBatch): number | undefined {
  const time = firstTime(batch);
  return time === 0 ? undefined : time;
}

function firstTime(batch: AnyBatch): number | undefined {
  if (batch instanceof LogsBatch) {
    for (const record of batch.records()) return record.timeMs === 0 ? record.observedTimeMs : record.timeMs;
  } else if (batch instanceof MetricsBatch) {
    for (const point of batch.points()) return point.timeMs;
  } else {
    for (const span of batch.spans()) return span.endTimeMs;
  }
  return undefined;
}
