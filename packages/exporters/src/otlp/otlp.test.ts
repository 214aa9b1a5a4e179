import { readFileSync } from 'node:fs';
import * as zlib from 'node:zlib';
import { ConfigError, type PipelineErrorCode, type Secret, type Signal, secret } from '@otelier/core';
import { encodeExportResponse, encodeStatus, LogsBatch } from '@otelier/otlp';
import { captures } from '@otelier/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { fakeClock } from '../../test/clock.js';
import { bodies, logs, startLogs, testFlow, testHost } from '../../test/host.js';
import { type Answer, httpServer } from '../../test/servers.js';
import { type OtlpExporterOptions, otlpExporter } from './otlp.js';
import { userAgent } from './transport.js';

const cleanups: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that answers, and a running exporter that sends logs to it. */
async function running(
  answer: Parameters<typeof httpServer>[0] | Answer = {},
  options: Partial<OtlpExporterOptions> = {},
  host = testHost(),
) {
  const server = await httpServer(typeof answer === 'function' ? answer : () => answer);
  const stage = await startLogs(otlpExporter({ endpoint: server.url, ...options }), host);
  cleanups.push(
    () => server.close(),
    () => stage.close?.(),
  );
  return { server, stage, host, url: `${server.url}/v1/logs` };
}

const protobuf = { 'content-type': 'application/x-protobuf' };
const json = { 'content-type': 'application/json; charset=utf-8' };

describe('otlpExporter over HTTP', () => {
  test('sends every recorded Claude Code request as the bytes that it is', async () => {
    const server = await httpServer(() => ({}));
    const exporter = otlpExporter({ endpoint: server.url });
    cleanups.push(() => server.close());
    for (const { requests } of captures({ version: '2.1.330', scenario: 'tools' })) {
      for (const request of requests.filter(({ encoding }) => encoding === 'protobuf')) {
        const stage = exporter[request.signal](testHost());
        await stage.start?.();
        await stage.consume(request.batch() as never, testFlow());
        await stage.close?.();
        const seen = server.seen.at(-1);
        expect(seen?.path).toBe(`/v1/${request.signal}`);
        expect(seen?.body.equals(request.bytes)).toBe(true);
      }
    }
    expect(server.seen.length).toBeGreaterThan(2);
  });

  test('says what it sends', async () => {
    const { server, stage } = await running(
      {},
      { headers: { Authorization: 'Bearer abc', 'VL-Stream-Fields': 'service.name' } },
    );
    await stage.consume(logs(2), testFlow());
    expect(server.seen[0]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'user-agent': userAgent,
      authorization: 'Bearer abc',
      'vl-stream-fields': 'service.name',
    });
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(userAgent).toMatch(new RegExp(`/${version}$`));
  });

  test('sends OTLP JSON', async () => {
    const { server, stage } = await running(
      { headers: json, body: '{"partialSuccess":{}}' },
      { protocol: 'http/json' },
    );
    await stage.consume(logs(2), testFlow());
    expect(server.seen[0]?.headers['content-type']).toBe('application/json');
    expect(bodies(LogsBatch.fromJson(server.seen[0]?.body as Buffer))).toEqual(['record 0', 'record 1']);
  });

  test('sends a clean batch in the compressed form in which it came, and an edited one in a new one', async () => {
    const { server, stage } = await running();
    const batch = logs(2);
    const compressed = zlib.gzipSync(batch.bytes(), { level: 9 });
    batch.compressed = { encoding: 'gzip', bytes: compressed };
    const other = batch.fork();
    await stage.consume(batch, testFlow());
    expect(server.seen[0]?.raw.equals(compressed)).toBe(true);
    for (const record of other.records()) record.body = 'edited';
    await stage.consume(other, testFlow());
    expect(bodies(LogsBatch.parse(server.seen[1]?.body as Buffer))).toEqual(['edited', 'edited']);
  });

  test.each(['none', 'gzip'] as const)('compression %s, small and large', async (compression) => {
    const { server, stage } = await running({}, { compression });
    for (const batch of [logs(1), logs(500, 'x'.repeat(1000))]) {
      const bytes = Buffer.from(batch.bytes());
      await stage.consume(batch, testFlow());
      expect(server.seen.at(-1)?.body.equals(bytes)).toBe(true);
    }
    expect(server.seen[0]?.headers['content-encoding']).toBe(compression === 'none' ? undefined : 'gzip');
  });

  test('does not send empty batches', async () => {
    const { server, stage } = await running();
    await stage.consume(logs(0), testFlow());
    expect(server.seen).toHaveLength(0);
  });

  test('keeps its connection', async () => {
    const { server, stage } = await running({}, { connections: 1 });
    for (let i = 0; i < 20; i++) await stage.consume(logs(1), testFlow());
    expect(server.seen).toHaveLength(20);
    expect(server.connections).toBe(1);
  });

  test('opens no more connections than it may', async () => {
    const { server, stage } = await running({}, { connections: 2 });
    await Promise.all(Array.from({ length: 20 }, () => stage.consume(logs(1), testFlow())));
    expect(server.seen).toHaveLength(20);
    expect(server.connections).toBe(2);
  });

  test('cuts what is larger than it may send into parts', async () => {
    const { server, stage } = await running({}, { maxBytes: '1KiB' });
    await stage.consume(logs(100), testFlow());
    const parts = server.seen.map(({ body }) => LogsBatch.parse(body));
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.flatMap(bodies)).toEqual(bodies(logs(100)));
  });
});

