import { createCollector, exporter, PipelineError, StateMap, type StateStore, stage } from '@otelier/core';
import { LogsBatch } from '@otelier/otlp';
import { assertConservation, type MemoryStore, memoryReceiver, memoryStore } from '@otelier/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fakeClock } from '../../test/clock.js';
import { bodies, logs, memoryLog } from '../../test/host.js';
import { queue } from './queue.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Counts records, which makes a stateful section of its pipeline. */
const counter = stage(
  'counter',
  {
    logs: (next) => {
      const counts = new StateMap<number>();
      return {
        state: counts,
        consume: (batch, flow) => {
          counts.set('records', (counts.get('records') ?? 0) + batch.count);
          return next(batch, flow);
        },
      };
    },
  },
  { stateful: true },
);
const down = exporter('down', {
  logs: async () => {
    throw new PipelineError('unavailable', 'down');
  },
});

const held = (store: MemoryStore, prefix: string): unknown[] =>
  [...store.entries(Buffer.from(prefix))].flatMap(([, value]) => bodies(new LogsBatch(value)));

test('a crash leaves what came out of a stateful section in its outbox or in the queue behind it, never in both or in neither', async () => {
  let seenInQueue = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 0, max: 12 }),
      async (pauses, turns) => {
        const store = memoryStore();
        const receiver = memoryReceiver();
        const pipeline = { receivers: [receiver], processors: [counter], exporters: [queue(down)] };
        const collector = createCollector(
          { logs: { test: pipeline } },
          { clock: fakeClock(), logger: memoryLog().logger, store },
        );
        await collector.start();
        const acknowledged: unknown[] = [];
        for (const [i, pause] of pauses.entries()) {
          const batch = logs(1, undefined, i);
          const names = bodies(batch);
          receiver.send(batch).then(
            () => acknowledged.push(...names),
            () => {},
          );
          for (let n = 0; n < pause; n++) await turn();
        }
        for (let n = 0; n < turns; n++) await turn();
        const left = store.crash();
        const [inOutbox, inQueue] = [held(left, 'logs/test\0o'), held(left, 'logs/test/queue\0q')];
        seenInQueue += inQueue.length;
        expect(inOutbox.filter((name) => inQueue.includes(name))).toEqual([]);
        expect(acknowledged.filter((name) => !inQueue.includes(name))).toEqual([]);
      },
    ),
    { numRuns: 150 },
  );
  expect(seenInQueue).toBeGreaterThan(0);
}, 120_000);

/** A backend of which a test says whether it takes batches, and what it has got. */
function switched(name: string) {
  const control = { up: false, got: [] as unknown[] };
  const inner = exporter(name, {
    logs: async (batch: LogsBatch) => {
      if (!control.up) throw new PipelineError('unavailable', 'down');
      control.got.push(...bodies(batch));
    },
  });
  return { control, inner };
}

/** A collector with a stateful section and two queues behind it, of which the second holds two batches at most. */
async function branching(store: StateStore, inners: ReturnType<typeof switched>[]) {
  const receiver = memoryReceiver();
  const clock = fakeClock();
  const [first, second] = inners.map(({ inner }) => inner);
  const exporters = [queue(first!), queue(second!, { maxBatches: 2, workers: 1 })];
  const config = { logs: { test: { receivers: [receiver], processors: [counter], exporters } } };
  const collector = createCollector(config, { clock, logger: memoryLog().logger, store });
  await collector.start();
  return { collector, clock, send: receiver.send };
}

/** Opens both backends and lets everything arrive. */
async function arriving(
  { collector, clock }: Awaited<ReturnType<typeof branching>>,
  inners: ReturnType<typeof switched>[],
): Promise<void> {
  for (const { control } of inners) control.up = true;
  const busy = () => Object.values(collector.accounts()).some(({ held }) => held > 0);
  for (let i = 0; i < 500 && busy(); i++) {
    await clock.advance(1000);
    for (let n = 0; n < 4; n++) await turn();
  }
  expect(busy()).toBe(false);
}

test('a crash between the commit of one queue and the outbox’s deletion does not queue a batch again that the other has refused', async () => {
  const backends = [switched('one'), switched('two')];
  const inside = memoryStore();
  let stopped = false;
  // From the first deletion in the outbox on, nothing reaches the disk any more.
  const store: StateStore = {
    ...inside,
    commit: (changes) => {
      stopped ||= changes.some(([key, value]) => value === undefined && isInOutbox(key));
      return stopped ? new Promise<void>(() => {}) : inside.commit(changes);
    },
  };
  const run = await branching(store, backends);
  const sends = [0, 1, 2].map((i) =>
    run.send(logs(1, undefined, i)).then(
      () => 'yes',
      ({ code }) => code,
    ),
  );
  const outcomes = await Promise.all(sends);
  await run.clock.advance(200);
  expect(outcomes).toEqual(['yes', 'yes', 'overloaded']);
  expect(stopped).toBe(true);
  const left = inside.crash();
  expect(held(left, 'logs/test\0o')).toEqual(['record 0', 'record 1', 'record 2']);
  expect(held(left, 'logs/test/queue\0q')).toEqual(['record 0', 'record 1', 'record 2']);
  expect(held(left, 'logs/test/queue#2\0q')).toEqual(['record 0', 'record 1']);
  const again = await branching(left, backends);
  await arriving(again, backends);
  for (const { control } of backends) expect([...control.got].sort()).toEqual(['record 0', 'record 1', 'record 2']);
  const { added, out, dropped } = again.collector.accounts()['logs/test/queue']!;
  expect({ added, out, dropped }).toEqual({
    added: { recovered: 3 },
    out: 3,
    dropped: { duplicate: expect.any(Number) },
  });
  assertConservation(again.collector.accounts());
  await again.clock.advance(1000);
  await turn();
  // Neither entries nor marks of who has taken them are left.
  for (const tag of ['o', 't']) expect([...left.keys(Buffer.from(`logs/test\0${tag}`))]).toEqual([]);
});

const isInOutbox = (key: Uint8Array): boolean => Buffer.from(key).toString('latin1').startsWith('logs/test\0o');

test('however often a collector is killed, each of several queues takes what came out of a stateful section exactly once', async () => {
  let duplicates = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.record({ after: fc.nat({ max: 12 }), fails: fc.boolean() }), { minLength: 4, maxLength: 4 }),
      async (runs, ends) => {
        const backends = [switched('one'), switched('two')];
        let store = memoryStore();
        const acknowledged: unknown[] = [];
        for (const [r, pauses] of runs.entries()) {
          const run = await branching(store, backends);
          for (const [i, pause] of pauses.entries()) {
            const batch = logs(1, `${r}.${i}`);
            const [name] = bodies(batch);
            run.send(batch).then(
              () => acknowledged.push(name),
              () => {},
            );
            for (let n = 0; n < pause; n++) await turn();
            if (pause === 3) await run.clock.advance(800);
          }
          const { after, fails } = ends[r]!;
          if (fails) store.fail(1);
          for (let n = 0; n < after; n++) await turn();
          duplicates += run.collector.accounts()['logs/test/queue']?.dropped.duplicate ?? 0;
          store = store.crash();
        }
        const last = await branching(store, backends);
        await arriving(last, backends);
        for (const { control } of backends) {
          expect([...control.got].sort()).toEqual([...new Set(control.got)].sort());
          expect(acknowledged.filter((name) => !control.got.includes(name))).toEqual([]);
        }
        assertConservation(last.collector.accounts());
      },
    ),
    { numRuns: 100 },
  );
  expect(duplicates).toBeGreaterThan(0);
}, 120_000);
