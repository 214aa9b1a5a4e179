/** A field: number, name in OTLP/JSON, protobuf type or message of this table. */
export type Row = readonly [number: number, name: string, type: string, repeated?: 'repeated'];

/** A message of the reference codecs. */
export interface ReferenceMessage {
  readonly fields: readonly Row[];
  /** Name of the oneof that the fields in `choices` belong to. */
  readonly oneof?: string;
  readonly choices?: readonly string[];
}

const anyValue = ['stringValue', 'boolValue', 'intValue', 'doubleValue'];

/** What the corpus holds of OTLP: enough for the messages that are measured. */
export const referenceMessages: Readonly<Record<string, ReferenceMessage>> = {
  AnyValue: {
    oneof: 'value',
    choices: anyValue,
    fields: [
      [1, 'stringValue', 'string'],
      [2, 'boolValue', 'bool'],
      [3, 'intValue', 'int64'],
      [4, 'doubleValue', 'double'],
    ],
  },
  KeyValue: {
    fields: [
      [1, 'key', 'string'],
      [2, 'value', 'AnyValue'],
    ],
  },
  Resource: {
    fields: [
      [1, 'attributes', 'KeyValue', 'repeated'],
      [2, 'droppedAttributesCount', 'uint32'],
    ],
  },
  Scope: {
    fields: [
      [1, 'name', 'string'],
      [2, 'version', 'string'],
    ],
  },
  LogRecord: {
    fields: [
      [1, 'timeUnixNano', 'fixed64'],
      [2, 'severityNumber', 'int32'],
      [3, 'severityText', 'string'],
      [5, 'body', 'AnyValue'],
      [6, 'attributes', 'KeyValue', 'repeated'],
      [7, 'droppedAttributesCount', 'uint32'],
      [8, 'flags', 'fixed32'],
      [9, 'traceId', 'bytes'],
      [10, 'spanId', 'bytes'],
      [11, 'observedTimeUnixNano', 'fixed64'],
    ],
  },
  ScopeLogs: {
    fields: [
      [1, 'scope', 'Scope'],
      [2, 'logRecords', 'LogRecord', 'repeated'],
    ],
  },
  ResourceLogs: {
    fields: [
      [1, 'resource', 'Resource'],
      [2, 'scopeLogs', 'ScopeLogs', 'repeated'],
    ],
  },
  LogsRequest: { fields: [[1, 'resourceLogs', 'ResourceLogs', 'repeated']] },
  Point: {
    oneof: 'number',
    choices: ['asDouble', 'asInt'],
    fields: [
      [2, 'startTimeUnixNano', 'fixed64'],
      [3, 'timeUnixNano', 'fixed64'],
      [4, 'asDouble', 'double'],
      [6, 'asInt', 'sfixed64'],
      [7, 'attributes', 'KeyValue', 'repeated'],
    ],
  },
  Sum: {
    fields: [
      [1, 'dataPoints', 'Point', 'repeated'],
      [2, 'aggregationTemporality', 'int32'],
      [3, 'isMonotonic', 'bool'],
    ],
  },
  Metric: {
    fields: [
      [1, 'name', 'string'],
      [2, 'description', 'string'],
      [3, 'unit', 'string'],
      [7, 'sum', 'Sum'],
    ],
  },
  ScopeMetrics: {
    fields: [
      [1, 'scope', 'Scope'],
      [2, 'metrics', 'Metric', 'repeated'],
    ],
  },
  ResourceMetrics: {
    fields: [
      [1, 'resource', 'Resource'],
      [2, 'scopeMetrics', 'ScopeMetrics', 'repeated'],
    ],
  },
  MetricsRequest: { fields: [[1, 'resourceMetrics', 'ResourceMetrics', 'repeated']] },
};
