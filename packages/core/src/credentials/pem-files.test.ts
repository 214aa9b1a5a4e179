import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { beforeAll, expect, test } from 'vitest';
import type { Clock, Logger } from '../host.js';
import { type PemFiles, readPem, watchPem } from './pem-files.js';
import { secret } from './secret.js';

interface Pair {
  readonly cert: string;
  readonly key: string;
}

let first: Pair;
let second: Pair;
beforeAll(async () => {
  const make = async (): Promise<Pair> => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'a' }], { keyType: 'ec' });
    return { cert, key };
  };
  [first, second] = await Promise.all([make(), make()]);
});

function files(pair: Pair) {
  const dir = mkdtempSync(join(tmpdir(), 'otelier-pem-'));
  const put = (name: string, text: string) => {
    writeFileSync(join(dir, `${name}.new`), text);
    renameSync(join(dir, `${name}.new`), join(dir, name));
    return join(dir, name);
  };
  return { sources: { cert: put('cert', pair.cert), key: put('key', pair.key) }, put };
}

test('files and secrets are read alike; what cannot be used is named, without a word of it', async () => {
  const { sources } = files(first);
  const texts = { cert: Buffer.from(first.cert), key: Buffer.from(first.key) };
  expect(await readPem('x: tls', sources)).toEqual(texts);
  const { cert, key } = first;
  const inSecrets = { cert: secret`${cert}`, key: secret`${key}` };
  expect(await readPem('x: tls', inSecrets)).toEqual(texts);
  expect(await readPem('x: tls', {})).toEqual({});
  await expect(readPem('x: tls', { ca: '/nowhere' })).rejects.toThrow(
    'x: tls.ca: expected a PEM file that can be read',
  );
  await expect(readPem('x: tls', { ca: sources.key })).rejects.toThrow('x: tls.ca: expected certificates in PEM form');
  const mixed = readPem('x: tls', { ...sources, key: files(second).sources.key });
  await expect(mixed).rejects.toThrow('x: tls.key: expected the key of the certificate');
});

/** A clock whose one timer runs when the test says so; the returned promise waits for what the run has started. */
function oneTimer() {
  let run = (): void => {};
  const clock: Clock = {
    now: () => 0,
    after(_ms, next) {
      run = next;
      armed();
      return () => {
        run = () => {};
      };
    },
  };
  let armed = (): void => {};
  const tick = () =>
    new Promise<void>((resolve) => {
      armed = resolve;
      run();
    });
  return { clock, tick };
}

test('changes count once they are good; half a change is waited for, a bad one told once', async () => {
  const { sources, put } = files(first);
  const { clock, tick } = oneTimer();
  const log: string[] = [];
  const at = (level: string) => (_fields: object, message: string) => void log.push(`${level}: ${message}`);
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const used: PemFiles<Buffer>[] = [];
  const current = await readPem('x: tls', sources);
  const use = (pem: PemFiles<Buffer>) => void used.push(pem);
  const stop = watchPem({ path: 'x: tls', sources, current, intervalMs: 1, clock, logger, use });
  await tick();
  expect([used.length, log]).toEqual([0, []]);

  put('cert', second.cert);
  await tick();
  put('key', second.key);
  await tick();
  await tick();
  expect(used.map(({ cert }) => String(cert))).toEqual([second.cert]);
  expect(log).toEqual(['info: certificates were read anew']);

  put('key', 'rubbish');
  for (let i = 0; i < 4; i++) await tick();
  expect(log.slice(1)).toEqual(['error: new certificates cannot be used: the ones before stay in force']);
  put('key', second.key);
  await tick();
  expect([used.length, log.length]).toEqual([1, 2]);
  put('cert', first.cert);
  put('key', first.key);
  await tick();
  expect(used.map(({ cert }) => String(cert))).toEqual([second.cert, first.cert]);
  stop();
});
