export type { Attributes } from './attributes/attributes.js';
export { buildLogs, buildMetrics, buildTraces } from './build/build.js';
export type {
  AttributesData,
  BucketsData,
  ExemplarData,
  ExponentialHistogramPointData,
  HistogramPointData,
  LogRecordData,
  MetricData,
  NumberPointData,
  PointData,
  ResourceData,
  ResourceLogsData,
  ResourceMetricsData,
  ResourceSpansData,
  ScopeData,
  SpanData,
  SummaryPointData,
} from './build/data.js';
export { BatchFingerprints, FINGERPRINT_WORDS } from './identity/batch-fingerprints.js';
export {
  type AttributesForExemplars,
  addToExemplars,
  attributesForExemplars,
  copyExemplars,
} from './identity/exemplars.js';
export { MetricFields } from './identity/metric-fields.js';
export { DOUBLE, INT, NONE, PointFields } from './identity/point-fields.js';
export { OVERFLOW_ATTRIBUTE, StreamTable, type StreamTableOptions } from './identity/stream-table.js';
export type { LogRecord, ResourceLogs, ScopeLogs } from './logs/log-record.js';
export { LogsBatch } from './logs/logs-batch.js';
export type { Buckets } from './metrics/buckets.js';
export type {
  DataPoint,
  Exemplar,
  ExponentialHistogramDataPoint,
  HistogramDataPoint,
  NumberDataPoint,
  SummaryDataPoint,
} from './metrics/data-point.js';
export type { Metric, ResourceMetrics, ScopeMetrics, Temporality } from './metrics/metric.js';
export { MetricsBatch } from './metrics/metrics-batch.js';
export { type PointHead, pointBytes, pointHead, requestOfPoints } from './metrics/point-parts.js';
export {
  decodeExportResponse,
  type Encoding,
  encodeExportResponse,
  type PartialSuccess,
} from './service/export-response.js';
export { decodeStatus, encodeStatus, type Status } from './service/status.js';
export type { ResourceSpans, ScopeSpans, Span, SpanEvent, SpanLink } from './traces/span.js';
export { TracesBatch } from './traces/traces-batch.js';
export type { OtlpBatch as Batch } from './view/batch.js';
export { type Message, type Resource, resourceBytes, type Scope } from './view/common.js';
export type { ParseOptions } from './view/parse-options.js';
export type { MetricType } from './view/shape.js';
export type { SplitLimits } from './view/split.js';
export type { Compressed } from './view/store.js';
export { allocate } from './wire/allocate.js';
export { type AnyValue, Double, double, type ValueKind } from './wire/any-value.js';
export { OtlpError, type OtlpErrorCode } from './wire/error.js';
export { Key, KeySet, key, keySet } from './wire/key.js';
export type { Signal } from './wire/signal.js';
