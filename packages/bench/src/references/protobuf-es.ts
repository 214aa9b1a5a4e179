import { create, createFileRegistry, type DescMessage, fromBinary, fromJsonString, toBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import type { PlainLogs, PlainMetrics } from './protobufjs.js';

const { STRING, FIXED64, UINT32, FIXED32, INT64, INT32, DOUBLE, SFIXED64, BOOL, BYTES, MESSAGE } =
  FieldDescriptorProto_Type;
type Row = [number: number, name: string, type: FieldDescriptorProto_Type | string, repeated?: 'repeated'];

// What the corpus holds of OTLP: enough for the messages that are measured.
const messages: Record<string, { fields: Row[]; oneof?: string }> = {
  AnyValue: {
    oneof: 'value',
    fields: [
      [1, 'string_value', STRING],
      [2, 'bool_value', BOOL],
      [3, 'int_value', INT64],
      [4, 'double_value', DOUBLE],
    ],
  },
  KeyValue: {
    fields: [
      [1, 'key', STRING],
      [2, 'value', 'AnyValue'],
    ],
  },
  Resource: {
    fields: [
      [1, 'attributes', 'KeyValue', 'repeated'],
      [2, 'dropped_attributes_count', UINT32],
    ],
  },
  Scope: {
    fields: [
      [1, 'name', STRING],
      [2, 'version', STRING],
    ],
  },
  LogRecord: {
    fields: [
      [1, 'time_unix_nano', FIXED64],
      [2, 'severity_number', INT32],
      [3, 'severity_text', STRING],
      [5, 'body', 'AnyValue'],
      [6, 'attributes', 'KeyValue', 'repeated'],
      [7, 'dropped_attributes_count', UINT32],
      [8, 'flags', FIXED32],
      [9, 'trace_id', BYTES],
      [10, 'span_id', BYTES],
      [11, 'observed_time_unix_nano', FIXED64],
    ],
  },
  ScopeLogs: {
    fields: [
      [1, 'scope', 'Scope'],
      [2, 'log_records', 'LogRecord', 'repeated'],
    ],
  },
  ResourceLogs: {
    fields: [
      [1, 'resource', 'Resource'],
      [2, 'scope_logs', 'ScopeLogs', 'repeated'],
    ],
  },
  LogsRequest: { fields: [[1, 'resource_logs', 'ResourceLogs', 'repeated']] },
  Point: {
    oneof: 'number',
    fields: [
      [7, 'attributes', 'KeyValue', 'repeated'],
      [2, 'start_time_unix_nano', FIXED64],
      [3, 'time_unix_nano', FIXED64],
      [4, 'as_double', DOUBLE],
      [6, 'as_int', SFIXED64],
    ],
  },
  Sum: {
    fields: [
      [1, 'data_points', 'Point', 'repeated'],
      [2, 'aggregation_temporality', INT32],
      [3, 'is_monotonic', BOOL],
    ],
  },
  Metric: {
    fields: [
      [1, 'name', STRING],
      [2, 'description', STRING],
      [3, 'unit', STRING],
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
      [2, 'scope_metrics', 'ScopeMetrics', 'repeated'],
    ],
  },
  MetricsRequest: { fields: [[1, 'resource_metrics', 'ResourceMetrics', 'repeated']] },
};
const inOneof = /^(string|bool|int|double)_value$|^as_(double|int)$/;

const file = create(FileDescriptorProtoSchema, {
  name: 'otlp.proto',
  package: 'bench',
  syntax: 'proto3',
  messageType: Object.entries(messages).map(([name, { fields, oneof }]) => ({
    name,
    oneofDecl: oneof === undefined ? [] : [{ name: oneof }],
    field: fields.map(([number, fieldName, type, repeated]) => ({
      name: fieldName,
      number,
      label: repeated ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
      jsonName: fieldName.replace(/_(.)/g, (_, c: string) => c.toUpperCase()),
      ...(typeof type === 'string' ? { type: MESSAGE, typeName: `.bench.${type}` } : { type }),
      ...(oneof !== undefined && inOneof.test(fieldName) ? { oneofIndex: 0 } : {}),
    })),
  })),
});
const registry = createFileRegistry(file, () => undefined);
const message = (name: string): DescMessage => registry.getMessage(`bench.${name}`) as DescMessage;
const logsRequest = message('LogsRequest');
const metricsRequest = message('MetricsRequest');

/** In protobuf-es a oneof is `{ case, value }`; the rest has the shape of the plain types. */
export interface EsAttribute {
  key: string;
  value: { value: { case: string; value: unknown } };
}

export const decodeLogs = (bytes: Uint8Array): PlainLogs => fromBinary(logsRequest, bytes) as unknown as PlainLogs;
export const reencodeLogs = (logs: PlainLogs): Uint8Array => toBinary(logsRequest, logs as never);
export const logsFromJson = (json: string): PlainLogs =>
  fromJsonString(logsRequest, json, { ignoreUnknownFields: true }) as unknown as PlainLogs;
export const decodeMetrics = (bytes: Uint8Array): PlainMetrics =>
  fromBinary(metricsRequest, bytes) as unknown as PlainMetrics;
export const reencodeMetrics = (metrics: PlainMetrics): Uint8Array => toBinary(metricsRequest, metrics as never);
