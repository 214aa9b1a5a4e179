import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCollector, exporter, PipelineError } from '@otelier/core';
import type { LogsBatch } from '@otelier/otlp';
import { assertConservation, memoryReceiver, memoryStore } from '@otelier/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeClock } from '../test/clock.js';
import { bodies, logs, memoryLog } from '../test/host.js';
import { pinned } from '../test/trees/pinned.js';
import { type Disk, play } from '../test/trees/play.js';
import { histories, shapes } from '../test/trees/shapes.js';
import { fileExporter } from './file/file.js';
import { queue } from './queue/queue.js';
import { retry } from './retry/retry.js';

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
    drainMs: 30_000,
  };
}

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'otelier-trees-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let directories = 0;
function realDisk(): Disk {
  const dataDir = join(dir, `${++directories}`);
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 1));
  return { options: () => ({ dataDir }), turn: pause, drainMs: 3_600_000 };
}

const noDisk = (): Disk => ({ options: () => ({}), turn, drainMs: 30_000 });
/** A disk takes its time. */
const runs = (few: number, share = 1) => ({ numRuns: Math.ceil(Number(process.env.OTELIER_FUZZ_RUNS ?? few) * share) });

describe('whatever wraps what, and whatever backends answer: who has said yes to a record answers for it', () => {
  describe.each([
    ['in memory', noDisk],
    ['with a store', memoryDisk],
  ] as const)('%s', (_, disk) => {
    test.each(pinned)('%s', (__, history) => play(history, disk()));
  });

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

  test('on disk', async () => {
    await fc.assert(
      fc.asyncProperty(histories(shapes(2), []), (drawn) => play(drawn, realDisk())),
      runs(80, 0.05),
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

test('a dead letter of queue(fileExporter()) has every record that is refused, across restarts, and once', async () => {
  const letters = join(dir, 'letters');
  const stored: unknown[] = [];
  const picky = exporter('backend', {
    logs: async (batch: LogsBatch) => {
      const names = bodies(batch);
      if (names.some((name) => `${name}`.endsWith('3'))) throw new PipelineError('rejected', 'backend answered 400');
      stored.push(...names);
    },
  });
  for (let run = 0; run < 3; run++) {
    const deadLetter = queue(fileExporter({ dir: letters })) as never;
    const exporters = [queue(retry(picky, { deadLetter }))];
    const [receiver, clock] = [memoryReceiver(), fakeClock()];
    const pipelines = { logs: { test: { receivers: [receiver], exporters } } };
    const collector = createCollector(pipelines, { clock, logger: memoryLog().logger, dataDir: join(dir, 'state') });
    await collector.start();
    await receiver.send(logs(10, undefined, run * 10));
    expect(await collector.shutdown()).toMatchObject({ lost: 0, kept: 0, clean: true });
    assertConservation(collector.accounts());
  }
  const lines = readdirSync(letters).flatMap((file) => readFileSync(join(letters, file), 'utf8').split('\n'));
  const inLetters = lines.join().match(/record \d+/g);
  expect(inLetters?.toSorted()).toEqual(['record 13', 'record 23', 'record 3']);
  expect(stored).toHaveLength(27);
});
