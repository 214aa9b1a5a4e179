import { connect } from 'node:net';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import {
  type Collector,
  createCollector,
  exporter,
  type PipelinesConfig,
  type Signal,
  type StatusData,
  signals,
} from '@otelier/core';
import { buildLogs, buildMetrics, buildTraces } from '@otelier/otlp';
import { afterEach, describe, expect, test } from 'vitest';
import { otlpReceiver } from '../otlp.js';

const text = 'x'.repeat(400);
const bodies: Readonly<Record<Signal, Buffer>> = {
  logs: Buffer.from(buildLogs([{ records: [{ body: text }] }]).bytes()),
  metrics: Buffer.from(
    buildMetrics([{ metrics: [{ name: 'n', gauge: { points: [{ value: 1, attributes: { text } }] } }] }]).bytes(),
  ),
  traces: Buffer.from(
    buildTraces([{ spans: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: text }] }]).bytes(),
  ),
};
const services: Readonly<Record<Signal, string>> = { logs: 'Logs', metrics: 'Metrics', traces: 'Trace' };

let running: Collector | undefined;
const after: (() => void)[] = [];
afterEach(async () => {
  for (const end of after.splice(0)) end();
  await running?.shutdown();
});

/** A collector whose exporter answers when the test ends, with both doors on free ports. */
async function collector(limits: PipelinesConfig['limits']) {
  const pipeline = { receivers: [otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0' })] };
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  after.push(release);
  const exporters = [exporter('held', { logs: () => released, metrics: () => released, traces: () => released })];
  const all = Object.fromEntries(signals.map((signal) => [signal, { all: { ...pipeline, exporters } }]));
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const made = createCollector({ limits, health: { endpoint: '127.0.0.1:0' }, ...all } as PipelinesConfig, { logger });
  running = made;
  await made.start();
  const status = async () => (await (await fetch(`${made.health().endpoint}/status`)).json()) as StatusData;
  const addresses = Object.values((await status()).receivers).flat();
  const portOf = (scheme: string) =>
    Number(
      addresses
        .find((each) => each.startsWith(scheme))
        ?.split(':')
        .at(-1),
    );
  return { inFlight: async () => (await status()).inFlight, httpPort: portOf('http://'), grpcPort: portOf('grpc://') };
}

/** The status of the answer to a request from this address; undefined while there is none. */
function overHttp(port: number, signal: Signal, localAddress = '127.0.0.1'): { status: string | undefined } {
  const heard: { status: string | undefined } = { status: undefined };
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  after.push(() => socket.destroy());
  socket.on('data', (chunk) => (heard.status ??= chunk.toString('latin1').slice(9, 12)));
  const body = bodies[signal];
  socket.write(
    `POST /v1/${signal} HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  socket.write(body);
  return heard;
}

function overGrpc(port: number, signal: Signal): { status: string | undefined } {
  const heard: { status: string | undefined } = { status: undefined };
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  after.push(() => client.close());
  const name = services[signal];
  const path = `/opentelemetry.proto.collector.${name.toLowerCase()}.v1.${name}Service/Export`;
  const asIs = (bytes: Buffer) => bytes;
  client.makeUnaryRequest(path, asIs, asIs, bodies[signal], (error: ServiceError | null) => {
    heard.status = error?.code === status.RESOURCE_EXHAUSTED ? '429' : String(error?.code ?? 'ok');
  });
  return heard;
}

describe('the byte budget of a collector, at its doors', () => {
  test.each([
    ['HTTP', 'httpPort', overHttp],
    ['gRPC', 'grpcPort', overGrpc],
  ] as const)('%s: the signal that matters least is refused first', async (_, door, send) => {
    // Of 1,600 bytes traces may fill 800, logs 1,200; one request is of about 430.
    const { inFlight, [door]: port } = await collector({ inFlight: '1600B', priority: ['metrics', 'logs', 'traces'] });
    const bytes = async () => (await inFlight()).bytes;
    send(port, 'traces');
    await expect.poll(bytes).toBeGreaterThan(400);
    const trace = send(port, 'traces');
    await expect.poll(() => trace.status).toBe('429');
    const log = send(port, 'logs');
    await expect.poll(bytes).toBeGreaterThan(800);
    const secondLog = send(port, 'logs');
    await expect.poll(() => secondLog.status).toBe('429');
    const metric = send(port, 'metrics');
    await expect.poll(bytes).toBeGreaterThan(1200);
    expect([log.status, metric.status]).toEqual([undefined, undefined]);
    expect((await inFlight()).refusedRequests).toEqual({ priority: 2 });
  });

  test('a client that has had its share is refused, and that counts as a want of room', async () => {
    const { inFlight, httpPort } = await collector({ inFlight: '2000B' });
    // Half of it is for whoever comes; beyond that each of two may hold a quarter.
    overHttp(httpPort, 'logs', '127.0.0.2');
    overHttp(httpPort, 'logs');
    await expect.poll(async () => (await inFlight()).bytes).toBeGreaterThan(800);
    const more = overHttp(httpPort, 'logs');
    await expect.poll(() => more.status).toBe('429');
    expect((await inFlight()).refusedRequests).toEqual({ 'client share': 1 });
  });
});
