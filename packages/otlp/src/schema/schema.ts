import type { Signal } from '../wire/signal.js';

/**
 * How a field is encoded. `id` is `bytes` that OTLP/JSON writes as hex (trace and span ids), `enum` is an int32;
 * the rest are protobuf's own names.
 */
export type ScalarType =
  | 'string'
  | 'bytes'
  | 'id'
  | 'bool'
  | 'double'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'enum'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64';

/** One field of one message. */
export interface Field {
  readonly number: number;
  /** Name in the .proto file: `time_unix_nano`. */
  readonly name: string;
  /** Name in OTLP/JSON: `timeUnixNano`. */
  readonly json: string;
  /** `message` or how the scalar is encoded. */
  readonly type: ScalarType | 'message';
  /** Name of the message, '' for scalars. */
  readonly message: string;
  readonly repeated: boolean;
  /** Name of the oneof it belongs to, '' for none. */
  readonly oneof: string;
  /** Declared `optional`: an explicit zero differs from absence. */
  readonly optional: boolean;
}

/** One message: its name and its fields in order of number. */
export interface Message {
  readonly name: string;
  readonly fields: readonly Field[];
}

/** `number name type`, the type being a scalar, a message's name, `repeated …`, `optional …`, or `in <oneof> …`. */
type Row = readonly [number: number, name: string, type: string];

const attributes = (number: number, name = 'attributes'): Row => [number, name, 'repeated KeyValue'];
const times: Row[] = [
  [2, 'start_time_unix_nano', 'fixed64'],
  [3, 'time_unix_nano', 'fixed64'],
];

