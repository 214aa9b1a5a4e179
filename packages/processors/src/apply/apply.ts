import type { AnyBatch, Flow, Hooks } from '@otelier/core';
import { LogsBatch, MetricsBatch } from '@otelier/otlp';

const neverAborts: AbortSignal = new AbortController().signal;
const unwatched: Flow = { signal: neverAborts, refuse() {}, drop() {}, add() {} };

/**
 * Runs the hooks of one processor on one batch in place, without a pipeline, and returns the batch.
 *
 * What a hook answers with `false` is removed. `flow` hears what the hooks say about items; by default nobody does.
 */
export function apply<B extends AnyBatch>(batch: B, hooks: Hooks, flow: Flow = unwatched): B {
  if (batch instanceof LogsBatch) onLogs(batch, hooks, flow);
  else if (batch instanceof MetricsBatch) onMetrics(batch, hooks, flow);
  else {
    const { resource: onResource, span: onSpan } = hooks;
    for (const holder of batch.resourceSpans) {
      if (onResource?.(holder.resource, flow) === false) holder.remove();
      else if (onSpan !== undefined) {
        for (const scope of holder.scopeSpans)
          for (const span of scope.spans) if (onSpan(span, flow) === false) span.remove();
      }
    }
  }
  return batch;
}

function onLogs(batch: LogsBatch, hooks: Hooks, flow: Flow): void {
  const { resource: onResource, logRecord: onRecord } = hooks;
  for (const holder of batch.resourceLogs) {
    if (onResource?.(holder.resource, flow) === false) holder.remove();
    else if (onRecord !== undefined) {
      for (const scope of holder.scopeLogs)
        for (const record of scope.logRecords) if (onRecord(record, flow) === false) record.remove();
    }
  }
}

function onMetrics(batch: MetricsBatch, hooks: Hooks, flow: Flow): void {
  const { resource: onResource, dataPoint: onPoint } = hooks;
  for (const holder of batch.resourceMetrics) {
    if (onResource?.(holder.resource, flow) === false) holder.remove();
    else if (onPoint !== undefined) {
      for (const scope of holder.scopeMetrics)
        for (const metric of scope.metrics)
          for (const point of metric.dataPoints) if (onPoint(point, flow) === false) point.remove();
    }
  }
}