describe('endpoints', () => {
  test.each([
    [{ endpoint: '/' }, '/v1/logs'],
    [{ endpoint: '/base' }, '/base/v1/logs'],
    [{ endpoint: '/base/' }, '/base/v1/logs'],
    [{ endpoint: '/base?tenant=1' }, '/base/v1/logs?tenant=1'],
    [{ logsEndpoint: '' }, '/'],
    [{ logsEndpoint: '/insert/opentelemetry/v1/logs' }, '/insert/opentelemetry/v1/logs'],
    [{ logsEndpoint: '/logs?token=x', endpoint: '/other' }, '/logs?token=x'],
  ])('%j is %s', async (paths, path) => {
    const server = await httpServer(() => ({}));
    const options = Object.fromEntries(Object.entries(paths).map(([name, at]) => [name, server.url + at]));
    const stage = await startLogs(otlpExporter(options));
    cleanups.push(
      () => server.close(),
      () => stage.close?.(),
    );
    await stage.consume(logs(1), testFlow());
    expect(server.seen[0]?.path).toBe(path);
  });

  test('a signal without one is dropped and counted', async () => {
    const host = testHost();
    const stage = await startLogs(otlpExporter({ metricsEndpoint: 'http://127.0.0.1:9/v1/metrics' }), host);
    const flow = testFlow();
    await stage.consume(logs(3), flow);
    expect(flow.drops).toEqual({ 'no endpoint': 3 });
    expect(host.log).toMatchObject([{ level: 'info', fields: { signal: 'logs' } }]);
  });
});

