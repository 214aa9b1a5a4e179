import { createRequire } from 'node:module';
import type { Signal } from '@otelier/core';
import { expect } from 'vitest';
import { type Encoding, types } from './receiver/server.js';

// Answers are read by OpenTelemetry's generated code and by protobufjs, not by our own decoder.
const require = createRequire(import.meta.url);
const protobuf = require('protobufjs') as typeof import('protobufjs');
const { logs, metrics, trace } = require('otlp-transformer-208/build/src/generated/root.js').opentelemetry.proto
  .collector;
const responses: Readonly<
  Record<Signal, { decode(bytes: Uint8Array): object; toObject(message: object, options: object): unknown }>
> = {
  logs: logs.v1.ExportLogsServiceResponse,
  metrics: metrics.v1.ExportMetricsServiceResponse,
  traces: trace.v1.ExportTraceServiceResponse,
};

const { root } = protobuf.parse(`syntax = "proto3"; package google.rpc;
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message BadRequest { repeated FieldViolation field_violations = 1; message FieldViolation { string field = 1; string description = 2; } }`);

/** The message of an answer to an export, as plain data with 64-bit integers as text. */
export function exportResponse(signal: Signal, body: Buffer, encoding: Encoding): unknown {
  if (encoding === 'json') return JSON.parse(body.toString());
  return responses[signal].toObject(responses[signal].decode(body), { longs: String });
}

/** A google.rpc.Status. */
export interface Status {
  readonly code: number;
  readonly message: string;
  /** Details by the last word of their type. */
  readonly details: Readonly<Record<string, Record<string, unknown>>>;
}

/** Reads a refusal, whose content type must be one of OTLP's two. */
export function statusOf(type: string, body: Buffer): Status {
  expect(Object.values(types)).toContain(type);
  return type === types.json ? statusOfJson(body) : statusOfBytes(body);
}

function statusOfJson(body: Buffer): Status {
  const { code, message, details = [] } = JSON.parse(body.toString());
  const named = (details as Record<string, unknown>[]).map((each) => [String(each['@type']).split('.').at(-1), each]);
  return { code, message, details: Object.fromEntries(named) };
}

/** Reads a google.rpc.Status in protobuf, with its details. */
export function statusOfBytes(bytes: Buffer): Status {
  const read = (name: string, from: Uint8Array) => {
    const type = root.lookupType(`google.rpc.${name}`);
    return type.toObject(type.decode(from), { longs: String, defaults: true });
  };
  const { code, message, details } = read('Status', bytes);
  const named = (details as { typeUrl: string; value: Uint8Array }[]).map(({ typeUrl, value }) => {
    const name = String(typeUrl.split('.').at(-1));
    return [name, read(name, value)] as const;
  });
  return { code, message, details: Object.fromEntries(named) };
}
