// Everything for a pipeline file and for people who write components, in one import.
export * from '@otelier/core';
export * from '@otelier/exporters';
export {
  type AnyValue,
  type Attributes,
  type DataPoint,
  double,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  key,
  keySet,
  type LogRecord,
  LogsBatch,
  type Metric,
  MetricsBatch,
  type NumberDataPoint,
  OtlpError,
  type Resource,
  type Scope,
  type Span,
  type SpanEvent,
  type SummaryDataPoint,
  TracesBatch,
} from '@otelier/otlp';
export * from '@otelier/processors';
export * from '@otelier/receivers';
export { elsewhere } from './elsewhere/elsewhere.js';
export { env } from './env/env.js';
