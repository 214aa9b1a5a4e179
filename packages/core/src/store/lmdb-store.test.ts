import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open as openDatabase } from 'lmdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Logger } from '../host.js';
import { inspect } from './data-file.js';
import { LmdbStore, openLmdb, readLmdb } from './lmdb-store.js';
import { openSign } from './sign-of-life.js';

let dir: string;
const told: object[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'otelier-store-'));
  told.length = 0;
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

function replace(path: string, by: (path: string) => void): void {
  rmSync(path, { recursive: true });
  by(path);
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

  test('is one collector’s at a time under whatever name', async () => {
    const alias = `${dir}-alias`;
    symlinkSync(dir, alias);
    const store = await open();
    await expect(openLmdb(alias, logger)).rejects.toThrow(/no other collector uses/);
    await store.close();
    rmSync(alias);
  });

  // Containers that share a volume: to each, the other's number is nobody's, or its own.
  test.runIf(process.platform === 'linux').each([['1'], [`${process.pid}`], ['999999999']])(
    'is not taken from process %s of another namespace until that has died',
    async (pid) => {
      const sign = await openSign(join(dir, 'state.lock'));
      symlinkSync(`${pid} 1 1 ${sign?.name}`, join(dir, 'state.lock'));
      await expect(open()).rejects.toThrow(/no other collector uses/);
      sign?.close();
      await (await open()).close();
      expect(readdirSync(dir)).toEqual(['state']);
    },
  );

  test('leaves the lock alone that another has in what took the place of its directory', async () => {
    const before = await open();
    renameSync(dir, `${dir}-moved`);
    mkdirSync(dir);
    const after = await open();
    await before.close();
    await expect(open()).rejects.toThrow(/no other collector uses/);
    await after.close();
    rmSync(`${dir}-moved`, { recursive: true });
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

  // Who starts a collector anew in a container is often not who should wait for the last one.
  test.runIf(process.platform === 'linux')(
    'is taken over from a process that has died and nobody has asked after',
    async () => {
      const parent = spawn('/bin/sh', ['-c', 'true & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
      const [said] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = `${said}`.trim();
      const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      while (stat()[0] !== 'Z') await new Promise((resolve) => setImmediate(resolve));
      const namespace = readlinkSync('/proc/self/ns/pid').replaceAll(/[^\d]/g, '');
      symlinkSync(`${pid} ${stat()[19]} ${namespace} -`, join(dir, 'state.lock'));
      await (await open()).close();
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    },
  );

  test.each<[string, (file: string) => void]>([
    ['is something else', (file) => writeFileSync(file, Buffer.alloc(9000, 'x'))],
    ['was cut off', (file) => truncateSync(file, 8192)],
    ['was cut off in its head', (file) => truncateSync(file, 100)],
    ['has a folder where its file should be', (file) => replace(file, (at) => void mkdirSync(at))],
    ['has a file where its folder should be', (file) => replace(dirname(file), (at) => writeFileSync(at, ''))],
  ])('that %s is moved aside and reported, not deleted', async (_, damage) => {
    const store = await open();
    for (let i = 0; i < 20; i++) await store.commit([[bytes(`key-${i}`), Buffer.alloc(5000)]]);
    await store.close();
    damage(join(dir, 'state', 'data.mdb'));
    expect(await contents()).toEqual([]);
    expect(told).toHaveLength(1);
    expect(readdirSync(dir).filter((name) => name.startsWith('state.damaged-'))).toHaveLength(1);
  });

  test('whose bytes were changed at random offsets never ends the process: it opens, or is moved aside', async () => {
    const built = fileURLToPath(new URL('../../dist/store/lmdb-store.js', import.meta.url));
    const store = await open();
    for (let i = 0; i < 60; i++) {
      await store.commit(
        Array.from({ length: 30 }, (_, n): [Buffer, Buffer | undefined] => [
          bytes(`key-${i}-${n}`),
          Buffer.alloc(n === 0 ? 9000 : 100),
        ]),
      );
      if (i > 5) await store.commit(Array.from({ length: 29 }, (_, n) => [bytes(`key-${i - 5}-${n}`), undefined]));
    }
    await store.close();
    const script = join(dir, 'child.mjs');
    // As many damaged stores as one process can open, which would end at the first that LMDB cannot bear.
    writeFileSync(
      script,
      `import { cpSync, openSync, writeSync, closeSync, fstatSync } from 'node:fs';
      import { join } from 'node:path';
      import { openLmdb } from ${JSON.stringify(built)};
      const dir = ${JSON.stringify(dir)};
      let seed = Number(process.argv[2]);
      const below = (end) => Math.floor((seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x80000000 * end);
      let aside = 0;
      for (let run = 0; run < 120; run++) {
        const own = join(dir, 'run' + process.argv[2] + '-' + run);
        cpSync(join(dir, 'state'), join(own, 'state'), { recursive: true });
        const file = openSync(join(own, 'state', 'data.mdb'), 'r+');
        const { size } = fstatSync(file);
        for (let places = 1 + below(8); places > 0; places--) {
          const junk = Buffer.from(Array.from({ length: [1, 8, 512, 4096][below(4)] }, () => below(256)));
          writeSync(file, junk, 0, junk.length, below(size - junk.length));
        }
        closeSync(file);
        const store = await openLmdb(own, { error: () => aside++ });
        try { for (const [key] of store.entries(Buffer.alloc(0))) store.get(key); } catch {}
        try { await store.commit([[Buffer.from('new'), Buffer.alloc(20000)]]); } catch {}
        await store.close();
      }
      console.log(aside);`,
    );
    const seed = 1 + (Date.now() % 100_000);
    const output = execFileSync(process.execPath, [script, `${seed}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    expect(Number(`${output}`), `seed ${seed}`).toBeGreaterThan(10);
  }, 60_000);

  test('that has another key in the place of one is moved aside: what is out of order is not found', async () => {
    const store = await open();
    for (let i = 0; i < 40; i++)
      await store.commit(Array.from({ length: 50 }, (_, n) => [bytes(`owner/key-${100 + i}-${100 + n}`), bytes('x')]));
    await store.close();
    const file = join(dir, 'state', 'data.mdb');
    expect(inspect(file)).toEqual({ damage: undefined, padded: false });
    const whole = readFileSync(file);
    // Of every key that is there, in pages of today and of before.
    let [found, places] = [0, 0];
    for (let at = whole.indexOf('owner/key-1', 8192); at >= 0; at = whole.indexOf('owner/key-1', at + 1)) {
      const changed = Buffer.from(whole);
      changed[at + 2]! ^= [1, 0x40, 0xff][places % 3]!;
      writeFileSync(file, changed);
      places++;
      if (inspect(file).damage !== undefined) found++;
    }
    expect(places).toBeGreaterThan(2000);
    // Pages that are free are not looked at, and the first key of all may be less and the last one more.
    expect(found).toBeGreaterThan(1990);
  });

  test.each([
    ['the first of an owner', 'b/a\0key 0', '\0'],
    ['the last of an owner', 'b/b\0zkey 9', 'x'],
    ['one that is then among those of another', 'b/a\0key 9', 'b'],
  ])('brings home an entry whose owner cannot be read any more: %s', async (_, key, becomes) => {
    const store = await open();
    const all = ['a/a\0key', 'b/a\0key', 'b/b\0zkey'].flatMap((each) =>
      Array.from({ length: 10 }, (_, i): [Buffer, Buffer] => [bytes(`${each} ${i}`), bytes(`value of ${each} ${i}`)]),
    );
    await store.commit(all);
    await store.close();
    const file = join(dir, 'state', 'data.mdb');
    const whole = readFileSync(file);
    whole.write(becomes, whole.indexOf(key, 8192) + 2);
    writeFileSync(file, whole);
    expect(inspect(file).damage).toBeUndefined();
    const again = await open();
    expect([...again.entries(bytes(''))]).toEqual(all);
    await again.close();
  });

  test('whose last pages were never written, as LMDB sometimes leaves it, is not taken for one that was cut off', async () => {
    let seed = 3;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return Math.floor((seed / 0x80000000) * below);
    };
    const expected = new Map<string, number>();
    const store = await open();
    const copy = join(dir, 'copy');
    mkdirSync(join(copy, 'state'), { recursive: true });
    let isShort = false;
    for (let commit = 0; !isShort && commit < 4000; commit++) {
      const changes = Array.from({ length: 1 + random(60) }, (): [Buffer, Buffer | undefined] => {
        const key = `k${random(2000)}`;
        const size = random(10) === 0 ? random(40_000) : random(900);
        const removed = random(5) < 2;
        if (removed) expected.delete(key);
        else expected.set(key, size);
        return [bytes(key), removed ? undefined : Buffer.alloc(size)];
      });
      await store.commit(changes);
      copyFileSync(join(dir, 'state', 'data.mdb'), join(copy, 'state', 'data.mdb'));
      const { padded, damage } = inspect(join(copy, 'state', 'data.mdb'));
      expect(damage).toBeUndefined();
      isShort = padded;
    }
    await store.close();
    expect(isShort).toBe(true);
    const again = await openLmdb(copy, logger);
    expect(new Map([...again.entries(bytes(''))].map(([key, { length }]) => [`${Buffer.from(key)}`, length]))).toEqual(
      expected,
    );
    await again.close();
    expect(told).toEqual([]);
  });

  test('gives single values, and keys from anywhere on without their values', async () => {
    const store = await open();
    await store.commit(['a', 'b1', 'b2', 'b3', 'c'].map((key) => [bytes(key), bytes(key.toUpperCase())]));
    expect(`${store.get(bytes('b2'))}`).toBe('B2');
    expect(store.get(bytes('b'))).toBeUndefined();
    const keys = (...args: string[]) => [
      ...store.keys(bytes(args[0]!), args[1] === undefined ? undefined : bytes(args[1])),
    ];
    expect(keys('b').map(String)).toEqual(['b1', 'b2', 'b3']);
    expect(keys('b', 'b2').map(String)).toEqual(['b2', 'b3']);
    expect(keys('').map(String)).toEqual(['a', 'b1', 'b2', 'b3', 'c']);
    await store.close();
  });

  test('can be read while it is in use', async () => {
    expect(await readLmdb(dir)).toBeUndefined();
    const store = await open();
    await store.commit([[bytes('a'), bytes('1')]]);
    const reader = await readLmdb(dir);
    expect(`${reader?.get(bytes('a'))}`).toBe('1');
    await reader?.close();
    await store.commit([[bytes('a'), bytes('2')]]);
    await store.close();
    expect(await contents()).toEqual(['a=2']);
  });

  test('refuses commits when the disk is full, and the process goes on with what there is', async () => {
    const built = fileURLToPath(new URL('../../dist/store/lmdb-store.js', import.meta.url));
    const script = join(dir, 'child.mjs');
    writeFileSync(
      script,
      `import { openLmdb } from ${JSON.stringify(built)};
      const store = await openLmdb(${JSON.stringify(dir)}, { error() {} });
      let done = 0;
      const failures = [];
      for (let n = 0; failures.length < 3 && n < 1000; n++) {
        await Promise.all([0, 1].map((half) => store.commit([[Buffer.from('n' + n + '-' + half), Buffer.alloc(20000)]]).then(
          () => done++,
          (error) => failures.push(error.message),
        )));
      }
      const read = [...store.entries(Buffer.from('n'))].length;
      await store.close();
      console.log(JSON.stringify({ done, failures, read }));`,
    );
    // Files that may not grow fail as a full disk does.
    const output = execFileSync('sh', ['-c', 'ulimit -f 4000 && exec "$0" "$1"', process.execPath, script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { done, failures, read } = JSON.parse(`${output}`) as { done: number; failures: string[]; read: number };
    expect(done).toBeGreaterThan(50);
    expect(failures[0]).toMatch(/^\[unavailable\] the store could not be written to \(.+\): is the disk full\?$/);
    expect(read).toBe(done);
    expect(await contents('n')).toHaveLength(done);
    expect(told).toEqual([]);
  });

  test('has no size of its own to reach: a map that is too small grows with what is stored, and only the disk is ever full', async () => {
    const path = join(dir, 'state');
    mkdirSync(path);
    const db = openDatabase<Uint8Array, Uint8Array>({
      ...{ path, encoding: 'binary', keyEncoding: 'binary', noSubdir: false, overlappingSync: false },
      ...{ eventTurnBatching: false, mapSize: 65_536 },
    });
    const store = new LmdbStore(db, () => {});
    for (let n = 0; n < 50; n++) await store.commit([[Buffer.from(`n${n}`), Buffer.alloc(100_000, n)]]);
    for (let n = 0; n < 50; n++) expect(store.get(Buffer.from(`n${n}`))?.[99_999]).toBe(n);
    await store.close();
    expect(await contents('n')).toHaveLength(50);
  });

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
