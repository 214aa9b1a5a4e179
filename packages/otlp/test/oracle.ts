import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import {
  create,
  createFileRegistry,
  type DescMessage,
  equals,
  type FileRegistry,
  fromBinary,
  fromJsonString,
  type JsonValue,
  toJson,
} from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import { type Field, messages } from '../src/schema/schema.js';
import type { Signal } from '../src/wire/signal.js';

const types: { readonly [type in Field['type']]: Type } = {
  string: Type.STRING,
  bytes: Type.BYTES,
  id: Type.BYTES,
  bool: Type.BOOL,
  double: Type.DOUBLE,
  int32: Type.INT32,
  enum: Type.INT32,
  int64: Type.INT64,
  uint32: Type.UINT32,
  uint64: Type.UINT64,
  sint32: Type.SINT32,
  fixed32: Type.FIXED32,
  fixed64: Type.FIXED64,
  sfixed64: Type.SFIXED64,
  message: Type.MESSAGE,
};

function registryWith(types: { readonly [type in Field['type']]: Type }): FileRegistry {
  const file = create(FileDescriptorProtoSchema, {
    name: 'otlp.proto',
    package: 'otlp',
    syntax: 'proto3',
    messageType: messages.map(({ name, fields }) => {
      const oneofs = [...new Set(fields.map((field) => field.oneof).filter((oneof) => oneof !== ''))];
      const optional = fields.filter((field) => field.optional).map((field) => `_${field.name}`);
      return {
        name,
        oneofDecl: [...oneofs, ...optional].map((each) => ({ name: each })),
        field: fields.map((field) => {
          const oneof = field.optional ? `_${field.name}` : field.oneof;
          return {
            name: field.name,
            jsonName: field.json,
            number: field.number,
            type: types[field.type],
            label: field.repeated ? Label.REPEATED : Label.OPTIONAL,
            proto3Optional: field.optional,
            ...(field.message === '' ? {} : { typeName: `.otlp.${field.message}` }),
            ...(oneof === '' ? {} : { oneofIndex: [...oneofs, ...optional].indexOf(oneof) }),
          };
        }),
      };
    }),
  });
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
}

const asText = registryWith(types);
const asBytes = registryWith({ ...types, string: Type.BYTES });

/**
 * What protobuf-es, told the schema table, understands; it merges repeated singular messages as protobuf asks.
 * `strings: 'bytes'` shows strings as base64, for those that may not be UTF-8, which protobuf-es refuses.
 */
export function meaning(kind: number, bytes: Uint8Array, strings: 'text' | 'bytes' = 'text'): JsonValue {
  const registry = strings === 'text' ? asText : asBytes;
  const schema = registry.getMessage(`otlp.${messages[kind]!.name}`) as DescMessage; // every name of the table is in it
  return toJson(schema, fromBinary(schema, bytes));
}

/** Whether protobuf-es understands the same, strings taken as bytes: `meaning` of both, in a fraction of the time. */
export function isSameMeaning(kind: number, a: Uint8Array, b: Uint8Array): boolean {
  const schema = asBytes.getMessage(`otlp.${messages[kind]!.name}`) as DescMessage; // as above
  const [one, two] = [fromBinary(schema, a), fromBinary(schema, b)];
  // Messages with NaN in them are not equal to themselves, their JSON is.
  return equals(schema, one, two) || isDeepStrictEqual(toJson(schema, one), toJson(schema, two));
}

/** What protobuf-es reads from proto3 JSON. */
export function meaningOfJson(kind: number, json: string): JsonValue {
  const schema = asText.getMessage(`otlp.${messages[kind]!.name}`) as DescMessage; // as above
  return toJson(schema, fromJsonString(schema, json));
}

interface Codec {
  decode(bytes: Uint8Array): object;
  encode(message: object): { finish(): Uint8Array };
  toObject(message: object, options: object): object;
  fromObject(object: object): object;
}

// The generated code ships without types and outside the package's exports.
const require = createRequire(import.meta.url);
const main = require.resolve('otlp-transformer-208');
const root = require(main.replace(/build.src.index\.js$/, 'build/src/generated/root.js')).opentelemetry.proto.collector;

/** OpenTelemetry's own generated protobufjs code. */
export const official: { readonly [signal in Signal]: Codec } = {
  logs: root.logs.v1.ExportLogsServiceRequest,
  metrics: root.metrics.v1.ExportMetricsServiceRequest,
  traces: root.trace.v1.ExportTraceServiceRequest,
};

/** What OpenTelemetry's generated code understands, as plain data with 64-bit integers as strings. */
export function officialMeaning(signal: Signal, bytes: Uint8Array): object {
  const codec = official[signal];
  return codec.toObject(codec.decode(bytes), { longs: String, bytes: String });
}
