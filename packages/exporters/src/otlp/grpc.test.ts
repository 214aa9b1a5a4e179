import type { PipelineErrorCode } from '@otelier/core';
import { encodeExportResponse, encodeStatus, LogsBatch } from '@otelier/otlp';
import { captures } from '@otelier/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { bodies, logs, startLogs, testFlow, testHost } from '../../test/host.js';
import { type GrpcAnswer, grpcServer, grpcStatus } from '../../test/servers.js';
import { type OtlpExporterOptions, otlpExporter } from './otlp.js';

const cleanups: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const ok = Buffer.alloc(0);

async function running(
  answer: Parameters<typeof grpcServer>[0] | GrpcAnswer = ok,
  options: Partial<OtlpExporterOptions> = {},
) {
  const host = testHost();
  const server = await grpcServer(typeof answer === 'function' ? answer : () => answer);
  const stage = await startLogs(otlpExporter({ endpoint: server.url, protocol: 'grpc', ...options }), host);
  cleanups.push(
    () => server.close(),
    () => stage.close?.(),
  );
  return { server, stage, host };
}

describe('otlpExporter over gRPC', () => {
  test('sends every signal to its service as the bytes that it is', async () => {
    const server = await grpcServer(() => ok);
    cleanups.push(() => server.close());
    const exporter = otlpExporter({ endpoint: server.url, protocol: 'grpc' });
    for (const { requests } of captures({ version: '2.1.330', scenario: 'traces' })) {
      for (const request of requests) {
        const stage = exporter[request.signal](testHost());
        await stage.start?.();
        await stage.consume(request.batch() as never, testFlow());
        await stage.close?.();
        expect(server.seen.at(-1)?.path.toLowerCase()).toContain(
          request.signal === 'traces' ? 'traceservice' : `${request.signal}service`,
        );
        expect(server.seen.at(-1)?.body.equals(request.bytes)).toBe(true);
      }
    }
    expect(new Set(server.seen.map(({ path }) => path)).size).toBe(3);
  });

  test.each(['gzip', 'none'] as const)('compression %s, with metadata', async (compression) => {
    const { server, stage } = await running(ok, { compression, headers: async () => ({ 'X-Tenant': 'a' }) });
    await stage.consume(logs(3), testFlow());
    expect(bodies(LogsBatch.parse(server.seen[0]?.body as Buffer))).toEqual(bodies(logs(3)));
    expect(server.seen[0]?.headers).toMatchObject({
      'x-tenant': 'a',
      'user-agent': expect.stringContaining('otelier'),
    });
  });

  test('cuts batches to what servers take by default', async () => {
    const { server, stage } = await running();
    await stage.consume(logs(5, 'x'.repeat(1024 * 1024)), testFlow());
    expect(server.seen.length).toBeGreaterThan(1);
    for (const { body } of server.seen) expect(body.length).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(server.seen.reduce((sum, { body }) => sum + LogsBatch.parse(body).count, 0)).toBe(5);
  });

  test('uses as many connections as it may', async () => {
    const { server, stage } = await running(ok, { connections: 3 });
    await Promise.all(Array.from({ length: 9 }, () => stage.consume(logs(1), testFlow())));
    expect(server.seen).toHaveLength(9);
  });
});

describe('statuses (OTLP specification, failures)', () => {
  const table: [keyof typeof grpcStatus, PipelineErrorCode, boolean][] = [
    ['CANCELLED', 'unavailable', true],
    ['UNKNOWN', 'rejected', false],
    ['INVALID_ARGUMENT', 'rejected', false],
    ['DEADLINE_EXCEEDED', 'deadline', true],
    ['NOT_FOUND', 'rejected', false],
    ['ALREADY_EXISTS', 'rejected', false],
    ['PERMISSION_DENIED', 'unauthenticated', false],
    ['RESOURCE_EXHAUSTED', 'rejected', false],
    ['FAILED_PRECONDITION', 'rejected', false],
    ['ABORTED', 'unavailable', true],
    ['OUT_OF_RANGE', 'unavailable', true],
    ['UNIMPLEMENTED', 'unsupported', false],
    ['INTERNAL', 'rejected', false],
    ['UNAVAILABLE', 'unavailable', true],
    ['DATA_LOSS', 'unavailable', true],
    ['UNAUTHENTICATED', 'unauthenticated', false],
  ];
  test.each(table)('%s is %s, retryable: %s', async (name, code, retryable) => {
    const { stage, server } = await running({ code: grpcStatus[name] });
    const error = await stage.consume(logs(1), testFlow()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, retryable, message: `[${code}] ${server.url} answered ${name}` });
  });

  test.each([
    ['RESOURCE_EXHAUSTED', 'overloaded'],
    ['UNAVAILABLE', 'unavailable'],
  ] as const)('%s with RetryInfo is %s after the time it says', async (name, code) => {
    const statusDetails = encodeStatus({ code: grpcStatus[name], message: 'busy', retryAfterMs: 1500 }, 'protobuf');
    const { stage } = await running({ code: grpcStatus[name], statusDetails });
    await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({
      code,
      retryable: true,
      retryAfterMs: 1500,
    });
  });

  test.each([
    'Received message larger than max (5000000 vs 4194304)',
    'grpc: received message larger than max (5000000 vs. 4194304)',
    'gRPC message exceeds maximum size 4194304: 5000000',
  ])('a message that is too large, as servers say it: %s', async (details) => {
    const { stage } = await running({ code: grpcStatus.RESOURCE_EXHAUSTED, details });
    await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({ code: 'too-large', retryable: false });
  });

  test('partial success is counted as refused', async () => {
    const { stage, host } = await running(encodeExportResponse('logs', { rejected: 2, message: 'bad' }, 'protobuf'));
    const flow = testFlow();
    await stage.consume(logs(5), flow);
    expect(flow.refusals).toEqual({ 'rejected by backend': 2 });
    expect(host.log).toMatchObject([{ level: 'warn', fields: { rejected: 2, said: 'bad' } }]);
  });

  test('new headers are tried once after UNAUTHENTICATED', async () => {
    let made = 0;
    const { stage, server } = await running((_seen, call) => (call === 1 ? { code: grpcStatus.UNAUTHENTICATED } : ok), {
      headers: () => ({ authorization: `token ${++made}` }),
    });
    await stage.consume(logs(1), testFlow());
    expect(server.seen.map(({ headers }) => (headers as Record<string, unknown>).authorization)).toEqual([
      'token 1',
      'token 2',
    ]);
  });
});

describe('what goes wrong on the way', () => {
  test('nobody listens', async () => {
    const { server, stage } = await running();
    await server.close();
    await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('there is no answer in time', async () => {
    const { stage } = await running('hang', { timeout: '50ms' });
    await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({ retryable: true });
  });

  test('the sender gives up: the call is cancelled', async () => {
    const sender = new AbortController();
    const { server, stage } = await running(() => {
      sender.abort();
      return 'hang';
    });
    await expect(stage.consume(logs(1), testFlow({ signal: sender.signal }))).rejects.toMatchObject({
      code: 'deadline',
    });
    await server.cancelled;
  });
});
