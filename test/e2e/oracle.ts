import { createRequire } from 'node:module';
import type { Signal } from '@otelier/core';

/** What protobufjs makes of a request, told apart from our own decoder: it shares no line with the code under test. */
interface Codec {
  decode(bytes: Uint8Array): object;
  toObject(message: object, options: object): object;
}

const root = createRequire(import.meta.url)('otlp-transformer-208/build/src/generated/root.js');
const { logs, metrics, trace } = root.opentelemetry.proto.collector;
const codecs: Record<Signal, Codec> = {
  logs: logs.v1.ExportLogsServiceRequest,
  metrics: metrics.v1.ExportMetricsServiceRequest,
  traces: trace.v1.ExportTraceServiceRequest,
};

type Value = { [kind: string]: unknown } | undefined;
interface KeyValue {
  key: string;
  value: Value;
}
interface Decoded {
  resource: { attributes?: KeyValue[] };
  scope: { name: string; version: string };
  // The three signals differ below this point; the readers in this file know which one they hold.
  item: Record<string, unknown>;
}

/** An attribute's value as JavaScript has it: integers are numbers, arrays are arrays. */
function plain(value: Value): unknown {
  if (value === undefined) return undefined;
  const [kind, content] = Object.entries(value)[0] ?? [];
  if (kind === 'intValue') return Number(content);
  if (kind === 'arrayValue') return ((content as { values?: Value[] }).values ?? []).map(plain);
  if (kind === 'kvlistValue') return attributes((content as { values?: KeyValue[] }).values);
  return content;
}

const attributes = (list: readonly KeyValue[] = []): Record<string, unknown> =>
  Object.fromEntries(list.map(({ key, value }) => [key, plain(value)]));

function decode(signal: Signal, bytes: Uint8Array): Record<string, unknown>[] {
  const options = { longs: String, bytes: String, defaults: false };
  const request = codecs[signal].toObject(codecs[signal].decode(bytes), options) as Record<
    string,
    Record<string, unknown>[]
  >;
  return request[{ logs: 'resourceLogs', metrics: 'resourceMetrics', traces: 'resourceSpans' }[signal]] ?? [];
}

function items(signal: Signal, bytes: Uint8Array): Decoded[] {
  const [scopes, each] = {
    logs: ['scopeLogs', 'logRecords'],
    metrics: ['scopeMetrics', 'metrics'],
    traces: ['scopeSpans', 'spans'],
  }[signal] as [string, string];
  return decode(signal, bytes).flatMap((resource) =>
    ((resource[scopes] ?? []) as Record<string, unknown>[]).flatMap((scope) =>
      ((scope[each] ?? []) as Record<string, unknown>[]).map(
        (item) => ({ resource: resource.resource, scope: scope.scope, item }) as Decoded,
      ),
    ),
  );
}

/** A log record or span, with what stands above it, in a form that two spellings of the same record share. */
export interface Item {
  readonly resource: Record<string, unknown>;
  readonly scope: string;
  readonly time: string;
  readonly name: unknown;
  readonly ids: string;
  readonly attributes: Record<string, unknown>;
  readonly events: readonly { readonly name: unknown; readonly attributes: Record<string, unknown> }[];
}

const heading = ({ resource, scope }: Decoded) => ({
  resource: attributes(resource?.attributes),
  scope: `${scope?.name}@${scope?.version}`,
});

/** The log records of a request, in order. */
export function logRecords(bytes: Uint8Array): Item[] {
  return items('logs', bytes).map((decoded) => {
    const { item } = decoded;
    return {
      ...heading(decoded),
      time: `${item.timeUnixNano} ${item.observedTimeUnixNano}`,
      name: plain(item.body as Value),
      ids: `${item.traceId ?? ''} ${item.spanId ?? ''}`,
      attributes: attributes(item.attributes as KeyValue[]),
      events: [],
    };
  });
}

/** The spans of a request, in order. */
export function spans(bytes: Uint8Array): Item[] {
  return items('traces', bytes).map((decoded) => {
    const { item } = decoded;
    return {
      ...heading(decoded),
      time: `${item.startTimeUnixNano} ${item.endTimeUnixNano}`,
      name: item.name,
      ids: `${item.traceId} ${item.spanId} ${item.parentSpanId ?? ''}`,
      attributes: attributes(item.attributes as KeyValue[]),
      events: ((item.events ?? []) as { name: string; attributes: KeyValue[] }[]).map((event) => ({
        name: event.name,
        attributes: attributes(event.attributes),
      })),
    };
  });
}

/** A number point of a sum. */
export interface SumPoint {
  readonly metric: string;
  readonly temporality: number;
  readonly start: string;
  readonly time: string;
  readonly value: number;
  readonly resource: Record<string, unknown>;
  readonly attributes: Record<string, unknown>;
}

/** The points of every sum of a request, in order. */
export function sumPoints(bytes: Uint8Array): SumPoint[] {
  return items('metrics', bytes).flatMap((decoded) => {
    const sum = decoded.item.sum as
      | { aggregationTemporality: number; dataPoints?: Record<string, unknown>[] }
      | undefined;
    return (sum?.dataPoints ?? []).map((point) => ({
      metric: decoded.item.name as string,
      temporality: sum?.aggregationTemporality ?? 0,
      start: String(point.startTimeUnixNano),
      time: String(point.timeUnixNano),
      value: Number(point.asDouble ?? point.asInt ?? 0),
      resource: attributes(decoded.resource?.attributes),
      attributes: attributes(point.attributes as KeyValue[]),
    }));
  });
}
