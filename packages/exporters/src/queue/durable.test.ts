import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AccountData,
  createCollector,
  type Exporter,
  exporter,
  openStore,
  PipelineError,
  type PipelinesConfig,
  type StateChange,
  type StateStore,
} from '@otelier/core';
import { LogsBatch } from '@otelier/otlp';
import { assertConservation, memoryReceiver, memoryStore } from '@otelier/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeClock } from '../../test/clock.js';
import { bodies, logs, memoryLog } from '../../test/host.js';
import { retry } from '../retry/retry.js';
import { type QueueOptions, queue, queuesIn } from './queue.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'otelier-queue-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A backend that takes what it gets, or refuses, as it is told. */
function backend(name = 'backend') {
  const delivered: unknown[] = [];
  const control = { delivered, down: false, hang: false };
  const inner: Exporter<'logs'> = exporter(name, {
    logs: async (batch: LogsBatch, flow) => {
      if (control.hang) await new Promise((_, reject) => flow.signal.addEventListener('abort', reject));
      if (control.down) throw new PipelineError('unavailable', 'down');
      delivered.push(...bodies(batch));
    },
  });
  return { ...control, control, inner };
}

const about = Buffer.from('logs/test/queue\0i');

/** What a queue may say of itself. */
function said(next: number, batches: number): Buffer {
  const sums = { next, batches, items: batches, bytes: 20 * batches };
  return Buffer.from(JSON.stringify({ signal: 'logs', destination: 'backend', ...sums }));
}

interface Setup {
  readonly store?: StateStore;
  readonly dataDir?: string;
}