describe('answers (OTLP specification, OTLP/HTTP response)', () => {
  const permanent: [number, PipelineErrorCode][] = [
    [301, 'unsupported'],
    [302, 'unsupported'],
    [400, 'rejected'],
    [401, 'unauthenticated'],
    [403, 'unauthenticated'],
    [404, 'unsupported'],
    [405, 'unsupported'],
    [408, 'rejected'],
    [413, 'too-large'],
    [415, 'unsupported'],
    [418, 'rejected'],
    [500, 'rejected'],
    [501, 'unsupported'],
    [505, 'rejected'],
    [530, 'rejected'],
  ];
  const passing: [number, PipelineErrorCode][] = [
    [429, 'overloaded'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'deadline'],
  ];

  test.each([...permanent, ...passing])('%i is %s', async (status, code) => {
    const { stage, url } = await running({ status, body: 'secret of the server' });
    const error = await stage.consume(logs(1), testFlow()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, message: `[${code}] ${url} answered ${status}`, retryAfterMs: undefined });
    expect(error).toHaveProperty(
      'retryable',
      passing.some(([retryable]) => retryable === status),
    );
  });

  test.each([200, 202, 204])('%i with an empty body is success', async (status) => {
    const { stage } = await running({ status });
    const flow = testFlow();
    await stage.consume(logs(1), flow);
    expect(flow.refused).toBe(0);
  });

  test.each([
    ['seconds', { 'retry-after': '7' }, '', 7000],
    ['an HTTP date', { 'retry-after': 'Thu, 15 Jan 2026 12:00:30 GMT' }, '', 30_000],
    ['a date that has passed', { 'retry-after': 'Thu, 15 Jan 2026 11:00:00 GMT' }, '', 0],
    ['nonsense', { 'retry-after': '-3' }, '', undefined],
    ['more seconds than there will be', { 'retry-after': '9'.repeat(30) }, '', 86_400_000],
    [
      'RetryInfo in protobuf',
      protobuf,
      encodeStatus({ code: 14, message: 'busy', retryAfterMs: 2500 }, 'protobuf'),
      2500,
    ],
    ['RetryInfo in JSON', json, encodeStatus({ code: 14, message: 'busy', retryAfterMs: 2500 }, 'json'), 2500],
    ['a body that is no Status', protobuf, 'busy', undefined],
  ])('503 that asks for patience by %s', async (_name, headers, body, retryAfterMs) => {
    const host = testHost({ clock: fakeClock() });
    const { stage } = await running({ status: 503, headers, body }, {}, host);
    await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({ code: 'unavailable', retryAfterMs });
  });

  const rejected = { rejected: 2, message: 'two were\nbad' };
  test.each([
    ['protobuf', protobuf, encodeExportResponse('logs', rejected, 'protobuf')],
    ['JSON', json, encodeExportResponse('logs', rejected, 'json')],
  ])('partial success in %s is counted as refused and logged once a minute', async (_name, headers, body) => {
    const clock = fakeClock();
    const host = testHost({ clock });
    const { stage } = await running({ headers, body }, {}, host);
    const flow = testFlow();
    for (let i = 0; i < 3; i++) await stage.consume(logs(5), flow);
    expect(flow.refusals).toEqual({ 'rejected by backend': 6 });
    expect(host.log).toMatchObject([{ level: 'warn', fields: { rejected: 2, said: 'two were bad' } }]);
    await clock.advance(60_000);
    await stage.consume(logs(5), flow);
    expect(host.log.at(-1)).toMatchObject({ fields: { rejected: 6 } });
    expect(host.log).toHaveLength(2);
  });

  test('a warning without rejected items is logged and refuses nothing', async () => {
    const body = encodeExportResponse('logs', { rejected: 0, message: 'slow down' }, 'protobuf');
    const { stage, host } = await running({ headers: protobuf, body });
    const flow = testFlow();
    await stage.consume(logs(1), flow);
    expect(flow.refused).toBe(0);
    expect(host.log).toMatchObject([{ level: 'warn', fields: { said: 'slow down' } }]);
  });

  test('success whose body cannot be read is success, told in the log', async () => {
    const { stage, host } = await running({ headers: protobuf, body: 'OK\xff' });
    await stage.consume(logs(1), testFlow());
    expect(host.log).toMatchObject([{ level: 'warn' }]);
  });

  test('a web page is not success', async () => {
    const { stage } = await running({ headers: { 'content-type': 'text/html' }, body: '<h1>Please log in</h1>' });
    await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({ code: 'unsupported' });
  });

  test('an answer of more than 4 MiB is not read', async () => {
    const { stage } = await running({ headers: protobuf, body: Buffer.alloc(5 * 1024 * 1024) });
    await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({ code: 'rejected' });
  });
});

