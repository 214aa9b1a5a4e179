import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { officialMeaning } from '../../test/oracle.js';
import {
  type Plain,
  plainLogs,
  plainMetrics,
  plainTraces,
  readLogs,
  readMetrics,
  readTraces,
} from '../../test/reading.js';
import { numRuns, requests } from '../../test/requests.js';
import { jsonToProtobuf } from '../json/parse.js';
import { LogsBatch } from '../logs/logs-batch.js';
import { MetricsBatch } from '../metrics/metrics-batch.js';
import { TracesBatch } from '../traces/traces-batch.js';

const plain = (signal: 'logs' | 'metrics' | 'traces', bytes: Uint8Array) =>
  officialMeaning(signal, bytes) as unknown as Plain;

describe('every field reads as the official decoder reads it, and reading changes no byte', () => {
  test('logs', () => {
    fc.assert(
      fc.property(requests.logs, (bytes) => {
        const batch = new LogsBatch(Buffer.from(bytes), true);
        expect(readLogs(batch)).toEqual(plainLogs(plain('logs', bytes)));
        expect(batch.count).toBe([...batch.records()].length);
        expect(batch.dirty).toBe(false);
        expect(batch.bytes().equals(bytes)).toBe(true);
      }),
      { numRuns },
    );
  });

  test('metrics', () => {
    fc.assert(
      fc.property(requests.metrics, (bytes) => {
        const batch = new MetricsBatch(Buffer.from(bytes), true);
        expect(readMetrics(batch)).toEqual(plainMetrics(plain('metrics', bytes)));
        expect(batch.count).toBe([...batch.points()].length);
        expect(batch.bytes().equals(bytes)).toBe(true);
      }),
      { numRuns },
    );
  });

  test('traces', () => {
    fc.assert(
      fc.property(requests.traces, (bytes) => {
        const batch = new TracesBatch(Buffer.from(bytes), true);
        expect(readTraces(batch)).toEqual(plainTraces(plain('traces', bytes)));
        expect(batch.count).toBe([...batch.spans()].length);
        expect(batch.bytes().equals(bytes)).toBe(true);
      }),
      { numRuns },
    );
  });

  // No writer means it, but a newer one may: enums are open, and they are signed.
  test('enums below zero', () => {
    const logs = jsonToProtobuf('logs', '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":-5}]}]}]}');
    expect(readLogs(new LogsBatch(logs, false))).toEqual(plainLogs(plain('logs', logs)));
    const spans = '{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":-5,"status":{"code":-2147483648}}]}]}]}';
    const traces = jsonToProtobuf('traces', spans);
    expect(readTraces(new TracesBatch(traces, false))).toEqual(plainTraces(plain('traces', traces)));
  });
});