/** A collector that has one queue. */
async function running(inner: Exporter<'logs'>, options: QueueOptions, setup: Setup) {
  const clock = fakeClock();
  const { logger, log } = memoryLog();
  const receiver = memoryReceiver();
  const config: PipelinesConfig = { logs: { test: { receivers: [receiver], exporters: [queue(inner, options)] } } };
  const collector = createCollector(config, { clock, logger, ...setup });
  await collector.start();
  const account = () => collector.accounts()['logs/test/queue'] as AccountData;
  const stop = async () => {
    const stopped = collector.shutdown({ deadline: '1s' });
    for (let i = 0; i < 4; i++) {
      await clock.advance(500);
      // A store writes while time stands still.
      for (let n = 0; n < 4; n++) await turn();
    }
    return stopped;
  };
  return { send: receiver.send, receiver, collector, clock, log, account, stop };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe('a queue with a data directory', () => {
  test.each([{}, { keep: 'spill' }] as const)(
    'keeps only the rest of a batch of which a part was delivered (%o)',
    async (options) => {
      const delivered: unknown[] = [];
      let isDown = true;
      const picky = exporter('backend', {
        logs: async (batch: LogsBatch) => {
          if (batch.count > 2) throw new PipelineError('too-large', 'too many');
          if (isDown && bodies(batch).includes('record 2')) throw new PipelineError('unavailable', 'down');
          delivered.push(...bodies(batch));
        },
      });
      const first = await running(retry(picky), options, { dataDir: dir });
      await first.send(logs(4));
      await until(() => delivered.length === 2);
      let isOver = false;
      const stopped = first.collector.shutdown().finally(() => {
        isOver = true;
      });
      // The disk takes its time, and the deadline is not the matter here.
      for (; !isOver; await turn()) await first.clock.advance(0);
      expect(await stopped).toMatchObject({ delivered: 2, kept: 2, lost: 0, clean: true });
      assertConservation(first.collector.accounts());
      const store = await openStore(dir, memoryLog().logger);
      const rest = logs(2, undefined, 2);
      expect(queuesIn(store)).toMatchObject([{ batches: 1, items: 2, bytes: rest.size }]);
      await store.close();

      isDown = false;
      const second = await running(retry(picky), options, { dataDir: dir });
      await until(() => delivered.length === 4);
      expect(delivered).toEqual(bodies(logs(4)));
      expect(second.account()).toMatchObject({ added: { recovered: 2 } });
      expect(await second.stop()).toMatchObject({ delivered: 2, kept: 0 });
    },
  );

  test('keeps what the backend does not take for the next start, and accounts for it', async () => {
    const { inner, control } = backend();
    control.down = true;
    const first = await running(inner, {}, { dataDir: dir });
    for (let i = 0; i < 3; i++) await first.send(logs(2, undefined, i * 2));
    expect(await first.stop()).toMatchObject({ kept: 6, lost: 0, clean: true });
    expect(first.account()).toMatchObject({ in: 6, out: 0, held: 6, dropped: {} });

    control.down = false;
    const second = await running(inner, {}, { dataDir: dir });
    await until(() => control.delivered.length === 6);
    expect(second.account()).toMatchObject({ in: 0, added: { recovered: 6 }, out: 6, held: 0 });
    expect(second.log).toContainEqual(
      expect.objectContaining({
        level: 'info',
        fields: { component: 'logs/test/queue', batches: 3, items: 6, bytes: 3 * logs(2).size },
      }),
    );
    expect(await second.stop()).toMatchObject({ delivered: 6, kept: 0, clean: true });
    assertConservation(second.collector.accounts());

    const third = await running(inner, {}, { dataDir: dir });
    await turn();
    expect(third.account().added).toEqual({});
    await third.stop();
    expect([...control.delivered].sort()).toEqual(bodies(logs(6)));
  });

  test('whose directory is taken away says yes no more, delivers what it has, and tells what is lost at the end', async () => {
    const { inner, control } = backend();
    control.down = true;
    const queued = await running(inner, {}, { dataDir: join(dir, 'data') });
    await queued.send(logs(2));
    renameSync(join(dir, 'data'), join(dir, 'aside'));
    const { ready } = queued.collector.health();
    await expect(queued.send(logs(3))).rejects.toMatchObject({ code: 'unavailable' });
    expect([ready, queued.collector.health().ready]).toEqual([true, false]);
    renameSync(join(dir, 'aside'), join(dir, 'data'));
    await turn();
    await queued.send(logs(4, undefined, 2));
    rmSync(join(dir, 'data'), { recursive: true });
    await expect(queued.send(logs(3))).rejects.toMatchObject({ code: 'unavailable' });
    expect(await queued.stop()).toMatchObject({ lost: 6, kept: 0, clean: false });
    assertConservation(queued.collector.accounts());
    expect(existsSync(join(dir, 'data'))).toBe(false);
  });

  test.each<[string, string, QueueOptions, boolean]>([
    ['stays', 'test', { workers: 1 }, false],
    ['gets another name', 'other', {}, true],
    ['leads to another directory', 'test', { dir: 'own' }, true],
    ['keeps batches in memory', 'test', { keep: 'memory' }, true],
  ])('that %s with a reload: what nobody delivers any more is told', async (_, name, options, isTold) => {
    const { inner, control } = backend();
    control.down = true;
    const queued = await running(inner, {}, { dataDir: join(dir, 'data') });
    await queued.send(logs(2));
    const own = options.dir === undefined ? options : { ...options, dir: join(dir, options.dir) };
    const pipeline = { receivers: [queued.receiver], exporters: [queue(inner, own)] };
    let isOver = false;
    const reloading = queued.collector.reload({ logs: { [name]: pipeline } }).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await queued.clock.advance(500);
      await turn();
    }
    await reloading;
    const told = { level: 'error', fields: { exporter: 'logs/test/queue', items: 2 } };
    expect(
      queued.log.map(({ level, fields }) => ({ level, fields })).filter(({ fields }) => 'exporter' in fields),
    ).toEqual(isTold ? [told] : []);
    expect(await queued.stop()).toMatchObject({ lost: 0, kept: 2 });
  });

  test('with a directory of its own keeps its batches there, shared with others that name it', async () => {
    const [one, other] = [backend('one'), backend('other')];
    one.control.down = true;
    other.control.down = true;
    const receiver = memoryReceiver();
    const config: PipelinesConfig = {
      logs: { test: { receivers: [receiver], exporters: [queue(one.inner, { dir }), queue(other.inner, { dir })] } },
    };
    const run = async () => {
      const clock = fakeClock();
      const collector = createCollector(config, { clock, logger: memoryLog().logger });
      await collector.start();
      return async () => {
        const stopped = collector.shutdown({ deadline: '1s' });
        for (let i = 0; i < 4; i++) await clock.advance(1000);
        return stopped;
      };
    };
    const stop = await run();
    await receiver.send(logs(2));
    expect(await stop()).toMatchObject({ kept: 4, clean: true });
    expect(existsSync(join(dir, 'state'))).toBe(true);
    one.control.down = false;
    const again = await run();
    await until(() => one.delivered.length === 2);
    expect(await again()).toMatchObject({ delivered: 2, kept: 2 });
    expect(other.delivered).toEqual([]);
  });

  test('is one collector’s at a time', async () => {
    const { inner } = backend();
    const first = await running(inner, { dir }, {});
    await expect(running(inner, { dir }, {})).rejects.toThrow(
      /logs\/test\/queue did not start: data directory .* no other collector/,
    );
    await first.stop();
  });

  test('starts without reading what it holds, in as little memory whatever that is', async () => {
    const counted = async (batches: number) => {
      const at = join(dir, `${batches}`);
      const { inner, control } = backend();
      control.down = true;
      const first = await running(inner, { dir: at }, {});
      const big = logs(20, 'x'.repeat(1000));
      for (let i = 0; i < batches; i += 100) {
        await Promise.all(Array.from({ length: 100 }, () => first.send(big.fork())));
      }
      await first.stop();
      const store = counting(await openStore(at, memoryLog().logger));
      control.hang = true;
      const second = await running(inner, { workers: 1 }, { store });
      const items = second.account().held;
      const { gets, keys, all } = store.counts;
      await second.stop();
      return { items, gets, keys, all };
    };
    const [little, much] = [await counted(100), await counted(10_000)];
    expect(much.items).toBe(200_000);
    // What the queue says of itself, and the one batch that is being sent.
    expect(little).toMatchObject({ gets: 2, all: 0 });
    expect(much).toMatchObject({ gets: 2, all: 0 });
    expect(much.keys).toBeLessThanOrEqual(4096 + 1);
  }, 120_000);

  test('delivers a backlog larger than what it looks up at a time, in order', async () => {
    const store = memoryStore();
    const { inner, control } = backend();
    control.down = true;
    const first = await running(inner, { order: 'series' }, { store });
    const count = 9000;
    await Promise.all(Array.from({ length: count }, (_, i) => first.send(logs(1, undefined, i))));
    const rest = store.crash();
    control.down = false;
    const second = await running(inner, { order: 'series' }, { store: rest });
    for (let i = 0; i < 50; i++) await second.send(logs(1, undefined, count + i));
    await until(() => control.delivered.length === count + 50);
    expect(control.delivered).toEqual(Array.from({ length: count + 50 }, (_, i) => `record ${i}`));
    expect(second.account()).toMatchObject({ in: 50, added: { recovered: count }, out: count + 50, held: 0 });
    await second.stop();
    expect([...rest.keys(Buffer.alloc(0))]).toHaveLength(1);
  }, 60_000);

  test('acknowledges nothing that is not on disk, and goes on when the disk takes writes again', async () => {
    const store = memoryStore();
    const { inner, delivered } = backend();
    const { send, account, log, stop, collector } = await running(inner, {}, { store });
    store.fail(2);
    await expect(send(logs(1))).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 1000 });
    await turn();
    await expect(send(logs(1))).rejects.toMatchObject({ code: 'unavailable' });
    await turn();
    await send(logs(1, 'at last'));
    await until(() => delivered.length === 1);
    expect(delivered).toEqual(['at last']);
    expect(account()).toMatchObject({ in: 3, refused: { unavailable: 2 }, out: 1, held: 0 });
    expect(log.filter(({ level, message }) => level === 'error' && message.includes('disk'))).toHaveLength(1);
    assertConservation(collector.accounts());
    expect(await stop()).toMatchObject({ kept: 0, lost: 0 });
  });

  test('sets a batch aside whose bytes are not those that were written, and delivers the others', async () => {
    const store = memoryStore();
    const { inner, control } = backend();
    control.down = true;
    const first = await running(inner, {}, { store });
    for (let i = 0; i < 3; i++) await first.send(logs(1, undefined, i));
    const rest = store.crash();
    const [, second] = [...rest.entries(Buffer.from('logs/test/queue\0q'))];
    const [key, value] = second as readonly [Uint8Array, Uint8Array];
    const spoilt = Buffer.from(value);
    spoilt[5] = (spoilt[5] as number) ^ 1;
    await rest.commit([[key, spoilt]]);
    control.down = false;
    const again = await running(inner, {}, { store: rest });
    await until(() => control.delivered.length === 2);
    expect([...control.delivered].sort()).toEqual(['record 0', 'record 2']);
    expect(again.account()).toMatchObject({ out: 2, dropped: { damaged: 1 }, held: 0 });
    await again.stop();
    const kept = [...rest.entries(Buffer.from('logs/test/queue\0x'))];
    expect(kept.map(([, left]) => Buffer.from(left))).toEqual([spoilt]);
  });

  test.each<[string, (keys: readonly Uint8Array[]) => StateChange[], number, number]>([
    ['of which one has no key any more', (keys) => [[keys[1]!, undefined]], 2, 1],
    ['of which none has a key any more', (keys) => keys.map((key) => [key, undefined]), 0, 3],
    ['that says nothing of itself any more', () => [[about, undefined]], 3, 0],
    ['that says too little', () => [[about, said(9, 1)]], 3, 0],
    ['that says what it once said', () => [[about, said(1, 1)]], 3, 0],
    ['that says that it is empty', () => [[about, said(9, 0)]], 3, 0],
    ['that says too much', () => [[about, said(9, 5)]], 3, 2],
  ])(
    'delivers what there is of a queue %s, tells what there is not, and has its sums right again',
    async (_, damage, left, missing) => {
      const store = memoryStore();
      const { inner, control } = backend();
      control.down = true;
      const first = await running(inner, {}, { store });
      for (let i = 0; i < 3; i++) await first.send(logs(1, undefined, i));
      const rest = store.crash();
      await rest.commit(damage([...rest.keys(Buffer.from('logs/test/queue\0q'))]));
      control.down = false;
      const again = await running(inner, {}, { store: rest });
      await until(() => control.delivered.length === left && (again.account().dropped.damaged ?? 0) === missing);
      expect(again.account()).toMatchObject({ out: left, held: 0 });
      assertConservation(again.collector.accounts());
      expect(again.log.filter(({ message }) => message === 'queued data was dropped')).toHaveLength(
        missing > 0 ? 1 : 0,
      );
      await again.send(logs(1, undefined, 9));
      await until(() => control.delivered.length === left + 1);
      expect(await again.stop()).toMatchObject({ kept: 0, lost: missing });
      const third = await running(inner, {}, { store: rest.crash() });
      expect(third.account()).toMatchObject({ added: {}, dropped: {}, held: 0 });
      await third.stop();
    },
  );

  test.each([
    ['place', 3],
    ['time', 10],
    ['count', 15],
    ['bytes', 19],
    ['lane', 26],
    ['checksum', 27],
    ['own checksum', 34],
  ])('believes no key whose %s was changed: the batch is set aside and counted, the rest delivered', async (_, at) => {
    const store = memoryStore();
    const { inner, control } = backend();
    control.down = true;
    const first = await running(inner, {}, { store });
    for (let i = 0; i < 3; i++) await first.send(logs(1, undefined, i));
    const rest = store.crash();
    const owner = Buffer.from('logs/test/queue\0');
    const [, key] = [...rest.keys(Buffer.concat([owner, Buffer.from('q')]))];
    const [other, value] = [Buffer.from(key!), rest.get(key!)];
    other[owner.length + at]! ^= 0x81;
    await rest.commit([
      [key!, undefined],
      [other, value],
    ]);
    control.down = false;
    const again = await running(inner, {}, { store: rest });
    await until(() => control.delivered.length === 2 && again.account().dropped.damaged === 1);
    expect(again.account()).toMatchObject({ in: 0, added: { recovered: 3 }, out: 2, held: 0 });
    expect(await again.stop()).toMatchObject({ kept: 0, lost: 1 });
    expect([...rest.entries(Buffer.concat([owner, Buffer.from('x')]))].map(([, aside]) => aside)).toEqual([value]);
    expect([...rest.keys(Buffer.concat([owner, Buffer.from('q')]))]).toEqual([]);
  });

  test('starts anew beside a store that is damaged, and says where its batches are', async () => {
    const { inner, control } = backend();
    control.down = true;
    const first = await running(inner, {}, { dataDir: dir });
    await first.send(logs(1));
    await first.stop();
    writeFileSync(join(dir, 'state', 'data.mdb'), Buffer.alloc(9000, 'x'));
    const second = await running(inner, {}, { dataDir: dir });
    const [aside] = readdirSync(dir).filter((name) => name.startsWith('state.damaged-'));
    expect(second.log).toContainEqual(
      expect.objectContaining({
        level: 'error',
        fields: { component: 'logs/test/queue', moved: join(dir, aside as string) },
      }),
    );
    control.down = false;
    await second.send(logs(1));
    await second.stop();
    expect(control.delivered).toHaveLength(1);
  });

  test('warns when batches that were queued for one place would go to another', async () => {
    const store = memoryStore();
    const [one, other] = [backend('one'), backend('other')];
    one.control.down = true;
    const first = await running(one.inner, {}, { store });
    await first.send(logs(1));
    const second = await running(other.inner, {}, { store: store.crash() });
    expect(second.log).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        fields: { component: 'logs/test/queue', from: 'one', to: 'other', batches: 1 },
      }),
    );
    await second.stop();
  });
});

