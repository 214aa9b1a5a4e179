import { memoryStore } from '@otelier/testing';
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { pinned } from '../test/trees/pinned.js';
import { type Disk, play } from '../test/trees/play.js';
import { histories, shapes } from '../test/trees/shapes.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function memoryDisk(): Disk {
  let store = memoryStore();
  return {
    options: () => ({ store }),
    crash: () => {
      store = store.crash();
    },
    fail: () => store.fail(1),
    turn,
  };
}

const noDisk = (): Disk => ({ options: () => ({}), turn });
const runs = (few: number) => ({ numRuns: Number(process.env.OTELIER_FUZZ_RUNS ?? few) });

describe('whatever wraps what, and whatever backends answer: who has said yes to a record answers for it', () => {
  test.each(pinned)('%s', (_, history) => play(history, noDisk()));

  test('in memory', async () => {
    await fc.assert(
      fc.asyncProperty(histories(shapes(3), ['reload']), (drawn) => play(drawn, noDisk())),
      runs(25),
    );
  }, 240_000);

  test('with a store that crashes and fails', async () => {
    const also = ['reload', 'restart', 'crash', 'disk full'] as const;
    await fc.assert(
      fc.asyncProperty(histories(shapes(3), also), (drawn) => play(drawn, memoryDisk())),
      runs(25),
    );
  }, 240_000);

  test('with a store, where some queues are in memory', async () => {
    const keep = ['memory', 'spill', 'disk'] as const;
    await fc.assert(
      fc.asyncProperty(histories(shapes(3, [...keep]), ['reload', 'restart']), (drawn) => play(drawn, memoryDisk())),
      runs(25),
    );
  }, 240_000);
});
