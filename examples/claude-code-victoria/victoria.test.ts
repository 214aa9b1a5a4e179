import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Capture, canaries, captures, parseRequest, totals } from '@otelier/testing';
import { createCollector, type LogsBatch, type MetricsBatch, type PipelinesConfig, type Signal } from 'otelier';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

interface Request {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const servers: Server[] = [];
let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'otelier-victoria-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true, force: true });
  for (const server of servers.splice(0)) server.close();
  vi.unstubAllEnvs();
});

/** Answers like VictoriaMetrics and VictoriaLogs: 200 with an empty body. */
async function standIn(): Promise<{ url: string; requests: Request[] }> {
  const requests: Request[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      requests.push({ path: request.url, headers: request.headers, body });
      response.writeHead(200).end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

async function replay(door: string, sessions: readonly Capture[]): Promise<void> {
  for (const { requests } of sessions) {
    for (const { signal, bytes } of requests) {
      if (signal === 'traces') continue;
      const headers = { 'content-type': 'application/x-protobuf' };
      const answer = await fetch(`${door}/v1/${signal}`, { method: 'POST', headers, body: new Uint8Array(bytes) });
      expect(answer.status).toBe(200);
    }
  }
}

test('metrics arrive at VictoriaMetrics as cumulative series, events at VictoriaLogs with their stream fields', async () => {
  const [metrics, logs] = [await standIn(), await standIn()];
  vi.stubEnv('VICTORIA_METRICS', metrics.url);
  vi.stubEnv('VICTORIA_LOGS', logs.url);
  vi.stubEnv('OTELIER_GRPC', '127.0.0.1:0');
  vi.stubEnv('OTELIER_HTTP', '127.0.0.1:0');
  vi.stubEnv('OTELIER_DATA', dataDir);
  const { default: config } = (await import('./pipeline.config.js')) as { default: PipelinesConfig };
  const collector = createCollector({ ...config, telemetry: { logLevel: 'warn' } });
  await collector.start();
  const door = Object.values(collector.endpoints())
    .flat()
    .find((endpoint) => endpoint.startsWith('http:'))!;
  const scenarios = ['tools', 'plain-prompts', 'sessions', 'temporality-cumulative'];
  const sessions = captures({ protocol: 'http/protobuf' }).filter(({ scenario }) => scenarios.includes(scenario));
  await replay(door, sessions);
  expect(await collector.shutdown()).toMatchObject({ clean: true, lost: 0 });

  const paths = (requests: readonly Request[]) => [...new Set(requests.map(({ path }) => path))];
  expect(paths(metrics.requests)).toEqual(['/opentelemetry/v1/metrics']);
  expect(paths(logs.requests)).toEqual(['/insert/opentelemetry/v1/logs']);
  for (const { headers } of [...metrics.requests, ...logs.requests])
    expect(headers['content-type']).toBe('application/x-protobuf');
  for (const { headers } of logs.requests) {
    expect(headers).toMatchObject({
      'vl-stream-fields': 'service.name,team.id',
      'vl-ignore-fields': 'event.timestamp',
    });
  }

  const read = (signal: Signal, requests: readonly Request[]) => requests.map(({ body }) => parseRequest(signal, body));
  const points = (read('metrics', metrics.requests) as MetricsBatch[]).flatMap((batch) =>
    [...batch.points()].map((point) => ({
      temporality: point.metric.temporality,
      session: point.attributes.has('session.id'),
    })),
  );
  expect(new Set(points.map(({ temporality }) => temporality))).toEqual(new Set(['cumulative']));
  expect(points.some(({ session }) => session)).toBe(false);

  const served: Record<string, number> = {};
  for (const { expected } of sessions) {
    for (const [kind, count] of Object.entries(expected.tokens))
      if (count > 0) served[kind] = (served[kind] ?? 0) + count;
  }
  expect(totals(read('metrics', metrics.requests)).tokens).toEqual(served);

  const events = (read('logs', logs.requests) as LogsBatch[]).reduce((sum, batch) => sum + batch.count, 0);
  const sent = sessions.flatMap(({ requests }) =>
    requests.filter(({ signal }) => signal === 'logs').map((request) => request.batch()),
  );
  expect(events).toBe(sent.reduce((sum, batch) => sum + batch.count, 0));
  expect([...metrics.requests, ...logs.requests].flatMap(({ body }) => canaries(body))).toEqual([]);
});
