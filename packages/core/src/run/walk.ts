import type { DataPoint, LogRecord, LogsBatch, MetricsBatch, Resource, Span, TracesBatch } from '@otelier/otlp';
import type { Hook, Hooks } from '../component.js';
import type { Flow } from '../flow.js';
import type { AnyBatch, Signal } from '../signal.js';

/** Hooks of the neighbouring processors of one traversal, in columns; removals are counted per processor. */
interface Run<T> {
  readonly resourceHooks: readonly (Hook<Resource> | undefined)[];
  readonly itemHooks: readonly (Hook<T> | undefined)[];
  readonly anyResource: boolean;
  readonly anyItem: boolean;
}

/** What one traversal has removed so far, and which processor is at work. */
export class Progress {
  declare readonly flows: readonly Flow[];
  declare readonly removed: number[];
  declare at: number;

  constructor(flows: readonly Flow[]) {
    this.flows = flows;
    this.removed = new Array<number>(flows.length).fill(0);
    this.at = 0;
  }
}

/** The traversal of a signal's batches for these hooks: resource hooks first, then those of the items under it. */
export function walker(signal: Signal, all: readonly Hooks[]): (batch: AnyBatch, progress: Progress) => void {
  // Each cast names what the signal already says.
  if (signal === 'logs') {
    const run = columns<LogRecord>(all, (hooks) => hooks.logRecord);
    return (batch, progress) => walkLogs(batch as LogsBatch, run, progress);
  }
  if (signal === 'metrics') {
    const run = columns<DataPoint>(all, (hooks) => hooks.dataPoint);
    return (batch, progress) => walkMetrics(batch as MetricsBatch, run, progress);
  }
  const run = columns<Span>(all, (hooks) => hooks.span);
  return (batch, progress) => walkTraces(batch as TracesBatch, run, progress);
}

function columns<T>(all: readonly Hooks[], item: (hooks: Hooks) => Hook<T> | undefined): Run<T> {
  const resourceHooks = all.map((hooks) => hooks.resource);
  const itemHooks = all.map(item);
  return {
    resourceHooks,
    itemHooks,
    anyResource: resourceHooks.some((hook) => hook !== undefined),
    anyItem: itemHooks.some((hook) => hook !== undefined),
  };
}

function walkLogs(batch: LogsBatch, run: Run<LogRecord>, progress: Progress): void {
  for (const group of batch.resourceLogs) {
    if (run.anyResource && !keepsResource(batch, group, run, progress)) continue;
    if (!run.anyItem) continue;
    for (const { logRecords } of group.scopeLogs) {
      for (const record of logRecords) visit(record, run.itemHooks, progress);
    }
  }
}

function walkMetrics(batch: MetricsBatch, run: Run<DataPoint>, progress: Progress): void {
  for (const group of batch.resourceMetrics) {
    if (run.anyResource && !keepsResource(batch, group, run, progress)) continue;
    if (!run.anyItem) continue;
    for (const { metrics } of group.scopeMetrics) {
      for (const { dataPoints } of metrics) {
        for (const point of dataPoints) visit(point, run.itemHooks, progress);
      }
    }
  }
}

function walkTraces(batch: TracesBatch, run: Run<Span>, progress: Progress): void {
  for (const group of batch.resourceSpans) {
    if (run.anyResource && !keepsResource(batch, group, run, progress)) continue;
    if (!run.anyItem) continue;
    for (const { spans } of group.scopeSpans) {
      for (const span of spans) visit(span, run.itemHooks, progress);
    }
  }
}

function visit<T extends { remove(): void }>(
  item: T,
  hooks: readonly (Hook<T> | undefined)[],
  progress: Progress,
): void {
  const { flows } = progress;
  for (let i = 0; i < hooks.length; i++) {
    const hook = hooks[i];
    if (hook === undefined) continue;
    progress.at = i;
    if (hook(item, flows[i]!) === false) {
      item.remove();
      progress.removed[i]!++;
      return;
    }
  }
}

function keepsResource(
  batch: AnyBatch,
  group: { readonly resource: Resource; remove(): void },
  run: Run<never>,
  progress: Progress,
): boolean {
  const hooks = run.resourceHooks;
  for (let i = 0; i < hooks.length; i++) {
    const hook = hooks[i];
    if (hook === undefined) continue;
    progress.at = i;
    if (hook(group.resource, progress.flows[i]!) !== false) continue;
    const before = batch.count;
    group.remove();
    progress.removed[i]! += before - batch.count;
    return false;
  }
  return true;
}