describe('what goes wrong on the way', () => {
  test('nobody listens', async () => {
    const { server, stage, url } = await running();
    await server.close();
    const error = await stage.consume(logs(1), testFlow()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'unavailable', message: `[unavailable] ${url}: no answer (ECONNREFUSED)` });
  });

  test('the connection is cut', async () => {
    const { stage } = await running({ cut: true });
    await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('there is no answer in time', async () => {
    const clock = fakeClock();
    const { server, stage } = await running(
      () => {
        void clock.advance(3000);
        return { hang: true };
      },
      { timeout: '3s' },
      testHost({ clock }),
    );
    const outcome = await stage.consume(logs(1), testFlow()).catch((caught: unknown) => caught);
    expect(outcome).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('no answer within 3000 ms'),
    });
    await server.aborted[0];
    expect(clock.timers).toBe(0);
  });

  test('the sender gives up: the request is aborted', async () => {
    const sender = new AbortController();
    const { server, stage } = await running(() => {
      sender.abort();
      return { hang: true };
    });
    await expect(stage.consume(logs(1), testFlow({ signal: sender.signal }))).rejects.toMatchObject({
      code: 'deadline',
    });
    await server.aborted[0];
  });

  test('its own data comes back to it', async () => {
    const { server, stage } = await running();
    await stage.consume(logs(1), testFlow());
    const headers = server.seen[0]?.headers as Record<string, string>;
    const back = testFlow({ peer: { headers } });
    await expect(stage.consume(logs(1), back)).rejects.toMatchObject({
      code: 'rejected',
      message: expect.stringContaining('comes back'),
    });
    const { stage: next } = await running();
    await next.consume(logs(1), back);
  });

  test('strangers cannot smuggle anything into the list of hops', async () => {
    const { server, stage } = await running();
    const headers = { 'otelier-via': 'abc,0123456z,\u00e9,01234567' };
    await stage.consume(logs(1), testFlow({ peer: { headers } }));
    expect(server.seen[0]?.headers['otelier-via']).toMatch(/^01234567,[0-9a-f]{8}$/);
  });
});

describe('headers', () => {
  test('come from a function for every request, and anew after a 401', async () => {
    let made = 0;
    const tokens = async () => ({ authorization: `token ${++made}` });
    const { server, stage } = await running(
      ({ headers }) => ({ status: headers.authorization === 'token 2' ? 401 : 200 }),
      { headers: tokens },
    );
    await stage.consume(logs(1), testFlow());
    await stage.consume(logs(1), testFlow());
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['token 1', 'token 2', 'token 3']);
  });

  test('are made anew once only', async () => {
    const { server, stage } = await running({ status: 401 }, { headers: () => ({ authorization: 'stale' }) });
    await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(server.seen).toHaveLength(2);
  });

  test.each([
    ['fails', () => Promise.reject(new Error('secret')), 'unavailable'],
    ['makes a broken one', () => ({ authorization: 'secret\r\nx: y' }), 'internal'],
    ['makes nothing', () => undefined as never, 'internal'],
  ])('whose function %s are an error that tells no secret', async (_name, headers, code) => {
    const { stage } = await running({}, { headers });
    const error = (await stage.consume(logs(1), testFlow()).catch((caught: unknown) => caught)) as Error;
    expect(error).toMatchObject({ code });
    expect(error.message).not.toContain('secret');
  });
});

