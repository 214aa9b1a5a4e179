import { gunzipSync } from 'node:zlib';
import { type Exporter, type Signal, signals } from '@otelier/core';
import { buildLogs, LogsBatch } from '@otelier/otlp';
import { expect } from 'vitest';
import { otlpExporter } from '../../../packages/exporters/src/otlp/otlp.js';
import { logs, testFlow, testHost } from '../../../packages/exporters/test/host.js';
import { httpServer } from '../../../packages/exporters/test/servers.js';
import { parseRequest } from '../../../packages/testing/src/captures/request.js';
import { sample, types } from '../receiver/server.js';
import { type Row, rowsOf } from '../row.js';
import { recordedLogs, sendingHttp } from './backend.js';

const ok = () => ({ status: 200, headers: { 'content-type': types.protobuf } });
const MiB = 1024 * 1024;
/** What OTLP asks of an HTTP client: requests and connections. */
export const httpExporterRows: readonly Row[] = rowsOf('exporter-http', 'OTLP', [
  [
    'paths',
    'OTLP/HTTP Request',
    'MUST',
    'each signal is posted to its default path',
    async () => {
      const server = await httpServer(ok);
      const exporter: Exporter<Signal> = otlpExporter({ endpoint: server.url });
      for (const signal of signals) {
        const stage = exporter[signal](testHost({ signal }));
        await stage.start?.();
        await stage.consume(
          parseRequest(signal, Buffer.from(sample(signal, 'protobuf')), 'protobuf') as never,
          testFlow(),
        );
        await stage.close?.();
      }
      await server.close();
      expect(server.seen.map(({ path }) => path)).toEqual(['/v1/logs', '/v1/metrics', '/v1/traces']);
    },
  ],
  [
    'content-type-protobuf',
    'Binary Protobuf Encoding',
    'MUST',
    'protobuf is sent as application/x-protobuf',
    () =>
      sendingHttp(ok, async (sending) => {
        await sending.export();
        expect(sending.seen[0]?.headers['content-type']).toBe(types.protobuf);
        expect(sending.seen[0]?.body).toEqual(sample('logs', 'protobuf'));
      }),
  ],
  [
    'content-type-json',
    'JSON Protobuf Encoding',
    'MUST',
    'JSON is sent as application/json',
    () =>
      sendingHttp(
        ok,
        async (sending) => {
          await sending.export();
          expect(sending.seen[0]?.headers['content-type']).toBe(types.json);
          expect(JSON.parse(String(sending.seen[0]?.body)).resourceLogs).toHaveLength(1);
        },
        { protocol: 'http/json' },
      ),
  ],
  [
    'json-mapping',
    'JSON Protobuf Encoding',
    'MUST',
    'sent JSON has hex ids, integer enums, 64-bit integers as text, lowerCamelCase',
    () =>
      sendingHttp(
        ok,
        async (sending) => {
          const given =
            '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1795334679291000001","severityNumber":9,"traceId":"5b8efff798038103d269b633813fc60c","body":{"intValue":"7"}}]}]}]}';
          await sending.export(LogsBatch.fromJson(given));
          expect(JSON.parse(String(sending.seen[0]?.body))).toEqual(JSON.parse(given));
        },
        { protocol: 'http/json' },
      ),
  ],
  [
    'gzip',
    'OTLP/HTTP Request',
    'MUST',
    'what is sent in gzip says so in Content-Encoding',
    () =>
      sendingHttp(
        ok,
        async (sending) => {
          await sending.export();
          expect(sending.seen[0]?.headers['content-encoding']).toBe('gzip');
          expect(gunzipSync(sending.seen[0]?.raw as Buffer)).toEqual(sample('logs', 'protobuf'));
        },
        { compression: 'gzip' },
      ),
  ],
  [
    'no-gzip',
    'OTLP/HTTP Request',
    'MUST',
    'what is sent plainly has no Content-Encoding',
    () =>
      sendingHttp(
        ok,
        async (sending) => {
          await sending.export();
          expect(sending.seen[0]?.headers['content-encoding']).toBeUndefined();
        },
        { compression: 'none' },
      ),
  ],
  [
    'accept-encoding',
    'OTLP/HTTP Request',
    'MAY',
    'a client that cannot read gzip does not ask for it',
    () =>
      sendingHttp(ok, async (sending) => {
        await sending.export();
        expect(sending.seen[0]?.headers['accept-encoding']).toBeUndefined();
      }),
  ],
  [
    'path-configurable',
    'OTLP/HTTP Request',
    'MAY',
    'another path can be configured',
    async () => {
      const server = await httpServer(ok);
      const stage = otlpExporter({ logsEndpoint: `${server.url}/insert/logs` }).logs(testHost());
      await stage.start?.();
      await stage.consume(recordedLogs(), testFlow());
      await stage.close?.();
      await server.close();
      expect(server.seen[0]?.path).toBe('/insert/logs');
    },
  ],
  [
    'request-limit',
    'OTLP/HTTP Request',
    'SHOULD',
    'a request that is too large before compression is not made: it is split',
    () =>
      sendingHttp(
        ok,
        async (sending) => {
          expect((await sending.export(logs(200))).error).toBeUndefined();
          expect(sending.seen.length).toBeGreaterThan(1);
          for (const { body } of sending.seen) expect(body.length).toBeLessThanOrEqual(1024);
        },
        { maxBytes: '1KiB' },
      ),
  ],
  [
    'request-limit-single',
    'OTLP/HTTP Request',
    'MUST NOT',
    'what cannot be split below the limit is not sent, and that is recorded',
    () =>
      sendingHttp(
        ok,
        async (sending) => {
          const { error } = await sending.export(logs(1, 'a'.repeat(5000)));
          expect([sending.seen.length, error?.code, error?.retryable]).toEqual([0, 'too-large', false]);
        },
        { maxBytes: '1KiB' },
      ),
  ],
  [
    'request-limit-default',
    'OTLP/HTTP Request',
    'RECOMMENDED',
    'the limit is 64 MiB unless configured',
    async () => {
      expect(otlpExporter({ endpoint: 'http://127.0.0.1:1' }).options).toMatchObject({ maxBytes: 64 * MiB });
    },
  ],
  [
    'keep-alive',
    'OTLP/HTTP Connection',
    'SHOULD',
    'the connection is kept between requests',
    () =>
      sendingHttp(
        ok,
        async (sending) => {
          for (let i = 0; i < 3; i++) await sending.export();
          expect([sending.seen.length, sending.connections()]).toEqual([3, 1]);
        },
        { connections: 1 },
      ),
  ],
  [
    'concurrent',
    'OTLP/HTTP Concurrent Requests',
    'SHOULD',
    'requests go out in parallel, on as many connections as are configured',
    async () => {
      for (const connections of [1, 3]) {
        await sendingHttp(
          ok,
          async (sending) => {
            await Promise.all(Array.from({ length: 6 }, () => sending.export()));
            expect(sending.seen).toHaveLength(6);
            expect(sending.connections()).toBeLessThanOrEqual(connections);
          },
          { connections },
        );
      }
    },
  ],
  [
    'empty',
    'Empty Telemetry Envelopes',
    'SHOULD NOT',
    'a batch without items is not sent',
    () =>
      sendingHttp(ok, async (sending) => {
        expect((await sending.export(buildLogs([]))).error).toBeUndefined();
        expect(sending.seen).toEqual([]);
      }),
  ],
  [
    'user-agent',
    'User Agent',
    'SHOULD',
    'User-Agent names the exporter and its version (RFC 7231 form)',
    () =>
      sendingHttp(ok, async (sending) => {
        await sending.export();
        expect(sending.seen[0]?.headers['user-agent']).toMatch(/^otelier-otlp-exporter\/\d+\.\d+\.\d+$/);
      }),
  ],
]);
