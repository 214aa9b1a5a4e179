import { signals } from '@otelier/core';
import { encodeExportResponse, encodeStatus } from '@otelier/otlp';
import { expect } from 'vitest';
import { otlpExporter } from '../../../packages/exporters/src/otlp/otlp.js';
import { logs, testFlow, testHost } from '../../../packages/exporters/test/host.js';
import { grpcServer } from '../../../packages/exporters/test/servers.js';
import { parseRequest } from '../../../packages/testing/src/captures/request.js';
import { sample } from '../receiver/server.js';
import { type Row, rowsOf } from '../row.js';
import { sendingGrpc } from './backend.js';

const ok = () => Buffer.alloc(0);
const MiB = 1024 * 1024;

/** The specification's table of gRPC codes: may the same data be sent again? */
const table: readonly (readonly [name: string, code: number, retryable: boolean])[] = [
  ['CANCELLED', 1, true],
  ['UNKNOWN', 2, false],
  ['INVALID_ARGUMENT', 3, false],
  ['DEADLINE_EXCEEDED', 4, true],
  ['NOT_FOUND', 5, false],
  ['ALREADY_EXISTS', 6, false],
  ['PERMISSION_DENIED', 7, false],
  ['FAILED_PRECONDITION', 9, false],
  ['ABORTED', 10, true],
  ['OUT_OF_RANGE', 11, true],
  ['UNIMPLEMENTED', 12, false],
  ['INTERNAL', 13, false],
  ['UNAVAILABLE', 14, true],
  ['DATA_LOSS', 15, true],
  ['UNAUTHENTICATED', 16, false],
];

const codeRows = table.map(
  ([name, code, retryable]) =>
    [
      `code-${name.toLowerCase().replaceAll('_', '-')}`,
      'OTLP/gRPC Response, Failures',
      'SHOULD',
      `${name} is ${retryable ? '' : 'not '}retryable`,
      () =>
        sendingGrpc(
          () => ({ code }),
          async (sending) => expect((await sending.export()).error?.retryable).toBe(retryable),
        ),
    ] as const,
);

/** What OTLP asks of a gRPC client. */
export const grpcExporterRows: readonly Row[] = rowsOf('exporter-grpc', 'OTLP', [
  [
    'services',
    'OTLP/gRPC Service and Protobuf Definitions',
    'MUST',
    'each signal is sent to its service',
    async () => {
      const server = await grpcServer(ok);
      const exporter = otlpExporter({ endpoint: server.url, protocol: 'grpc' });
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
      expect(server.seen.map(({ path }) => path)).toEqual([
        '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
        '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
        '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      ]);
      expect(server.seen.map(({ body }) => body)).toEqual(signals.map((signal) => sample(signal, 'protobuf')));
    },
  ],
  ...codeRows,
  [
    'exhausted-retry-info',
    'OTLP/gRPC Response, Failures',
    'SHOULD',
    'RESOURCE_EXHAUSTED with RetryInfo is retryable, after its delay',
    () =>
      sendingGrpc(
        () => ({ code: 8, statusDetails: encodeStatus({ code: 8, message: 'busy', retryAfterMs: 1500 }, 'protobuf') }),
        async (sending) => {
          const { error } = await sending.export();
          expect([error?.retryable, error?.retryAfterMs]).toEqual([true, 1500]);
        },
      ),
  ],
  [
    'exhausted',
    'OTLP/gRPC Response, Failures',
    'SHOULD',
    'RESOURCE_EXHAUSTED without RetryInfo is final',
    () =>
      sendingGrpc(
        () => ({ code: 8 }),
        async (sending) => expect((await sending.export()).error?.retryable).toBe(false),
      ),
  ],
  [
    'throttled',
    'OTLP/gRPC Throttling',
    'SHOULD',
    'the delay of an UNAVAILABLE is heeded',
    () =>
      sendingGrpc(
        () => ({
          code: 14,
          statusDetails: encodeStatus({ code: 14, message: 'busy', retryAfterMs: 30_000 }, 'protobuf'),
        }),
        async (sending) => expect((await sending.export()).error?.retryAfterMs).toBe(30_000),
      ),
  ],
  [
    'request-limit',
    'OTLP/gRPC Request',
    'SHOULD',
    'a request that is too large is not made: it is split',
    () =>
      sendingGrpc(
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
    'OTLP/gRPC Request',
    'MUST NOT',
    'what cannot be split below the limit is not sent, and that is recorded',
    () =>
      sendingGrpc(
        ok,
        async (sending) => {
          const { error } = await sending.export(logs(1, 'a'.repeat(5000)));
          expect([sending.seen.length, error?.code, error?.retryable]).toEqual([0, 'too-large', false]);
        },
        { maxBytes: '1KiB' },
      ),
  ],
  [
    'response-limit',
    'OTLP/gRPC Response',
    'MUST',
    'a response over 4 MiB is an error that is not retried',
    () =>
      sendingGrpc(
        () => Buffer.alloc(4 * MiB + 1),
        async (sending) => expect((await sending.export()).error?.retryable).toBe(false),
      ),
  ],
  [
    'concurrent',
    'OTLP/gRPC Concurrent Requests',
    'SHOULD',
    'new requests do not wait for the answers to earlier ones',
    async () => {
      let all = (): void => {};
      const together = new Promise<void>((resolve) => {
        all = resolve;
      });
      // This server answers nobody: that all five arrive shows that none waits.
      await sendingGrpc(
        (_seen, call) => {
          if (call === 5) all();
          return 'hang';
        },
        async (sending) => {
          const exports = Array.from({ length: 5 }, () => sending.export());
          await together;
          const outcomes = await Promise.all(exports);
          expect(outcomes.map(({ error }) => error?.retryable)).toEqual([true, true, true, true, true]);
        },
        { timeout: '2s' },
      );
    },
  ],
  [
    'partial',
    'OTLP/gRPC Response, Partial Success',
    'MUST NOT',
    'a partial success is not retried',
    () =>
      sendingGrpc(
        () => encodeExportResponse('logs', { rejected: 1, message: 'too old' }, 'protobuf'),
        async (sending) => {
          const { error, flow } = await sending.export();
          expect([error, sending.seen.length, flow.refused]).toEqual([undefined, 1, 1]);
        },
      ),
  ],
  [
    'recorded',
    'OTLP/gRPC Concurrent Requests',
    'SHOULD',
    'what was not delivered is recorded: the error names target and code',
    () =>
      sendingGrpc(
        () => ({ code: 3 }),
        async (sending) =>
          expect((await sending.export()).error?.message).toBe(`[rejected] ${sending.url} answered INVALID_ARGUMENT`),
      ),
  ],
  [
    'user-agent',
    'User Agent',
    'SHOULD',
    'user-agent begins with the exporter and its version',
    () =>
      sendingGrpc(ok, async (sending) => {
        await sending.export();
        expect(String(sending.seen[0]?.headers['user-agent'])).toMatch(/^otelier-otlp-exporter\/\d+\.\d+\.\d+/);
      }),
  ],
]);
