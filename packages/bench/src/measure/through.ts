import {
  createCollector,
  definePipelines,
  exporter,
  type Flow,
  type Host,
  type Logger,
  type Processor,
  receiver,
} from '@otelier/core';
import type { LogsBatch, MetricsBatch } from '@otelier/otlp';

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const never = receiver('never', ['logs', 'metrics'], async () => ({ stop: async () => {}, close: async () => {} }));

/** Runs batches through processors in a real collector; resolves with what reached the exporter. */
export async function throughLogs(
  processors: readonly Processor<'logs'>[],
): Promise<(batch: LogsBatch) => Promise<Uint8Array>> {
  let out: Uint8Array = new Uint8Array();
  const end = exporter('end', {
    logs: async (batch) => {
      out = batch.bytes();
    },
  });
  const collector = createCollector(
    definePipelines({ logs: { bench: { receivers: [never], processors, exporters: [end] } } }),
    { logger: quiet },
  );
  await collector.start();
  const input = collector.input('logs');
  const flow = collector.flow();
  return async (batch) => {
    await input(batch, flow);
    return out;
  };
}

/** The same for metrics. */
export async function throughMetrics(
  processors: readonly Processor<'metrics'>[],
): Promise<(batch: MetricsBatch) => Promise<Uint8Array>> {
  let out: Uint8Array = new Uint8Array();
  const end = exporter('end', {
    metrics: async (batch) => {
      out = batch.bytes();
    },
  });
  const collector = createCollector(
    definePipelines({ metrics: { bench: { receivers: [never], processors, exporters: [end] } } }),
    { logger: quiet },
  );
  await collector.start();
  const input = collector.input('metrics');
  const flow = collector.flow();
  return async (batch) => {
    await input(batch, flow);
    return out;
  };
}

/**
 * Runs batches through one processor alone, its state made final after each: the work that a reference does too. What the engine adds to
 * keep totals exact (knowing what comes again, keeping what went out) is in {@link throughMetrics}.
 */
export function alone(processor: Processor<'metrics'>): (batch: MetricsBatch) => Promise<Uint8Array> {
  let out: Uint8Array = new Uint8Array();
  const nothing = { addBatchObservableCallback() {}, removeBatchObservableCallback() {} };
  const host = {
    ...{ id: processor.name, name: processor.name, logger: quiet, note() {} },
    clock: { now: () => 1_763_800_000_000 },
    meter: { ...nothing, createObservableUpDownCounter: () => nothing },
  } as unknown as Host;
  const flow = { drop() {}, refuse() {}, add() {} } as unknown as Flow;
  const stage = processor.metrics(async (batch) => {
    out = batch.bytes();
  }, host);
  return async (batch) => {
    await stage.consume(batch, flow);
    stage.state?.save(undefined);
    return out;
  };
}
