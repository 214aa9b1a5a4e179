import { type AnyBatch, PipelineError, type Signal } from '@otelier/core';
import { LogsBatch, MetricsBatch, OtlpError, TracesBatch } from '@otelier/otlp';

const signalOf: ReadonlyMap<string, Signal> = new Map([
  ['resourceLogs', 'logs'],
  ['resourceMetrics', 'metrics'],
  ['resourceSpans', 'traces'],
]);

/**
 * The batch of one line: an OTLP/JSON export request, whose signal is told by its top-level key.
 *
 * @throws {PipelineError} `rejected`, saying what was expected.
 */
export function readRequest(line: Buffer): AnyBatch {
  const signal = requestSignal(line);
  if (signal === undefined)
    throw new PipelineError('rejected', `expected an object with ${[...signalOf.keys()].join(', ')}`);
  try {
    if (signal === 'logs') return LogsBatch.fromJson(line);
    return signal === 'metrics' ? MetricsBatch.fromJson(line) : TracesBatch.fromJson(line);
  } catch (error) {
    if (error instanceof OtlpError) throw new PipelineError('rejected', error.message, { cause: error });
    throw error;
  }
}

function requestSignal(line: Buffer): Signal | undefined {
  // What every writer of such files puts first; other orders are legal and cost a whole parse.
  const first = /^\s*\{\s*"(\w+)"/.exec(line.toString('latin1', 0, 100))?.[1] ?? '';
  const signal = signalOf.get(first);
  if (signal !== undefined) return signal;
  try {
    const value: unknown = JSON.parse(line.toString());
    const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    return keys.map((key) => signalOf.get(key)).find((known) => known !== undefined);
  } catch (error) {
    throw new PipelineError('rejected', 'expected JSON', { cause: error });
  }
}
