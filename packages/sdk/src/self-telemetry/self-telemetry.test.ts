import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MetricsBatch, type NumberDataPoint } from '@otelier/otlp';
import { afterEach, expect, test } from 'vitest';
import { selfTelemetry } from './self-telemetry.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

test('what the meter counted arrives at the endpoint on shutdown, as protobuf with the headers given', async () => {
  const requests: { url: string | undefined; tenant: unknown; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ url: request.url, tenant: request.headers['x-tenant'], body: Buffer.concat(chunks) });
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;

  const telemetry = selfTelemetry({
    endpoint: `http://127.0.0.1:${port}/own/metrics`,
    interval: '1h',
    headers: { 'x-tenant': 'ops' },
  });
  telemetry.meter.createCounter('otelcol_receiver_accepted_log_records').add(7, { receiver: 'otlp' });
  await telemetry.shutdown();

  expect(requests.map(({ url, tenant }) => ({ url, tenant }))).toEqual([{ url: '/own/metrics', tenant: 'ops' }]);
  const [point] = MetricsBatch.parse(requests[0]!.body).points();
  expect(point!.metric.name).toBe('otelcol_receiver_accepted_log_records');
  expect((point as NumberDataPoint).value).toBe(7);
  expect(point!.resource.attributes.get('service.name')).toBe('otelier');
});

test('a shutdown ends well when nobody takes the metrics', async () => {
  const telemetry = selfTelemetry({ endpoint: 'http://127.0.0.1:9/v1/metrics', interval: '1s' });
  telemetry.meter.createCounter('lost').add(1);
  await expect(telemetry.shutdown()).resolves.toBeUndefined();
});

test('that nobody takes the metrics is logged, without what was written back', async () => {
  const server = createServer((_, response) => response.writeHead(403).end('secret-of-the-server'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`;
  const lines: unknown[] = [];
  const warn = (fields: object, message: string) => void lines.push([fields, message]);
  const logger = { debug() {}, info() {}, error() {}, warn };
  const telemetry = selfTelemetry({ endpoint: `${endpoint}?key=secret` }, logger);
  telemetry.meter.createCounter('a').add(1);
  await telemetry.shutdown();
  expect(lines).toEqual([[{ endpoint, reason: 403 }, "the collector's own metrics cannot be sent"]]);
});

test('wrong options are told by name', () => {
  expect(() => selfTelemetry({ endpoint: 'nowhere' })).toThrow(
    'selfTelemetry: endpoint: expected an http or https URL',
  );
  expect(() => selfTelemetry({ endpoint: 'http://127.0.0.1', interval: '0s' })).toThrow('selfTelemetry: interval');
});
