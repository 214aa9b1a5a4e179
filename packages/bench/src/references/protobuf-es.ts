import { create, createFileRegistry, type DescMessage, fromBinary, fromJsonString, toBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { referenceMessages } from './messages.js';
import type { PlainLogs, PlainMetrics } from './protobufjs.js';

const types: Readonly<Record<string, FieldDescriptorProto_Type>> = {
  string: FieldDescriptorProto_Type.STRING,
  bool: FieldDescriptorProto_Type.BOOL,
  bytes: FieldDescriptorProto_Type.BYTES,
  double: FieldDescriptorProto_Type.DOUBLE,
  int32: FieldDescriptorProto_Type.INT32,
  int64: FieldDescriptorProto_Type.INT64,
  uint32: FieldDescriptorProto_Type.UINT32,
  fixed32: FieldDescriptorProto_Type.FIXED32,
  fixed64: FieldDescriptorProto_Type.FIXED64,
  sfixed64: FieldDescriptorProto_Type.SFIXED64,
};

const file = create(FileDescriptorProtoSchema, {
  name: 'otlp.proto',
  package: 'bench',
  syntax: 'proto3',
  messageType: Object.entries(referenceMessages).map(([name, { fields, oneof, choices }]) => ({
    name,
    oneofDecl: oneof === undefined ? [] : [{ name: oneof }],
    field: fields.map(([number, jsonName, type, repeated]) => ({
      name: jsonName.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
      number,
      label: repeated ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
      jsonName,
      ...(types[type] === undefined
        ? { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.bench.${type}` }
        : { type: types[type] }),
      ...(choices?.includes(jsonName) ? { oneofIndex: 0 } : {}),
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
