import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Logger } from '../host.js';
import { damageOf } from './data-file.js';
import { openLmdb } from './lmdb-store.js';
import type { StateChange } from './state-store.js';

let dir: string;
const told: object[] = [];
beforeEach(() => {
  told.length = 0;
  dir = mkdtempSync(join(tmpdir(), 'otelier-store-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const logger: Logger = { debug() {}, info() {}, warn() {}, error: (fields) => void told.push(fields) };
const bytes = (text: string) => Buffer.from(text);
const open = () => openLmdb(dir, logger);

async function contents(prefix = ''): Promise<string[]> {
  const store = await open();
  const found = [...store.entries(bytes(prefix))].map(([key, value]) => `${Buffer.from(key)}=${Buffer.from(value)}`);
  await store.close();
  return found;
}

describe('the store of a data directory', () => {
  test('keeps what was committed, in the order of its keys', async () => {
    const store = await open();
    await Promise.all([
      store.commit([
        [bytes('b\0two'), bytes('2')],
        [bytes('a\0one'), bytes('1')],
      ]),
      store.commit([
        [bytes('b\0two'), undefined],
        [bytes('b\0three'), bytes('3')],
        [bytes('b\0empty'), bytes('')],
      ]),
    ]);
    await store.close();
    expect(await contents()).toEqual(['a\0one=1', 'b\0empty=', 'b\0three=3']);
    expect(await contents('b\0')).toEqual(['b\0empty=', 'b\0three=3']);
  });

  test('is one collector’s at a time', async () => {
    const store = await open();
    await expect(open()).rejects.toThrow(/data directory .*: expected one that no other collector uses/);
    await store.close();
    await (await open()).close();
  });

  test.each([
    ['that died', '999999999 1'],
    ['whose number another has now', `${process.ppid} 1`],
    ['with our own number', `${process.pid} 1`],
    ['that left nothing to read', ''],
  ])('is taken over from a process %s', async (_, owner) => {
    writeFileSync(join(dir, 'state.lock'), owner);
    await (await open()).close();
    expect(readdirSync(dir)).toEqual(['state']);
  });

  test.each<[string, (file: string) => void]>([
    ['is something else', (file) => writeFileSync(file, Buffer.alloc(9000, 'x'))],
    ['was cut off', (file) => truncateSync(file, 8192)],
    ['was cut off in its head', (file) => truncateSync(file, 100)],
  ])('that %s is moved aside and reported, not deleted', async (_, damage) => {
    const store = await open();
    for (let i = 0; i < 20; i++) await store.commit([[bytes(`key-${i}`), Buffer.alloc(5000)]]);
    await store.close();
    damage(join(dir, 'state', 'data.mdb'));
    expect(await contents()).toEqual([]);
    expect(told).toHaveLength(1);
    expect(readdirSync(dir).filter((name) => name.startsWith('state.damaged-'))).toHaveLength(1);
  });

  test.each([2, 40, 900])(
    'of %d entries is as good as any other when its file ends before pages that were counted and never written',
    async (count) => {
      // A page that is taken and given up in one transaction is not written; here such pages are made by cutting off what was given up.
      const store = await open();
      const change = (i: number): StateChange => [bytes(`key-${i}`), Buffer.alloc(100 * (i % 60), 'x')];
      await store.commit(Array.from({ length: count }, (_, i) => change(i)));
      for (let i = 0; i < 40; i++) await store.commit([change(i)]);
      await store.commit([[bytes('large'), Buffer.alloc(200_000)]]);
      await store.commit([[bytes('large'), undefined]]);
      await store.close();
      const whole = await contents();
      const file = join(dir, 'state', 'data.mdb');
      let pages = 0;
      for (let left = statSync(file).size; ; pages++) {
        left -= 4096;
        truncateSync(file, left);
        if (damageOf(file) !== undefined) break;
        expect(await contents()).toEqual(whole);
      }
      expect(pages).toBeGreaterThan(20);
      const again = await open();
      await again.close();
      expect(told).toHaveLength(1);
    },
  );

  test('that cannot be used is an error that names the directory', async () => {
    writeFileSync(join(dir, 'file'), '');
    await expect(openLmdb(join(dir, 'file', 'data'), logger)).rejects.toThrow(
      /data directory .*file\/data: expected a directory that this process can write to, got ENOTDIR/,
    );
  });

  test('loses nothing that it has confirmed when the process is killed, and keeps no half of a commit', {
    timeout: 120_000,
  }, async () => {
    const built = fileURLToPath(new URL('../../dist/store/lmdb-store.js', import.meta.url));
    expect(existsSync(built)).toBe(true);
    // Each commit writes its number under two keys, and counts up until it is killed.
    const script = join(dir, 'child.mjs');
    writeFileSync(
      script,
      `import { openLmdb } from ${JSON.stringify(built)};
      const store = await openLmdb(${JSON.stringify(dir)}, { error() {} });
      let at = 0;
      for (const [, value] of store.entries(Buffer.from('left'))) at = Number(Buffer.from(value));
      for (;;) {
        at++;
        const n = at;
        const text = Buffer.from(String(n));
        void store.commit([[Buffer.from('left'), text], [Buffer.from('n' + n), Buffer.alloc(3000)], [Buffer.from('right'), text]])
          .then(() => process.send(n));
        if (n % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
        if (n % 50 === 0) await store.commit([]);
      }`,
    );
    for (let round = 0; round < 24; round++) {
      const child = fork(script);
      let confirmed = 0;
      child.on('message', (n: number) => {
        confirmed = Math.max(confirmed, n);
        if (confirmed % 7 === round % 7) child.kill('SIGKILL');
      });
      await once(child, 'exit');
      const found = new Map((await contents()).map((entry) => entry.split('=') as [string, string]));
      expect(found.get('left')).toBe(found.get('right'));
      const last = Number(found.get('left'));
      expect(last).toBeGreaterThanOrEqual(confirmed);
      expect([...found.keys()].filter((key) => key.startsWith('n'))).toHaveLength(last);
    }
  });
});
