import type { AnyBatch, Signal } from '@otelier/core';
import { LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';

const batches = { logs: LogsBatch, metrics: MetricsBatch, traces: TracesBatch } as const;

/**
 * Reads the body of one OTLP export request.
 *
 * @throws {OtlpError} when it is not one.
 */
export function parseRequest(signal: Signal, body: Uint8Array, encoding: 'protobuf' | 'json' = 'protobuf'): AnyBatch {
  return encoding === 'json' ? batches[signal].fromJson(body) : batches[signal].parse(body);
}
