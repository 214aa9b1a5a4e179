import { expect } from 'vitest';
import { grpcServer, httpServer } from '../../../packages/exporters/test/servers.js';
import { type Row, rowsOf } from '../row.js';
import { sendingHttp } from './backend.js';
import { fromEnv, option, send, sent, targets } from './from-env.js';

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
