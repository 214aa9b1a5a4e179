import type { LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';

/** The batch type of each signal. */
export interface Signals {
  logs: LogsBatch;
  metrics: MetricsBatch;
  traces: TracesBatch;
}

/** One of OpenTelemetry's signals: `'logs'`, `'metrics'` or `'traces'`. */
export type Signal = keyof Signals;

/** A batch of any signal. */
export type AnyBatch = Signals[Signal];

/** Every signal, in the order in which Otelier lists them. */
export const signals: readonly Signal[] = ['logs', 'metrics', 'traces'];
