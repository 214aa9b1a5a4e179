import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Exporter, type Signal, signals } from '@otelier/core';
import { expect } from 'vitest';
import { otlpExporterFromEnv } from '../../../packages/exporters/src/otlp/otlp.js';
import { testFlow, testHost } from '../../../packages/exporters/test/host.js';
import { grpcServer, httpServer, type Seen } from '../../../packages/exporters/test/servers.js';
import { parseRequest } from '../../../packages/testing/src/captures/request.js';
import { sample } from '../receiver/server.js';
import { type Row, rowsOf } from '../row.js';
import { sendingHttp } from './backend.js';

type Env = Readonly<Record<string, string>>;

const tls = (file: string) => fileURLToPath(new URL(`../../../packages/exporters/test/tls/${file}`, import.meta.url));

function fromEnv(env: Env): Exporter<Signal> {
  const named = Object.entries(env).map(([name, value]) => [`OTEL_EXPORTER_OTLP_${name}`, value]);
  const exporter = otlpExporterFromEnv(Object.fromEntries(named));
  return exporter ?? expect.unreachable('the variables name no endpoint');
}

/** Sends one recorded request of a signal. */
async function send(exporter: Exporter<Signal>, signal: Signal): Promise<void> {
  const stage = exporter[signal](testHost({ signal }));
  await stage.start?.();
  try {
    await stage.consume(parseRequest(signal, Buffer.from(sample(signal, 'protobuf'))) as never, testFlow());
  } finally {
    await stage.close?.();
  }
}

/** What a server sees of all three signals with these variables. */
async function sent(env: (url: string) => Env): Promise<readonly Seen[]> {
  const server = await httpServer(() => ({}));
  try {
    for (const signal of signals) await send(fromEnv(env(server.url)), signal);
  } finally {
    await server.close();
  }
  return server.seen;
}

/** Where the signals go, as printed. */
function targets(env: Env): Readonly<Record<string, string>> {
  const shown = fromEnv(env).options as Readonly<Record<Signal, { endpoints: Record<string, string> }>>;
  return Object.fromEntries(signals.map((signal) => [signal, shown[signal].endpoints[signal] as string]));
}

/** An option in force for each signal. */
function option(env: Env, name: string): unknown[] {
  const shown = fromEnv(env).options as Readonly<Record<Signal, Readonly<Record<string, unknown>>>>;
  return signals.map((signal) => shown[signal][name]);
}

const endpoint = { ENDPOINT: 'http://collector:4318' };
const urls = 'Endpoint URLs for OTLP/HTTP';
const options = 'Configuration Options';

