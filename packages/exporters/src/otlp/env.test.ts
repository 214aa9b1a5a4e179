import { ConfigError, type Exporter, type Signal } from '@otelier/core';
import { buildMetrics } from '@otelier/otlp';
import { afterEach, describe, expect, test } from 'vitest';
import { logs, startLogs, testFlow, testHost } from '../../test/host.js';
import { grpcServer, httpServer } from '../../test/servers.js';
import { otlpExporterFromEnv } from './otlp.js';

const cleanups: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Env = Record<string, string>;
const variables = (env: Env): Env =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [`OTEL_EXPORTER_OTLP_${name}`, value]));

/** The request that a batch of logs becomes with these variables. */
async function sent(env: (url: string) => Env) {
  const server = await httpServer(() => ({}));
  const stage = await startLogs(otlpExporterFromEnv(variables(env(server.url))) as Exporter<Signal>);
  cleanups.push(
    () => server.close(),
    () => stage.close?.(),
  );
  await stage.consume(logs(1), testFlow());
  return server.seen[0];
}

describe('otlpExporterFromEnv', () => {
  test.each([{}, { PROTOCOL: 'grpc', HEADERS: 'a=b' }, { ENDPOINT: '' }, { ENDPOINT: '  ' }])(
    'is undefined when nothing is named: %j',
    (env) => {
      expect(otlpExporterFromEnv(variables(env))).toBeUndefined();
    },
  );

  test('appends the signal to the common endpoint', async () => {
    expect((await sent((url) => ({ ENDPOINT: `${url}/base/` })))?.path).toBe('/base/v1/logs');
  });

  test("uses a signal's own endpoint as it stands", async () => {
    expect((await sent((url) => ({ ENDPOINT: 'http://127.0.0.1:9', LOGS_ENDPOINT: `${url}/x` })))?.path).toBe('/x');
  });

  test('decodes headers, and prefers those of the signal altogether', async () => {
    const headers = 'authorization=Basic%20YQ%3D%3D , X-Scope = a%2Cb';
    expect((await sent((url) => ({ ENDPOINT: url, HEADERS: headers })))?.headers).toMatchObject({
      authorization: 'Basic YQ==',
      'x-scope': 'a,b',
    });
    const own = await sent((url) => ({ ENDPOINT: url, HEADERS: headers, LOGS_HEADERS: 'x-own=1' }));
    expect(own?.headers).toMatchObject({ 'x-own': '1' });
    expect(own?.headers.authorization).toBeUndefined();
  });

  test('follows protocol and compression', async () => {
    const seen = await sent((url) => ({ ENDPOINT: url, PROTOCOL: 'http/json', LOGS_COMPRESSION: 'none' }));
    expect(seen?.headers['content-type']).toBe('application/json');
    expect(seen?.headers['content-encoding']).toBeUndefined();
  });

  test('gives each signal its own protocol', async () => {
    const [http, grpc] = [await httpServer(() => ({})), await grpcServer(() => Buffer.alloc(0))];
    cleanups.push(
      () => http.close(),
      () => grpc.close(),
    );
    const env = {
      ENDPOINT: http.url,
      METRICS_ENDPOINT: `127.0.0.1:${grpc.port}`,
      METRICS_PROTOCOL: 'grpc',
      METRICS_INSECURE: 'true',
    };
    const exporter = otlpExporterFromEnv(variables(env)) as Exporter<Signal>;
    const metrics = buildMetrics([{ metrics: [{ name: 'm', gauge: { points: [{ value: 1 }] } }] }]);
    for (const [signal, batch] of [
      ['logs', logs(1)],
      ['metrics', metrics],
    ] as const) {
      const stage = exporter[signal](testHost());
      await stage.start?.();
      await stage.consume(batch as never, testFlow());
      await stage.close?.();
    }
    expect(http.seen.map(({ path }) => path)).toEqual(['/v1/logs']);
    expect(grpc.seen).toHaveLength(1);
  });

  test('counts what has no endpoint while another signal has one', async () => {
    const exporter = otlpExporterFromEnv(
      variables({ METRICS_ENDPOINT: 'http://127.0.0.1:9/v1/metrics' }),
    ) as Exporter<Signal>;
    const flow = testFlow();
    await (await startLogs(exporter)).consume(logs(2), flow);
    expect(flow.drops).toEqual({ 'no endpoint': 2 });
  });

  test.each<[Env, string, string]>([
    [{ ENDPOINT: 'nonsense' }, 'OTEL_EXPORTER_OTLP_ENDPOINT', 'a URL'],
    [{ LOGS_ENDPOINT: 'nonsense' }, 'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT', 'a URL'],
    [{ ENDPOINT: 'http://h', PROTOCOL: 'http' }, 'OTEL_EXPORTER_OTLP_PROTOCOL', "'http/protobuf' or"],
    [{ ENDPOINT: 'http://h', TRACES_PROTOCOL: 'x' }, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', "'http/protobuf' or"],
    [{ ENDPOINT: 'http://h', COMPRESSION: 'brotli' }, 'OTEL_EXPORTER_OTLP_COMPRESSION', "'gzip' or"],
    [{ ENDPOINT: 'http://h', TIMEOUT: '10s' }, 'OTEL_EXPORTER_OTLP_TIMEOUT', 'milliseconds'],
    [{ ENDPOINT: 'http://h', HEADERS: 'secret' }, 'OTEL_EXPORTER_OTLP_HEADERS', 'a list such as'],
    [{ ENDPOINT: 'http://h', LOGS_HEADERS: 'a=%secret' }, 'OTEL_EXPORTER_OTLP_LOGS_HEADERS', 'percent-encoded'],
  ])('%j is a mistake', (env, path, expected) => {
    const make = () => otlpExporterFromEnv(variables(env));
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(expect.objectContaining({ path, expected: expect.stringContaining(expected) }));
    expect(make).not.toThrow(/secret/);
  });
});