describe('a reload', () => {
  test.each(['memory', 'disk'])(
    'hands the queue over in %s: the new exporter gets what is left, nothing is sent twice',
    async (where) => {
      const [old, fresh] = [backend('old'), backend('fresh')];
      const setup = where === 'disk' ? { dataDir: dir } : {};
      const { send, receiver, collector, clock, stop } = await running(old.inner, { workers: 1 }, setup);
      old.control.down = true;
      for (let i = 0; i < 5; i++) await send(logs(1, undefined, i));
      await turn();
      const config = { logs: { test: { receivers: [receiver], exporters: [queue(fresh.inner)] } } };
      const reloading = collector.reload(config);
      for (let i = 0; i < 40; i++) {
        if (i === 20) await send(logs(1, undefined, 5));
        await turn();
        await clock.advance(1000);
      }
      await reloading;
      await until(() => fresh.delivered.length === 6);
      expect([...fresh.delivered].sort()).toEqual(bodies(logs(6)));
      assertConservation(collector.accounts());
      expect(collector.accounts()['logs/test/queue']).toMatchObject({ in: 6, out: 6, held: 0, dropped: {} });
      expect(await stop()).toMatchObject({ delivered: 6, kept: 0, lost: 0 });
    },
  );

  test('that fails leaves the queue with the graph that runs', async () => {
    const [old, fresh] = [backend('old'), backend('fresh')];
    const { send, receiver, collector, clock, stop } = await running(old.inner, {}, { dataDir: dir });
    old.control.down = true;
    fresh.control.hang = true;
    for (let i = 0; i < 3; i++) await send(logs(1, undefined, i));
    const broken = memoryReceiver();
    const config = {
      logs: {
        test: { receivers: [receiver, { ...broken, start: undefined } as never], exporters: [queue(fresh.inner)] },
      },
    };
    const reloading = collector.reload(config).catch((error: unknown) => error);
    for (let i = 0; i < 10; i++) {
      await turn();
      await clock.advance(1000);
    }
    expect(await reloading).toBeInstanceOf(Error);
    old.control.down = false;
    await clock.advance(60_000);
    await until(() => old.delivered.length === 3);
    expect(fresh.delivered).toEqual([]);
    assertConservation(collector.accounts());
    expect(await stop()).toMatchObject({ delivered: 3, kept: 0, lost: 0 });
  });
});