/** What the specification of OTLP exporters asks of `OTEL_EXPORTER_OTLP_*`. */
export const environmentRows: readonly Row[] = rowsOf('exporter-env', 'Exporter', [
  [
    'endpoint-base',
    urls,
    'MUST',
    'to the common endpoint v1/<signal> is appended',
    async () => {
      expect(targets(endpoint)).toEqual({
        logs: 'http://collector:4318/v1/logs',
        metrics: 'http://collector:4318/v1/metrics',
        traces: 'http://collector:4318/v1/traces',
      });
    },
  ],
  [
    'endpoint-base-path',
    urls,
    'MUST',
    'a path of the common endpoint stays in front, with or without a slash at its end',
    async () => {
      for (const base of ['http://collector:4318/mine', 'http://collector:4318/mine/']) {
        expect(targets({ ENDPOINT: base }).logs).toBe('http://collector:4318/mine/v1/logs');
      }
    },
  ],
  [
    'endpoint-as-is',
    urls,
    'MUST',
    "a signal's own endpoint is used as it is",
    async () => {
      const own = { ...endpoint, METRICS_ENDPOINT: 'https://collector.example.com/v1/metrics/' };
      expect(targets(own)).toMatchObject({
        metrics: 'https://collector.example.com/v1/metrics/',
        logs: 'http://collector:4318/v1/logs',
      });
    },
  ],
  [
    'endpoint-root',
    urls,
    'MUST',
    "a signal's own endpoint without a path means the root path",
    async () => {
      const seen = await sent((url) => ({ ...endpoint, ENDPOINT: url, TRACES_ENDPOINT: url }));
      expect(seen.map(({ path }) => path)).toEqual(['/v1/logs', '/v1/metrics', '/']);
    },
  ],
  [
    'endpoint-port',
    urls,
    'MUST',
    'without a port it is that of the scheme',
    async () => {
      expect(targets({ ENDPOINT: 'http://collector' }).logs).toBe('http://collector/v1/logs');
      expect(targets({ ENDPOINT: 'https://collector:443' }).logs).toBe('https://collector/v1/logs');
    },
  ],
  [
    'endpoint-precedence',
    options,
    'MUST',
    'every option can be set for one signal alone',
    async () => {
      const env = {
        ...endpoint,
        PROTOCOL: 'http/json',
        LOGS_PROTOCOL: 'http/protobuf',
        COMPRESSION: 'none',
        METRICS_COMPRESSION: 'gzip',
        TIMEOUT: '1000',
        TRACES_TIMEOUT: '2000',
        HEADERS: 'a=1',
        LOGS_HEADERS: 'b=2',
      };
      expect(option(env, 'protocol')).toEqual(['http/protobuf', 'http/json', 'http/json']);
      expect(option(env, 'compression')).toEqual(['none', 'gzip', 'none']);
      expect(option(env, 'timeoutMs')).toEqual([1000, 1000, 2000]);
      expect(option(env, 'headers')).toEqual([['b: ***'], ['a: ***'], ['a: ***']]);
    },
  ],
  [
    'protocol-default',
    'Specify Protocol',
    'SHOULD',
    'the protocol is http/protobuf unless told otherwise',
    async () => {
      expect(option(endpoint, 'protocol')).toEqual(['http/protobuf', 'http/protobuf', 'http/protobuf']);
    },
  ],
  [
    'protocol-values',
    options,
    'MUST',
    'the protocol is one of grpc, http/protobuf and http/json',
    async () => {
      for (const PROTOCOL of ['grpc', 'http/protobuf', 'http/json'])
        expect(option({ ...endpoint, PROTOCOL }, 'protocol')).toContain(PROTOCOL);
      expect(() => fromEnv({ ...endpoint, PROTOCOL: 'http/xml' })).toThrow('OTEL_EXPORTER_OTLP_PROTOCOL');
    },
  ],
  [
    'protocol-grpc',
    'Specify Protocol',
    'SHOULD',
    'grpc is spoken when asked for',
    async () => {
      const server = await grpcServer(() => Buffer.alloc(0));
      await send(fromEnv({ ENDPOINT: server.url, PROTOCOL: 'grpc' }), 'logs');
      await server.close();
      expect(server.seen).toHaveLength(1);
    },
  ],
  [
    'compression-values',
    options,
    'MUST',
    'compression is gzip or none',
    async () => {
      const seen = await sent((url) => ({ ENDPOINT: url, COMPRESSION: 'gzip', LOGS_COMPRESSION: 'none' }));
      expect(seen.map(({ headers }) => headers['content-encoding'])).toEqual([undefined, 'gzip', 'gzip']);
    },
  ],
  [
    'timeout-default',
    options,
    'MUST',
    'an export may take 10 s unless told otherwise',
    async () => {
      expect(option(endpoint, 'timeoutMs')).toEqual([10_000, 10_000, 10_000]);
    },
  ],
  [
    'timeout',
    options,
    'MUST',
    'the time-out is in milliseconds, and ends the wait',
    async () => {
      const server = await httpServer(() => ({ hang: true }));
      await expect(send(fromEnv({ ENDPOINT: server.url, TIMEOUT: '50' }), 'logs')).rejects.toThrow(
        'no answer within 50 ms',
      );
      await server.close();
    },
  ],
  [
    'headers',
    'Specifying headers via environment variables',
    'MUST',
    'headers are a list as in W3C Baggage, with percent-encoded values',
    async () => {
      const HEADERS = 'authorization=Basic%20YQ%3D%3D, x-scope = a%2Cb,x-equals=a=b';
      const [seen] = await sent((url) => ({ ENDPOINT: url, HEADERS }));
      expect(seen?.headers).toMatchObject({ authorization: 'Basic YQ==', 'x-scope': 'a,b', 'x-equals': 'a=b' });
    },
  ],
  [
    'headers-text',
    'Specifying headers via environment variables',
    'MUST',
    'all values are strings',
    async () => {
      const [seen] = await sent((url) => ({ ENDPOINT: url, HEADERS: 'x-number=1e3,x-truth=true' }));
      expect(seen?.headers).toMatchObject({ 'x-number': '1e3', 'x-truth': 'true' });
    },
  ],
  [
    'headers-grpc',
    options,
    'MUST',
    'headers are metadata over gRPC',
    async () => {
      const server = await grpcServer(() => Buffer.alloc(0));
      await send(fromEnv({ ENDPOINT: server.url, PROTOCOL: 'grpc', HEADERS: 'x-tenant=a' }), 'logs');
      await server.close();
      expect(server.seen[0]?.headers).toMatchObject({ 'x-tenant': 'a' });
    },
  ],
  [
    'certificate',
    options,
    'MUST',
    'CERTIFICATE names the only authorities to trust, https is secure, CLIENT_KEY and CLIENT_CERTIFICATE are shown',
    async () => {
      const pair = { key: readFileSync(tls('server.key.pem')), cert: readFileSync(tls('server.cert.pem')) };
      let shown: object = {};
      const server = createServer(
        { ...pair, ca: pair.cert, requestCert: true, rejectUnauthorized: true },
        (request, response) => {
          shown = (request.socket as import('node:tls').TLSSocket).getPeerCertificate().subject;
          request.resume().on('end', () => response.end());
        },
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const ENDPOINT = `https://localhost:${(server.address() as AddressInfo).port}`;
      const files = {
        CERTIFICATE: tls('server.cert.pem'),
        CLIENT_KEY: tls('server.key.pem'),
        CLIENT_CERTIFICATE: tls('server.cert.pem'),
      };
      await send(fromEnv({ ENDPOINT, ...files }), 'logs');
      expect(shown).toMatchObject({ CN: expect.any(String) });
      await expect(send(fromEnv({ ENDPOINT }), 'logs')).rejects.toThrow('no answer');
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  ],
  [
    'insecure',
    options,
    'MAY',
    'INSECURE decides over gRPC where the endpoint has no scheme; false unless told',
    async () => {
      const server = await grpcServer(() => Buffer.alloc(0));
      const bare = `127.0.0.1:${server.port}`;
      await send(fromEnv({ ENDPOINT: bare, PROTOCOL: 'grpc', INSECURE: 'true' }), 'logs');
      expect(server.seen).toHaveLength(1);
      expect(targets({ ENDPOINT: bare, PROTOCOL: 'grpc' }).logs).toBe(`https://${bare}`);
      await server.close();
    },
  ],
  [
    'insecure-scheme',
    options,
    'MUST',
    'over gRPC the scheme of the endpoint goes before INSECURE',
    async () => {
      const secure = targets({ ENDPOINT: 'https://collector:4317', PROTOCOL: 'grpc', INSECURE: 'true' });
      expect(secure.logs).toBe('https://collector:4317');
      expect(targets({ ENDPOINT: 'http://collector:4317', PROTOCOL: 'grpc', INSECURE: 'false' }).logs).toBe(
        'http://collector:4317',
      );
    },
  ],
  [
    'max-request-size',
    options,
    'MUST',
    'the size of requests can be configured',
    () =>
      sendingHttp(
        () => ({}),
        async (sending) => {
          await sending.export();
          expect(sending.seen.length).toBeGreaterThan(1);
        },
        { maxBytes: '1KiB' },
      ),
  ],
  [
    'empty-is-unset',
    options,
    'MUST',
    'an empty variable is as one that is not set',
    async () => {
      expect(option({ ...endpoint, PROTOCOL: '', TIMEOUT: ' ' }, 'timeoutMs')).toEqual([10_000, 10_000, 10_000]);
    },
  ],
]);
