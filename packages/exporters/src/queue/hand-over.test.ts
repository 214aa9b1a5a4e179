import { createCollector, exporter, PipelineError, StateMap, stage } from '@otelier/core';
import { LogsBatch } from '@otelier/otlp';
import { type MemoryStore, memoryReceiver, memoryStore } from '@otelier/testing';
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
