import { type Signal, signals } from '@otelier/core';

/** The paths of OTLP/gRPC. */
export const services: Readonly<Record<Signal, string>> = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
};

/** What goes by each path. */
export const signalByPath: ReadonlyMap<string, Signal> = new Map(signals.map((signal) => [services[signal], signal]));
