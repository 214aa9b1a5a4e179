import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPLogExporter as LogsGrpc } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as LogsJson } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as LogsProto } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as MetricsGrpc } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as MetricsJson } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as MetricsProto } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as TracesGrpc } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as TracesJson } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as TracesProto } from '@opentelemetry/exporter-trace-otlp-proto';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { RunningReceiver } from '@otelier/core';
import { PipelineError } from '@otelier/core';
import type { LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';
import { afterEach, expect, test } from 'vitest';
import { type Arrived, serve as serveReceiver } from '../../test/harness.js';
import { otlpReceiver } from './otlp.js';

let running: RunningReceiver;
afterEach(() => running?.close());

async function serve(take?: (arrived: Arrived) => void) {
  const served = await serveReceiver(otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0' }), take);
  running = served;
  return served;
}

interface Exporter<T> {
  export(items: T, done: (result: ExportResult) => void): void;
  shutdown(): Promise<void>;
}

async function send<T>(exporter: Exporter<T>, items: T): Promise<ExportResult> {
  const result = await new Promise<ExportResult>((resolve) => exporter.export(items, resolve));
  await exporter.shutdown();
  return result;
}

async function someLogs() {
  const memory = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: memory })] });
  provider.getLogger('test').emit({ body: 'hello', attributes: { 'event.name': 'user_prompt', n: 3 } });
  await provider.forceFlush();
  return [...memory.getFinishedLogRecords()];
}

async function someMetrics() {
  const memory = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({ exporter: memory, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  provider.getMeter('test').createCounter('tokens').add(7, { model: 'a' });
  provider.getMeter('test').createHistogram('seconds').record(0.3);
  await provider.forceFlush();
  const [first] = memory.getMetrics();
  await provider.shutdown();
  return first as NonNullable<typeof first>;
}

async function someSpans() {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
  provider
    .getTracer('test')
    .startSpan('work', { attributes: { tool: 'Bash' } })
    .end();
  await provider.forceFlush();
  return memory.getFinishedSpans();
}

const gzip = { compression: 'gzip' as never };

test("the SDK's nine exporters deliver, compressed and not", async () => {
  const { http, grpc, arrived } = await serve();
  const [logs, metrics, spans] = [await someLogs(), await someMetrics(), await someSpans()];
  const url = (signal: string) => ({ url: `${http}/v1/${signal}` });
  const rpc = { url: `http://${grpc}` };
  for (const more of [{}, gzip]) {
    for (const Exporter of [LogsJson, LogsProto])
      expect(await send(new Exporter({ ...url('logs'), ...more }), logs)).toEqual({ code: ExportResultCode.SUCCESS });
    for (const Exporter of [MetricsJson, MetricsProto])
      expect(await send(new Exporter({ ...url('metrics'), ...more }), metrics)).toEqual({
        code: ExportResultCode.SUCCESS,
      });
    for (const Exporter of [TracesJson, TracesProto])
      expect(await send(new Exporter({ ...url('traces'), ...more }), spans)).toEqual({
        code: ExportResultCode.SUCCESS,
      });
    expect(await send(new LogsGrpc({ ...rpc, ...more }), logs)).toEqual({ code: ExportResultCode.SUCCESS });
    expect(await send(new MetricsGrpc({ ...rpc, ...more }), metrics)).toEqual({ code: ExportResultCode.SUCCESS });
    expect(await send(new TracesGrpc({ ...rpc, ...more }), spans)).toEqual({ code: ExportResultCode.SUCCESS });
  }
  expect(arrived).toHaveLength(18);
  for (const { batch } of arrived) {
    if (batch.signal === 'logs') {
      const [record] = [...(batch as LogsBatch).records()];
      expect(record?.body).toBe('hello');
      expect(record?.attributes.toObject()).toEqual({ 'event.name': 'user_prompt', n: 3 });
    } else if (batch.signal === 'metrics') {
      expect([...(batch as MetricsBatch).metrics()].map(({ name, type }) => [name, type])).toEqual([
        ['tokens', 'sum'],
        ['seconds', 'histogram'],
      ]);
    } else {
      const [span] = [...(batch as TracesBatch).spans()];
      expect([span?.name, span?.attributes.get('tool')]).toEqual(['work', 'Bash']);
    }
  }
});

test.each(['overloaded', 'unavailable'] as const)('the SDK comes back after %s when it was told to', async (code) => {
  const times: number[] = [];
  const { http, arrived } = await serve(() => {
    times.push(performance.now());
    if (times.length === 1) throw new PipelineError(code, 'not now', { retryAfterMs: 1000 });
  });
  expect(await send(new LogsProto({ url: `${http}/v1/logs` }), await someLogs())).toEqual({
    code: ExportResultCode.SUCCESS,
  });
  expect(arrived).toHaveLength(2);
  expect((times[1] as number) - (times[0] as number)).toBeGreaterThan(950);
});

test('the SDK does not send again what was refused for good', async () => {
  const { http, arrived } = await serve(() => {
    throw new PipelineError('rejected', 'bad');
  });
  expect((await send(new LogsJson({ url: `${http}/v1/logs` }), await someLogs())).code).toBe(ExportResultCode.FAILED);
  expect(arrived).toHaveLength(1);
});