// opentelemetry-proto 1.9, and of google.rpc what an OTLP response may carry.
const rows: { readonly [message: string]: readonly Row[] } = {
  AnyValue: [
    [1, 'string_value', 'in value string'],
    [2, 'bool_value', 'in value bool'],
    [3, 'int_value', 'in value int64'],
    [4, 'double_value', 'in value double'],
    [5, 'array_value', 'in value ArrayValue'],
    [6, 'kvlist_value', 'in value KeyValueList'],
    [7, 'bytes_value', 'in value bytes'],
  ],
  ArrayValue: [[1, 'values', 'repeated AnyValue']],
  KeyValueList: [attributes(1, 'values')],
  KeyValue: [
    [1, 'key', 'string'],
    [2, 'value', 'AnyValue'],
  ],
  InstrumentationScope: [
    [1, 'name', 'string'],
    [2, 'version', 'string'],
    attributes(3),
    [4, 'dropped_attributes_count', 'uint32'],
  ],
  EntityRef: [
    [1, 'schema_url', 'string'],
    [2, 'type', 'string'],
    [3, 'id_keys', 'repeated string'],
    [4, 'description_keys', 'repeated string'],
  ],
  Resource: [attributes(1), [2, 'dropped_attributes_count', 'uint32'], [3, 'entity_refs', 'repeated EntityRef']],

  ExportLogsServiceRequest: [[1, 'resource_logs', 'repeated ResourceLogs']],
  ResourceLogs: [
    [1, 'resource', 'Resource'],
    [2, 'scope_logs', 'repeated ScopeLogs'],
    [3, 'schema_url', 'string'],
  ],
  ScopeLogs: [
    [1, 'scope', 'InstrumentationScope'],
    [2, 'log_records', 'repeated LogRecord'],
    [3, 'schema_url', 'string'],
  ],
  LogRecord: [
    [1, 'time_unix_nano', 'fixed64'],
    [2, 'severity_number', 'enum'],
    [3, 'severity_text', 'string'],
    [5, 'body', 'AnyValue'],
    attributes(6),
    [7, 'dropped_attributes_count', 'uint32'],
    [8, 'flags', 'fixed32'],
    [9, 'trace_id', 'id'],
    [10, 'span_id', 'id'],
    [11, 'observed_time_unix_nano', 'fixed64'],
    [12, 'event_name', 'string'],
  ],

  ExportMetricsServiceRequest: [[1, 'resource_metrics', 'repeated ResourceMetrics']],
  ResourceMetrics: [
    [1, 'resource', 'Resource'],
    [2, 'scope_metrics', 'repeated ScopeMetrics'],
    [3, 'schema_url', 'string'],
  ],
  ScopeMetrics: [
    [1, 'scope', 'InstrumentationScope'],
    [2, 'metrics', 'repeated Metric'],
    [3, 'schema_url', 'string'],
  ],
  Metric: [
    [1, 'name', 'string'],
    [2, 'description', 'string'],
    [3, 'unit', 'string'],
    [5, 'gauge', 'in data Gauge'],
    [7, 'sum', 'in data Sum'],
    [9, 'histogram', 'in data Histogram'],
    [10, 'exponential_histogram', 'in data ExponentialHistogram'],
    [11, 'summary', 'in data Summary'],
    attributes(12, 'metadata'),
  ],
  Gauge: [[1, 'data_points', 'repeated NumberDataPoint']],
  Sum: [
    [1, 'data_points', 'repeated NumberDataPoint'],
    [2, 'aggregation_temporality', 'enum'],
    [3, 'is_monotonic', 'bool'],
  ],
  Histogram: [
    [1, 'data_points', 'repeated HistogramDataPoint'],
    [2, 'aggregation_temporality', 'enum'],
  ],
  ExponentialHistogram: [
    [1, 'data_points', 'repeated ExponentialHistogramDataPoint'],
    [2, 'aggregation_temporality', 'enum'],
  ],
  Summary: [[1, 'data_points', 'repeated SummaryDataPoint']],
  NumberDataPoint: [
    ...times,
    [4, 'as_double', 'in value double'],
    [5, 'exemplars', 'repeated Exemplar'],
    [6, 'as_int', 'in value sfixed64'],
    attributes(7),
    [8, 'flags', 'uint32'],
  ],
  HistogramDataPoint: [
    ...times,
    [4, 'count', 'fixed64'],
    [5, 'sum', 'optional double'],
    [6, 'bucket_counts', 'repeated fixed64'],
    [7, 'explicit_bounds', 'repeated double'],
    [8, 'exemplars', 'repeated Exemplar'],
    attributes(9),
    [10, 'flags', 'uint32'],
    [11, 'min', 'optional double'],
    [12, 'max', 'optional double'],
  ],
  ExponentialHistogramDataPoint: [
    attributes(1),
    ...times,
    [4, 'count', 'fixed64'],
    [5, 'sum', 'optional double'],
    [6, 'scale', 'sint32'],
    [7, 'zero_count', 'fixed64'],
    [8, 'positive', 'Buckets'],
    [9, 'negative', 'Buckets'],
    [10, 'flags', 'uint32'],
    [11, 'exemplars', 'repeated Exemplar'],
    [12, 'min', 'optional double'],
    [13, 'max', 'optional double'],
    [14, 'zero_threshold', 'double'],
  ],
  Buckets: [
    [1, 'offset', 'sint32'],
    [2, 'bucket_counts', 'repeated uint64'],
  ],
  SummaryDataPoint: [
    ...times,
    [4, 'count', 'fixed64'],
    [5, 'sum', 'double'],
    [6, 'quantile_values', 'repeated ValueAtQuantile'],
    attributes(7),
    [8, 'flags', 'uint32'],
  ],
  ValueAtQuantile: [
    [1, 'quantile', 'double'],
    [2, 'value', 'double'],
  ],
  Exemplar: [
    [2, 'time_unix_nano', 'fixed64'],
    [3, 'as_double', 'in value double'],
    [4, 'span_id', 'id'],
    [5, 'trace_id', 'id'],
    [6, 'as_int', 'in value sfixed64'],
    attributes(7, 'filtered_attributes'),
  ],

  ExportTraceServiceRequest: [[1, 'resource_spans', 'repeated ResourceSpans']],
  ResourceSpans: [
    [1, 'resource', 'Resource'],
    [2, 'scope_spans', 'repeated ScopeSpans'],
    [3, 'schema_url', 'string'],
  ],
  ScopeSpans: [
    [1, 'scope', 'InstrumentationScope'],
    [2, 'spans', 'repeated Span'],
    [3, 'schema_url', 'string'],
  ],
  Span: [
    [1, 'trace_id', 'id'],
    [2, 'span_id', 'id'],
    [3, 'trace_state', 'string'],
    [4, 'parent_span_id', 'id'],
    [5, 'name', 'string'],
    [6, 'kind', 'enum'],
    [7, 'start_time_unix_nano', 'fixed64'],
    [8, 'end_time_unix_nano', 'fixed64'],
    attributes(9),
    [10, 'dropped_attributes_count', 'uint32'],
    [11, 'events', 'repeated SpanEvent'],
    [12, 'dropped_events_count', 'uint32'],
    [13, 'links', 'repeated SpanLink'],
    [14, 'dropped_links_count', 'uint32'],
    [15, 'status', 'SpanStatus'],
    [16, 'flags', 'fixed32'],
  ],
  SpanEvent: [
    [1, 'time_unix_nano', 'fixed64'],
    [2, 'name', 'string'],
    attributes(3),
    [4, 'dropped_attributes_count', 'uint32'],
  ],
  SpanLink: [
    [1, 'trace_id', 'id'],
    [2, 'span_id', 'id'],
    [3, 'trace_state', 'string'],
    attributes(4),
    [5, 'dropped_attributes_count', 'uint32'],
    [6, 'flags', 'fixed32'],
  ],
  SpanStatus: [
    [2, 'message', 'string'],
    [3, 'code', 'enum'],
  ],

  ExportLogsServiceResponse: [[1, 'partial_success', 'ExportLogsPartialSuccess']],
  ExportLogsPartialSuccess: [
    [1, 'rejected_log_records', 'int64'],
    [2, 'error_message', 'string'],
  ],
  ExportMetricsServiceResponse: [[1, 'partial_success', 'ExportMetricsPartialSuccess']],
  ExportMetricsPartialSuccess: [
    [1, 'rejected_data_points', 'int64'],
    [2, 'error_message', 'string'],
  ],
  ExportTraceServiceResponse: [[1, 'partial_success', 'ExportTracePartialSuccess']],
  ExportTracePartialSuccess: [
    [1, 'rejected_spans', 'int64'],
    [2, 'error_message', 'string'],
  ],
  RpcStatus: [
    [1, 'code', 'int32'],
    [2, 'message', 'string'],
    [3, 'details', 'repeated Any'],
  ],
  Any: [
    [1, 'type_url', 'string'],
    [2, 'value', 'bytes'],
  ],
  RetryInfo: [[1, 'retry_delay', 'Duration']],
  Duration: [
    [1, 'seconds', 'int64'],
    [2, 'nanos', 'int32'],
  ],
};

