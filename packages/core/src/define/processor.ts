import type { DataPoint, LogRecord, LogsBatch, MetricsBatch, Resource, Span, TracesBatch } from '@otelier/otlp';
import type { Hook, Hooks, Processor, Traits } from '../component.js';
import type { Flow } from '../flow.js';
import { hookStage } from '../run/fuse.js';
import type { AnyBatch, Signal } from '../signal.js';
import { batchStage } from './batch-stage.js';

/**
 * Takes a batch and gives one on: the same one edited in place (return it or nothing), a derived one, or `false` to drop it whole.
 * Throw a PipelineError to refuse the batch.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that edits in place returns nothing
export type BatchFunction<B> = (batch: B, flow: Flow) => B | false | void | Promise<B | false | void>;

/** What a processor may define: a hook per item or resource, or a function per batch. */
export interface ProcessorPorts {
  resource: Hook<Resource>;
  logRecord: Hook<LogRecord>;
  dataPoint: Hook<DataPoint>;
  span: Hook<Span>;
  logs: BatchFunction<LogsBatch>;
  metrics: BatchFunction<MetricsBatch>;
  traces: BatchFunction<TracesBatch>;
}

interface SignalOf {
  resource: Signal;
  logRecord: 'logs';
  dataPoint: 'metrics';
  span: 'traces';
  logs: 'logs';
  metrics: 'metrics';
  traces: 'traces';
}

/**
 * Makes a processor from plain functions: hooks per item, which are fused with their neighbours, or functions per batch.
 *
 * ```ts
 * export const dropDebug = () => processor('drop-debug', { logRecord: (record) => record.severityNumber >= 9 });
 * ```
 * A processor has hooks or batch functions, not both.
 */
export function processor<P extends keyof ProcessorPorts>(
  name: string,
  ports: { readonly [K in P]: ProcessorPorts[K] },
  traits: Traits = {},
): Processor<SignalOf[P]> {
  const given = ports as Partial<ProcessorPorts>;
  const hooks: Hooks = given;
  const stages: Record<string, unknown> = {};
  const batchForms = (['logs', 'metrics', 'traces'] as const).filter((signal) => given[signal] !== undefined);
  const itemForms = { logs: given.logRecord, metrics: given.dataPoint, traces: given.span };
  if (batchForms.length > 0 && (given.resource ?? given.logRecord ?? given.dataPoint ?? given.span) !== undefined) {
    throw new TypeError(`processor ${name}: expected hooks per item or functions per batch, got both`);
  }
  for (const signal of batchForms)
    stages[signal] = batchStage(signal, given[signal] as unknown as BatchFunction<AnyBatch>);
  for (const signal of ['logs', 'metrics', 'traces'] as const) {
    if (itemForms[signal] !== undefined || given.resource !== undefined) stages[signal] = hookStage(signal, hooks);
  }
  const base = { kind: 'processor', name, ...traits, ...stages };
  // The keys of `stages` are the signals of P by construction, which the compiler cannot follow.
  return (batchForms.length > 0 ? base : { ...base, hooks }) as unknown as Processor<SignalOf[P]>;
}
