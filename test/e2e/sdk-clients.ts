import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ExportResult } from '@opentelemetry/core';
import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { AggregationTemporality, DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Protocol } from '@otelier/testing';
import type { Item, SumPoint } from './oracle.js';

/** Where the two doors of the receiver are. */
export interface Doors {
  readonly http: string;
  readonly grpc: string;
}

const time = (nanos: string): [number, number] => [
  Number(BigInt(nanos) / 1_000_000_000n),
  Number(BigInt(nanos) % 1_000_000_000n),
];
const scopeOf = (scope: string) => ({ name: scope.split('@')[0] as string, version: scope.split('@')[1] as string });

async function send<T>(
  exporter: { export(items: T, done: (result: ExportResult) => void): void; shutdown(): Promise<void> },
  what: T,
): Promise<void> {
  const result = await new Promise<ExportResult>((resolve) => exporter.export(what, resolve));
  await exporter.shutdown();
  if (result.code !== 0) throw result.error ?? new Error('the SDK exporter failed');
}

/** Sends recorded log records again through the SDK's own exporter for this protocol. */
export async function sendLogs(protocol: Protocol, doors: Doors, records: readonly Item[]): Promise<void> {
  const readable = records.map((record): ReadableLogRecord => {
    const [hrTime, hrTimeObserved] = record.time.split(' ').map(time) as [[number, number], [number, number]];
    return {
      hrTime,
      hrTimeObserved,
      body: record.name as string,
      attributes: record.attributes as ReadableLogRecord['attributes'],
      resource: resourceFromAttributes(record.resource as Record<string, string>),
      instrumentationScope: scopeOf(record.scope),
      droppedAttributesCount: 0,
    } as ReadableLogRecord;
  });
  const exporter =
    protocol === 'grpc'
      ? new GrpcLogs({ url: doors.grpc })
      : protocol === 'http/json'
        ? new JsonLogs({ url: `${doors.http}/v1/logs` })
        : new ProtoLogs({ url: `${doors.http}/v1/logs` });
  await send(exporter, readable);
}

/** Sends recorded sums again through the SDK's own exporter for this protocol. */
export async function sendSums(protocol: Protocol, doors: Doors, points: readonly SumPoint[]): Promise<void> {
  const byMetric = new Map<string, SumPoint[]>();
  for (const point of points) byMetric.set(point.metric, [...(byMetric.get(point.metric) ?? []), point]);
  const metrics = [...byMetric].map(([name, ofMetric]) => ({
    descriptor: { name, description: '', unit: '', valueType: 1, advice: {} },
    aggregationTemporality:
      ofMetric[0]?.temporality === 1 ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.SUM as const,
    isMonotonic: true,
    dataPoints: ofMetric.map((point) => ({
      startTime: time(point.start),
      endTime: time(point.time),
      attributes: point.attributes as Record<string, string>,
      value: point.value,
    })),
  }));
  const resourceMetrics = {
    resource: resourceFromAttributes((points[0]?.resource ?? {}) as Record<string, string>),
    scopeMetrics: [{ scope: { name: 'com.anthropic.claude_code', version: '2.1.330' }, metrics }],
  } as unknown as ResourceMetrics;
  const exporter =
    protocol === 'grpc'
      ? new GrpcMetrics({ url: doors.grpc })
      : protocol === 'http/json'
        ? new JsonMetrics({ url: `${doors.http}/v1/metrics` })
        : new ProtoMetrics({ url: `${doors.http}/v1/metrics` });
  await send(exporter, resourceMetrics);
}

/** Sends recorded spans again through the SDK's own exporter for this protocol. */
export async function sendSpans(protocol: Protocol, doors: Doors, items: readonly Item[]): Promise<void> {
  const readable = items.map((item): ReadableSpan => {
    const [startTime, endTime] = item.time.split(' ').map(time) as [[number, number], [number, number]];
    const hex = (base64: string) => Buffer.from(base64, 'base64').toString('hex');
    const [traceId = '', spanId = '', parent = ''] = item.ids.split(' ').map(hex);
    const context = { traceId, traceFlags: 1 };
    return {
      name: item.name as string,
      kind: SpanKind.INTERNAL,
      spanContext: () => ({ ...context, spanId }),
      ...(parent === '' ? {} : { parentSpanContext: { ...context, spanId: parent } }),
      startTime,
      endTime,
      duration: [0, 0],
      ended: true,
      status: { code: SpanStatusCode.UNSET },
      attributes: item.attributes as ReadableSpan['attributes'],
      links: [],
      events: item.events.map((event) => ({
        name: event.name as string,
        time: startTime,
        attributes: event.attributes as Record<string, string>,
      })),
      resource: resourceFromAttributes(item.resource as Record<string, string>),
      instrumentationScope: scopeOf(item.scope),
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    } as ReadableSpan;
  });
  const exporter =
    protocol === 'grpc'
      ? new GrpcTraces({ url: doors.grpc })
      : protocol === 'http/json'
        ? new JsonTraces({ url: `${doors.http}/v1/traces` })
        : new ProtoTraces({ url: `${doors.http}/v1/traces` });
  await send(exporter, readable);
}