describe('a queue that spills', () => {
  const spill = { keep: 'spill', memory: '100B' } as const;
  const inStore = (store: StateStore) =>
    [...store.entries(Buffer.from('logs/test/queue\0q'))].flatMap(([, value]) => bodies(new LogsBatch(value)));

  test('says yes without the disk while batches fit into its memory, and after the commit beyond that', async () => {
    const store = memoryStore();
    const { inner, control } = backend();
    control.down = true;
    const { send, account, stop, collector } = await running(inner, { ...spill, order: 'series' }, { store });
    const size = logs(1).size;
    const fit = Math.floor(100 / size);
    expect(fit).toBeGreaterThan(0);
    for (let i = 0; i < fit; i++) await send(logs(1, undefined, i));
    expect(store.commits).toBe(0);
    for (let i = fit; i < fit + 3; i++) await send(logs(1, undefined, i));
    expect(inStore(store)).toEqual([0, 1, 2].map((i) => `record ${fit + i}`));
    expect(account()).toMatchObject({ in: fit + 3, held: fit + 3 });
    expect(await stop()).toMatchObject({ kept: fit + 3, lost: 0, clean: true });
    // What was in memory has been written, at its place.
    const all = Array.from({ length: fit + 3 }, (_, i) => `record ${i}`);
    expect(inStore(store)).toEqual(all);
    assertConservation(collector.accounts());
    control.down = false;
    const again = await running(inner, { ...spill, order: 'series' }, { store });
    await until(() => control.delivered.length === all.length);
    expect(control.delivered).toEqual(all);
    expect(await again.stop()).toMatchObject({ delivered: all.length, kept: 0, lost: 0 });
    expect(inStore(store)).toEqual([]);
  });

  test('goes from memory to a backlog on disk and back without mixing up the order', async () => {
    const store = memoryStore();
    const { inner, control } = backend();
    control.down = true;
    const { send, clock, account, stop } = await running(
      inner,
      { ...spill, memory: '2KiB', order: 'series' },
      { store },
    );
    const [backlog, count] = [5000, 5600];
    await Promise.all(Array.from({ length: backlog }, (_, i) => send(logs(1, undefined, i))));
    control.down = false;
    const writes: number[] = [];
    for (let i = backlog; i < count; i++) {
      // The first comes before anything can have gone: a pause may be short.
      if (i > backlog) await clock.advance(100);
      const before = store.commits;
      await send(logs(1, undefined, i));
      writes.push(store.commits - before);
    }
    await until(() => control.delivered.length === count);
    expect(control.delivered).toEqual(Array.from({ length: count }, (_, i) => `record ${i}`));
    // The first of them had to wait for the disk, the last had not.
    expect(writes[0]).toBeGreaterThan(0);
    expect(writes.at(-1)).toBe(0);
    expect(account()).toMatchObject({ in: count, out: count, held: 0 });
    expect(await stop()).toMatchObject({ kept: 0, lost: 0 });
  }, 60_000);

  test('loses in a crash what was in memory, and only that', async () => {
    const store = memoryStore();
    const { inner, control } = backend();
    control.down = true;
    const first = await running(inner, spill, { store });
    for (let i = 0; i < 8; i++) await first.send(logs(1, undefined, i));
    const rest = store.crash();
    const written = inStore(rest);
    expect(written.length).toBeGreaterThan(0);
    expect(written.length).toBeLessThan(8);
    control.down = false;
    const second = await running(inner, spill, { store: rest });
    await until(() => control.delivered.length === written.length);
    expect([...control.delivered].sort()).toEqual(written);
    await second.stop();
  });

  test('counts as lost what it cannot write at the end', async () => {
    const store = memoryStore();
    const { inner, control } = backend();
    control.down = true;
    const { send, stop, log, collector } = await running(inner, spill, { store });
    await send(logs(1));
    store.fail(10);
    expect(await stop()).toMatchObject({ kept: 0, lost: 1, clean: false });
    expect(log.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'the disk of the queue does not take writes: nothing is accepted until it does',
      'the queue was closed before it was empty: what it held is lost',
      'stopped, not everything was delivered',
    ]);
    assertConservation(collector.accounts());
  });

  test('writes what is in memory when a reload wants everything on disk', async () => {
    const store = memoryStore();
    const { inner, control } = backend();
    control.down = true;
    const { send, receiver, collector, clock, stop } = await running(inner, spill, { store });
    await send(logs(1));
    expect(inStore(store)).toEqual([]);
    const reloading = collector.reload({ logs: { test: { receivers: [receiver], exporters: [queue(inner)] } } });
    for (let i = 0; i < 40; i++) {
      await turn();
      await clock.advance(1000);
    }
    await reloading;
    expect(inStore(store)).toEqual(['record 0']);
    await send(logs(1, undefined, 1));
    expect(inStore(store)).toEqual(['record 0', 'record 1']);
    expect(await stop()).toMatchObject({ kept: 2, lost: 0 });
  });

  test('stays in memory when asked to, whatever there is', async () => {
    const store = memoryStore();
    const { inner, control } = backend();
    control.down = true;
    const { send, stop } = await running(inner, { keep: 'memory' }, { store });
    await send(logs(2));
    expect(await stop()).toMatchObject({ kept: 0, lost: 2 });
    expect(store.commits).toBe(0);
  });

  test.each([
    [{ keep: 'memory', dir: 'x' }, /queue: dir: expected no directory with keep: 'memory'/],
    [{ memory: '1MiB' }, /queue: memory: expected keep: 'spill' beside it/],
    [{ keep: 'ram' }, /queue: keep: expected/],
  ])('takes no %j', (options, message) => {
    expect(() => queue(backend().inner, options as QueueOptions)).toThrow(message);
  });

  test('does not start without a disk', async () => {
    await expect(running(backend().inner, { keep: 'spill' }, {})).rejects.toThrow(
      /logs\/test\/queue: keep: expected a dataDir, or dir, for 'spill'/,
    );
  });
});

/** A store that counts how it is read. */
function counting(store: StateStore) {
  const counts = { gets: 0, keys: 0, all: 0 };
  return {
    counts,
    get(key: Uint8Array) {
      counts.gets++;
      return store.get(key);
    },
    *keys(prefix: Uint8Array, from?: Uint8Array) {
      for (const key of store.keys(prefix, from)) {
        counts.keys++;
        yield key;
      }
    },
    *entries(prefix: Uint8Array) {
      for (const entry of store.entries(prefix)) {
        counts.all++;
        yield entry;
      }
    },
    commit: (changes: Parameters<StateStore['commit']>[0]) => store.commit(changes),
    close: () => store.close(),
  };
}
