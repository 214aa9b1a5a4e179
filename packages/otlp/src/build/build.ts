import { LogsBatch } from '../logs/logs-batch.js';
import { MetricsBatch } from '../metrics/metrics-batch.js';
import { requestKind } from '../schema/schema.js';
import { TracesBatch } from '../traces/traces-batch.js';
import type { ResourceLogsData, ResourceMetricsData, ResourceSpansData } from './data.js';
import { type Data, encode } from './encode.js';

/**
 * A batch of log records from plain data, for receivers of one's own and for tests.
 *
 * @throws TypeError naming the field and what was expected.
 */
export function buildLogs(resources: readonly ResourceLogsData[]): LogsBatch {
  const resourceLogs = outer(resources, 'records', 'scopeLogs');
  return new LogsBatch(join(requestKind.logs, 'resourceLogs', resourceLogs), true);
}

/** A batch of metrics from plain data; see {@link buildLogs}. */
export function buildMetrics(resources: readonly ResourceMetricsData[]): MetricsBatch {
  const resourceMetrics = outer(resources, 'metrics', 'scopeMetrics');
  return new MetricsBatch(join(requestKind.metrics, 'resourceMetrics', resourceMetrics), true);
}

/** A batch of spans from plain data; see {@link buildLogs}. */
export function buildTraces(resources: readonly ResourceSpansData[]): TracesBatch {
  const resourceSpans = outer(resources, 'spans', 'scopeSpans');
  return new TracesBatch(join(requestKind.traces, 'resourceSpans', resourceSpans), true);
}

/** Each `{resource, scope, items, schemaUrl}` as OTLP nests it. */
function outer(resources: readonly object[], items: string, scopes: string): Data[] {
  if (!Array.isArray(resources)) throw new TypeError('resources must be an array');
  return resources.map((each: Data, index) => {
    const path = `resources[${index}]`;
    if (typeof each !== 'object' || each === null) throw new TypeError(`${path} must be an object`);
    if (!Array.isArray(each[items])) throw new TypeError(`${path}.${items} must be an array`);
    const { scope, [items]: list, ...rest } = each;
    return { ...rest, [scopes]: [{ scope, [items]: list }] };
  });
}

function join(kind: number, name: string, resources: Data[]): Buffer {
  return encode(kind, { [name]: resources }, 'request');
}
