import type { AnyBatch } from '@otelier/core';
import {
  type Attributes,
  LogsBatch,
  MetricsBatch,
  type Resource,
  type ResourceLogs,
  type ResourceMetrics,
  type ResourceSpans,
  type Scope,
} from '@otelier/otlp';

/** One resource of a batch of any signal, with what was sent under it. */
export interface ResourceGroup {
  readonly resource: Resource;
  /** The first instrumentation scope under it. */
  scope(): Scope | undefined;
  /** Attributes of every log record, data point or span of the resource. */
  items(): Iterable<Attributes>;
  remove(): void;
}

/** The resources of a batch, in order, in one traversal. */
export function* resources(batch: AnyBatch): Generator<ResourceGroup, void, undefined> {
  if (batch instanceof LogsBatch) for (const holder of batch.resourceLogs) yield new LogsGroup(holder);
  else if (batch instanceof MetricsBatch) for (const holder of batch.resourceMetrics) yield new MetricsGroup(holder);
  else for (const holder of batch.resourceSpans) yield new SpansGroup(holder);
}

abstract class Group<H extends { readonly resource: Resource; remove(): void }> implements ResourceGroup {
  declare protected readonly holder: H;

  constructor(holder: H) {
    this.holder = holder;
  }

  get resource(): Resource {
    return this.holder.resource;
  }

  abstract scope(): Scope | undefined;
  abstract items(): Iterable<Attributes>;

  remove(): void {
    this.holder.remove();
  }
}

class LogsGroup extends Group<ResourceLogs> {
  scope(): Scope | undefined {
    for (const { scope } of this.holder.scopeLogs) return scope;
    return undefined;
  }

  *items(): Iterable<Attributes> {
    for (const scope of this.holder.scopeLogs) for (const record of scope.logRecords) yield record.attributes;
  }
}

class MetricsGroup extends Group<ResourceMetrics> {
  scope(): Scope | undefined {
    for (const { scope } of this.holder.scopeMetrics) return scope;
    return undefined;
  }

  *items(): Iterable<Attributes> {
    for (const scope of this.holder.scopeMetrics)
      for (const metric of scope.metrics) for (const point of metric.dataPoints) yield point.attributes;
  }
}

class SpansGroup extends Group<ResourceSpans> {
  scope(): Scope | undefined {
    for (const { scope } of this.holder.scopeSpans) return scope;
    return undefined;
  }

  *items(): Iterable<Attributes> {
    for (const scope of this.holder.scopeSpans) for (const span of scope.spans) yield span.attributes;
  }
}
