import { isDeepStrictEqual } from 'node:util';
import type { AnyBatch, Signal } from '@otelier/core';
import { validateRequest } from '../../packages/otlp/src/door/validate.js';
import type { LogsBatch, MetricsBatch, TracesBatch } from '../../packages/otlp/src/index.js';
import { requestKind } from '../../packages/otlp/src/schema/schema.js';
import { breach } from '../../packages/otlp/test/canonical.js';
import { isSameMeaning, meaning, official } from '../../packages/otlp/test/oracle.js';
import {
  type Plain,
  plainLogs,
  plainMetrics,
  plainTraces,
  readLogs,
  readMetrics,
  readTraces,
} from '../../packages/otlp/test/reading.js';
import { expectTrue } from './target.js';

const plainly = { longs: String, bytes: String };

/**
 * Holds a batch that was taken to the independent decoders.
 *
 * OpenTelemetry's generated code must read its bytes and find as many items. When the bytes are not those that came, protobuf-es must
 * find the same meaning in both. `isDeep`: every field of every view is what the generated code reads there.
 *
 * @throws {Broken}
 */
export function expectSound(batch: AnyBatch, came: Uint8Array, isDeep: boolean): void {
  const { signal } = batch;
  const bytes = batch.bytes();
  const decoded = official[signal].decode(bytes) as Plain;
  expectTrue(batch.count === countOf(signal, decoded), 'the count is that of the independent decoder');
  if (!bytes.equals(came)) expectSameMeaning(signal, bytes, came);
  if (!isDeep) return;
  expectTrue(breach(requestKind[signal], bytes) === '', 'the bytes are canonical');
  expectTrue(validateRequest(signal, bytes) === bytes, 'what was taken is taken again as it is');
  if (!isText(signal, bytes)) return;
  const plain = official[signal].toObject(decoded, plainly);
  expectTrue(isDeepStrictEqual(readOf(batch), plainOf(signal, plain)), 'views read what the independent decoder reads');
}

/** @throws {Broken} unless protobuf-es finds the same in both. */
export function expectSameMeaning(signal: Signal, bytes: Uint8Array, came: Uint8Array): void {
  expectTrue(isSameMeaning(requestKind[signal], bytes, came), 'the canonical form means what came');
}

/** Whether all text is UTF-8, which protobuf-es insists on: names that are not can be listed, but nobody can ask for them. */
function isText(signal: Signal, bytes: Uint8Array): boolean {
  try {
    meaning(requestKind[signal], bytes);
    return true;
  } catch {
    return false;
  }
}

function readOf(batch: AnyBatch): unknown {
  // The same classes: the compiler knows them by their built types, the readers by their sources.
  const own: unknown = batch;
  if (batch.signal === 'logs') return readLogs(own as LogsBatch);
  return batch.signal === 'metrics' ? readMetrics(own as MetricsBatch) : readTraces(own as TracesBatch);
}

function plainOf(signal: Signal, plain: Plain): unknown {
  if (signal === 'logs') return plainLogs(plain);
  return signal === 'metrics' ? plainMetrics(plain) : plainTraces(plain);
}

const metricTypes = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;

/** Log records, data points or spans of a decoded request. */
export function countOf(signal: Signal, request: Plain): number {
  let count = 0;
  if (signal === 'logs') {
    for (const resource of request.resourceLogs ?? [])
      for (const scope of resource.scopeLogs ?? []) count += scope.logRecords?.length ?? 0;
  } else if (signal === 'traces') {
    for (const resource of request.resourceSpans ?? [])
      for (const scope of resource.scopeSpans ?? []) count += scope.spans?.length ?? 0;
  } else {
    for (const resource of request.resourceMetrics ?? [])
      for (const scope of resource.scopeMetrics ?? [])
        for (const metric of scope.metrics ?? [])
          for (const type of metricTypes) count += metric[type]?.dataPoints?.length ?? 0;
  }
  return count;
}