describe('options', () => {
  test.each<[OtlpExporterOptions, string, string]>([
    [{}, 'otlpExporter: endpoint', 'a URL such as'],
    [{ endpoint: '127.0.0.1:4318' }, 'otlpExporter: endpoint', 'a URL such as'],
    [{ endpoint: 'ftp://host' }, 'otlpExporter: endpoint', 'a URL such as'],
    [{ endpoint: 'http://me:secret@host' }, 'otlpExporter: endpoint', 'without user and password'],
    [{ endpoint: 'http://host', tracesEndpoint: 'x' }, 'otlpExporter: tracesEndpoint', 'a URL such as'],
    [{ endpoint: 'http://host', protocol: 'http' as 'grpc' }, 'otlpExporter: protocol', 'http/protobuf'],
    [{ endpoint: 'http://host/path', protocol: 'grpc' }, 'otlpExporter: endpoint', 'without a path'],
    [{ endpoint: 'http://host', protocol: 'grpc', compression: 'zstd' }, 'otlpExporter: compression', 'over gRPC'],
    [
      { endpoint: 'http://host', headers: { 'content-type': 'x' } },
      'otlpExporter: headers.content-type',
      'no such header',
    ],
    [{ endpoint: 'http://host', headers: { a: 'secret\n' } }, 'otlpExporter: headers.a', 'printable ASCII'],
    [{ endpoint: 'http://host', timeout: '5' as '5s' }, 'otlpExporter: timeout', 'a length of time'],
    [{ endpoint: 'http://host', connections: 0 }, 'otlpExporter: connections', 'at least 1'],
    [{ endpoint: 'http://host', tls: { cert: 'x.pem' } }, 'otlpExporter: tls', 'cert and key together'],
    [{ endpoint: 'http://host', colour: 1 } as OtlpExporterOptions, 'otlpExporter: colour', 'no such option'],
  ])('%j', (options, path, expected) => {
    const make = () => otlpExporter(options);
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(expect.objectContaining({ path, expected: expect.stringContaining(expected) }));
    expect(make).not.toThrow(/secret/);
  });

  test('zstd needs a Node that has it', async () => {
    if (!('zstdDecompressSync' in zlib)) {
      const make = () => otlpExporter({ endpoint: 'http://host', compression: 'zstd' });
      expect(make).toThrow(/compression: expected 'gzip' or 'none' on Node/);
      return;
    }
    const { server, stage } = await running({}, { compression: 'zstd' });
    const batch = logs(3);
    const bytes = Buffer.from(batch.bytes());
    await stage.consume(batch, testFlow());
    const decompress = zlib.zstdDecompressSync as (bytes: Buffer) => Buffer;
    expect(server.seen[0]?.headers['content-encoding']).toBe('zstd');
    expect(decompress(server.seen[0]?.raw as Buffer).equals(bytes)).toBe(true);
  });

  test('are shown without secrets', () => {
    const exporter = otlpExporter({
      endpoint: 'http://host:1?key=secret',
      headers: { authorization: 'secret' },
      temporality: 'delta',
    });
    expect(JSON.stringify(exporter.options)).not.toContain('secret');
    expect(exporter).toMatchObject({
      name: 'otlp',
      accepts: 'delta',
      options: { endpoints: { logs: 'http://host:1/v1/logs' } },
    });
  });

  test('a header whose variable has no value keeps the exporter from starting; one whose file may still come does not', async () => {
    const header = (value: Secret) => otlpExporter({ endpoint: 'http://host', headers: { authorization: value } });
    await expect(startLogs(header(secret`Bearer ${secret.env('OTELIER_NO_SUCH')}`))).rejects.toThrow(
      "secret.env('OTELIER_NO_SUCH'): expected a value",
    );
    const host = testHost();
    await (await startLogs(header(secret.file('/no/such/token')), host)).close?.();
    expect(JSON.stringify(host.log)).toContain('a header has no value yet');
  });

  test('a PEM file that is missing is told by its option', async () => {
    await expect(startLogs(otlpExporter({ endpoint: 'https://host', tls: { ca: '/no/such.pem' } }))).rejects.toThrow(
      /tls.ca: expected a PEM file/,
    );
  });
});

/** Signals in the order of the specification, so that a new one is not forgotten here. */
const all: Signal[] = ['logs', 'metrics', 'traces'];
test('every signal is exported', () => {
  expect(Object.keys(otlpExporter({ endpoint: 'http://host' }))).toEqual(expect.arrayContaining(all));
});