function field([number, name, type]: Row): Field {
  const words = type.split(' ');
  const last = words.at(-1) as string;
  const isMessage = last in rows;
  return {
    number,
    name,
    json: name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    type: isMessage ? 'message' : (last as ScalarType), // the table above holds no other words
    message: isMessage ? last : '',
    repeated: words[0] === 'repeated',
    oneof: words[0] === 'in' ? (words[1] as string) : '',
    optional: words[0] === 'optional',
  };
}

/** Every message OTLP's logs, metrics and traces are made of, by name; the index is the message's `kind`. */
export const messages: readonly Message[] = Object.entries(rows).map(([name, list]) => ({
  name,
  fields: list.map(field),
}));

/** Position of a message in {@link messages}. */
export function kindOf(message: string): number {
  const kind = messages.findIndex((each) => each.name === message);
  if (kind < 0) throw new RangeError(`no OTLP message is called ${message}`);
  return kind;
}

/** Kind of the export request of each signal. */
export const requestKind: { readonly [signal in Signal]: number } = {
  logs: kindOf('ExportLogsServiceRequest'),
  metrics: kindOf('ExportMetricsServiceRequest'),
  traces: kindOf('ExportTraceServiceRequest'),
};

/** Wire type of a single (not packed) value: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
export function wireTypeOf(field: Field): 0 | 1 | 2 | 5 {
  switch (field.type) {
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return 1;
    case 'fixed32':
      return 5;
    case 'string':
    case 'bytes':
    case 'id':
    case 'message':
      return 2;
    default:
      return 0;
  }
}
