import type { AnyBatch } from '@otelier/core';
import { type Attributes, LogsBatch, MetricsBatch, type Resource } from '@otelier/otlp';

/** One resource of a batch of any signal, with what was sent under it. */
export interface ResourceGroup {
  readonly resource: Resource;
  /** Attributes of every log record, data point or span of the resource. */
  items(): Iterable<Attributes>;
  remove(): void;
}

/** The resources of a batch, in order, in one traversal. */
export function* resources(batch: AnyBatch): Generator<ResourceGroup, void, undefined> {
  if (batch instanceof LogsBatch) {
    for (const holder of batch.resourceLogs) {
      yield {
        resource: holder.resource,
        *items() {
          for (const scope of holder.scopeLogs) for (const record of scope.logRecords) yield record.attributes;
        },
        remove: () => holder.remove(),
      };
    }
  } else if (batch instanceof MetricsBatch) {
    for (const holder of batch.resourceMetrics) {
      yield {
        resource: holder.resource,
        *items() {
          for (const scope of holder.scopeMetrics)
            for (const metric of scope.metrics) for (const point of metric.dataPoints) yield point.attributes;
        },
        remove: () => holder.remove(),
      };
    }
  } else {
    for (const holder of batch.resourceSpans) {
      yield {
        resource: holder.resource,
        *items() {
          for (const scope of holder.scopeSpans) for (const span of scope.spans) yield span.attributes;
        },
        remove: () => holder.remove(),
      };
    }
  }
}
