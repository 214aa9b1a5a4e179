import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { type Exporter, type Signal, secret, systemClock } from '@otelier/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { fakeClock } from '../../test/clock.js';
import { logs, startLogs, testFlow, testHost } from '../../test/host.js';
import { type Answer, grpcServer, httpServer, type Seen } from '../../test/servers.js';
import type { Headers } from './headers.js';
import { type HeadersHelperOptions, headersHelper } from './headers-helper.js';
import { type OtlpExporterOptions, otlpExporter } from './otlp.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const flow = () => testFlow();

/** An exporter to a server, over either protocol, that refuses by status and sees headers. */
async function running(
  protocol: 'http/protobuf' | 'grpc',
  headers: OtlpExporterOptions['headers'],
  refuse: (authorization: string) => 401 | 403 | undefined = () => undefined,
  clock = systemClock,
) {
  const shown = ({ headers: seen }: Seen) => String(seen.authorization ?? '');
  const http = (seen: Seen): Answer => ({ status: refuse(shown(seen)) ?? 200 });
  const codes = { 401: 16, 403: 7 } as const;
  const grpc = (seen: Seen) => {
    const status = refuse(shown(seen));
    return status === undefined ? Buffer.alloc(0) : { code: codes[status] };
  };
  const server = await (protocol === 'grpc' ? grpcServer(grpc) : httpServer(http));
  cleanups.push(() => server.close());
  const host = testHost({ clock });
  const exporter = otlpExporter({ endpoint: server.url, protocol, ...(headers && { headers }) });
  const stage = await startLogs(exporter, host);
  cleanups.push(() => stage.close?.());
  return { stage, host, exporter, authorizations: () => server.seen.map(shown) };
}

/** A script that counts its runs in a file, and prints what it is told to. */
function script(body: string): { path: string; runs: () => number } {
  const dir = mkdtempSync(join(tmpdir(), 'otelier-helper-'));
  const [path, counted] = [join(dir, 'helper.sh'), join(dir, 'runs')];
  writeFileSync(counted, '');
  writeFileSync(path, `#!/bin/sh\nprintf x >> '${counted}'\nn=$(wc -c < '${counted}' | tr -d ' ')\n${body}\n`);
  chmodSync(path, 0o755);
  return { path, runs: () => readFileSync(counted, 'utf8').length };
}

describe.each(['http/protobuf', 'grpc'] as const)('headers from a helper over %s', (protocol) => {
  test('a script is run before the first request, and again when its headers are 29 minutes old', async () => {
    const { path, runs } = script(`echo '{"Authorization": "Bearer '$n'", "X-Team": "a"}'`);
    const clock = fakeClock();
    const { stage, authorizations } = await running(protocol, headersHelper(path), undefined, clock);
    expect(runs()).toBe(0);
    await stage.consume(logs(1), flow());
    await clock.advance(29 * 60_000 - 1);
    await stage.consume(logs(1), flow());
    expect(runs()).toBe(1);
    await clock.advance(1);
    await stage.consume(logs(1), flow());
    expect(authorizations()).toEqual(['Bearer 1', 'Bearer 1', 'Bearer 2']);
  });

  test.each([401, 403] as const)('after a %i it is run once more, for all requests that met it', async (status) => {
    let made = 0;
    const helper = headersHelper(async () => ({ authorization: `token ${++made}` }));
    const { stage, authorizations } = await running(protocol, helper, (shown) =>
      shown === 'token 1' ? status : undefined,
    );
    await Promise.all([1, 2, 3, 4].map(() => stage.consume(logs(1), flow())));
    expect(made).toBe(2);
    expect(authorizations().toSorted()).toEqual([...Array(4).fill('token 1'), ...Array(4).fill('token 2')]);
  });

  test('a refusal that lasts costs one more run and one more request each time', async () => {
    let made = 0;
    const helper = headersHelper(() => ({ authorization: `token ${++made}` }));
    const { stage, authorizations } = await running(protocol, helper, () => 401);
    for (let i = 0; i < 2; i++)
      await expect(stage.consume(logs(1), flow())).rejects.toMatchObject({ code: 'unauthenticated', retryable: false });
    expect([made, authorizations()]).toEqual([3, ['token 1', 'token 2', 'token 2', 'token 3']]);
  });

  test('while it fails, the headers before are used, and it is run once a minute', async () => {
    const clock = fakeClock();
    let isBroken = false;
    const helper = headersHelper(
      () => {
        if (isBroken) throw new TypeError('cannot reach vault with s3cret');
        return { authorization: 'good' };
      },
      { refresh: '2m' },
    );
    const { stage, host, authorizations } = await running(protocol, helper, undefined, clock);
    await stage.consume(logs(1), flow());
    isBroken = true;
    await clock.advance(120_000);
    for (let i = 0; i < 3; i++) await stage.consume(logs(1), flow());
    const failure = {
      level: 'warn',
      fields: { reason: 'TypeError' },
      message: 'headers cannot be made (from a function)',
    };
    expect(host.log).toEqual([failure]);
    await clock.advance(60_000);
    await stage.consume(logs(1), flow());
    expect(host.log).toEqual([failure, failure]);
    expect(authorizations()).toEqual(Array(5).fill('good'));
  });
});

describe('a helper that is of no use', () => {
  const told = "it's s3cret";
  test.each<[string, string]>([
    [`echo '${'{"authorization": "s3cret"'}'`, 'it did not print JSON'],
    [`echo '["s3cret"]'`, 'it did not give an object of headers'],
    [`echo '{"authorization": 7}'`, 'of its header authorization was expected a string'],
    [`echo '{"s3cret header": "a"}'`, ''],
    [`printf '{"authorization": "s3cret\\\\u000a"}'`, 'of its header authorization was expected a value of printable'],
    [`echo '{"authorization": "s3cret"}'; echo "${told}" >&2; exit 3`, 'it ended with code 3'],
    [`head -c 100000 /dev/zero`, 'it'],
  ])('%s', async (body, reason) => {
    const { path } = script(body);
    const { stage, host } = await running('http/protobuf', headersHelper(path));
    const failed = stage.consume(logs(1), flow());
    await expect(failed).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    await expect(failed).rejects.toThrow(`no headers (from ${path})`);
    expect(host.log.map(({ fields }) => fields.reason)).toEqual([expect.stringContaining(reason)]);
    if (reason !== '') expect(JSON.stringify(host.log) + inspect(await failed.catch(String))).not.toContain('s3cret');
  });

  test('it is not there, or never ends', async () => {
    const absent = await running('http/protobuf', headersHelper('/nowhere/helper'));
    await expect(absent.stage.consume(logs(1), flow())).rejects.toMatchObject({ code: 'unavailable' });
    expect(absent.host.log[0]?.fields).toEqual({ reason: 'it cannot be run (ENOENT)' });
    const { path } = script('exec sleep 600');
    const endless = await running('http/protobuf', headersHelper(path, { timeout: '300ms' }));
    await expect(endless.stage.consume(logs(1), flow())).rejects.toMatchObject({ code: 'unavailable' });
    expect(endless.host.log[0]?.fields.reason).toMatch(/it took too long/);
  });

  test.each<[unknown, HeadersHelperOptions | undefined, string]>([
    ['', undefined, 'headersHelper'],
    [7, undefined, 'headersHelper'],
    ['a', { refresh: '29' as never }, 'headersHelper: refresh'],
    ['a', { debounce: 1 } as never, 'headersHelper: debounce'],
  ])('%j with %j is refused', (source, options, path) => {
    expect(() => headersHelper(source as string, options)).toThrow(path);
  });
});

describe('secrets in headers', () => {
  test('are sent, and a file is read again when it changes', async () => {
    vi.stubEnv('OTELIER_TEST_TOKEN', 'from-env');
    const { stage, authorizations } = await running('http/protobuf', {
      authorization: secret`Bearer ${secret.env('OTELIER_TEST_TOKEN')}`,
    });
    await stage.consume(logs(1), flow());
    vi.stubEnv('OTELIER_TEST_TOKEN', 'from-env-2');
    await stage.consume(logs(1), flow());
    expect(authorizations()).toEqual(['Bearer from-env', 'Bearer from-env-2']);
  });

  test('without a value are named, and what waits may be sent later', async () => {
    vi.stubEnv('OTELIER_TEST_TOKEN', 'at the start');
    const { stage } = await running('http/protobuf', { authorization: secret.env('OTELIER_TEST_TOKEN') });
    vi.stubEnv('OTELIER_TEST_TOKEN', '');
    const failed = stage.consume(logs(1), flow());
    await expect(failed).rejects.toMatchObject({ code: 'unavailable' });
    await expect(failed).rejects.toThrow("the header authorization has no value (secret.env('OTELIER_TEST_TOKEN'))");
  });

  test('are shown by nothing: options, errors, logs', async () => {
    vi.stubEnv('OTELIER_TEST_TOKEN', 's3cret-env');
    const sources: OtlpExporterOptions['headers'][] = [
      { authorization: 's3cret-literal' },
      { authorization: secret.env('OTELIER_TEST_TOKEN'), 'x-key': secret`Bearer ${'s3cret-part'}` },
      () => ({ authorization: 's3cret-function' }),
      headersHelper((): Headers => ({ authorization: 's3cret-helper' })),
    ];
    for (const headers of sources) {
      const { stage, host, exporter, authorizations } = await running('http/protobuf', headers, () => 403);
      const error = await stage.consume(logs(1), flow()).then(
        () => 'delivered',
        (thrown: unknown) => inspect(thrown, { depth: 9 }),
      );
      expect(authorizations()[0]).toContain('s3cret');
      const shown = inspect((exporter as Exporter<Signal>).options, { depth: 9 }) + JSON.stringify(exporter.options);
      expect(error + shown + JSON.stringify(host.log)).not.toContain('s3cret');
    }
  });
});
