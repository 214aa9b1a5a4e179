import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Collector,
  type CollectorOptions,
  createCollector,
  exporter,
  PipelineError,
  type PipelinesConfig,
} from '@otelier/core';
import { buildLogs, type LogsBatch } from '@otelier/otlp';
import { assertConservation, fakeClock, memoryReceiver, memoryStore } from '@otelier/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bodies, memoryLog } from '../../test/host.js';
import { type QueueOptions, queue } from './queue.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'otelier-queue-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const resource = fc.constantFrom('a', 'b', 'ab');
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), of: resource }) },
  { weight: 2, arbitrary: fc.constantFrom({ do: 'reload' as const }, { do: 'restart' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'crash' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'disk full' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'time' as const }) },
);
/** `late`: the backend has it, but the answer is an error. */
const answer = fc.constantFrom('yes', 'yes', 'yes', 'no', 'late', 'slow yes');
const schedule = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 30 }),
  answers: fc.array(answer, { maxLength: 30 }),
  order: fc.constantFrom('series' as const, 'none' as const),
  workers: fc.integer({ min: 1, max: 3 }),
  /** Whether the sender waits for each answer. */
  waits: fc.boolean(),
});
type Schedule = typeof schedule extends fc.Arbitrary<infer T> ? T : never;

/** One record for each resource of `of`, which says who and which it is. */
function batchOf(of: string, id: number): LogsBatch {
  return buildLogs(
    [...of].map((name) => ({
      resource: { attributes: { name } },
      records: [{ timeUnixNano: 1n, body: `${name}${String(id).padStart(3, '0')}` }],
    })),
  );
}

interface Disk {
  readonly options: () => CollectorOptions;
  /** As `kill -9`; undefined where that takes a process of its own. */
  readonly crash: (() => void) | undefined;
  readonly fail: () => void;
  /** A moment, in which it may have written. */
  readonly turn: () => Promise<void>;
  /** Whether it outlives a collector. */
  readonly lasts: boolean;
  readonly queue?: QueueOptions;
}

function memoryDisk(): Disk {
  let store = memoryStore();
  return {
    // A collector closes its store at its end; what is in this one stays.
    options: () => ({ store }),
    crash: () => {
      store = store.crash();
    },
    fail: () => store.fail(1),
    turn,
    lasts: true,
  };
}

let directories = 0;
function realDisk(): Disk {
  const dataDir = join(dir, `${++directories}`);
  return {
    options: () => ({ dataDir }),
    crash: undefined,
    fail: () => {},
    turn: () => new Promise((resolve) => setTimeout(resolve, 1)),
    lasts: true,
  };
}

/** So little memory that most histories go over to the disk and back. */
const spilling = (disk: Disk): Disk => ({
  ...disk,
  // A crash loses what was in memory, as a disk does that is full at the end.
  crash: undefined,
  fail: () => {},
  queue: { keep: 'spill', memory: '150B' },
});

const noDisk = (): Disk => ({ options: () => ({}), crash: undefined, fail: () => {}, turn, lasts: false });

async function play({ steps, order, workers, waits, ...drawn }: Schedule, disk: Disk): Promise<void> {
  const answers = [...drawn.answers];
  const clock = fakeClock();
  const receiver = memoryReceiver();
  const delivered: string[] = [];
  const acknowledged = new Set<string>();
  let mayRepeat = answers.includes('late');
  let generation = 0;
  const config = (): PipelinesConfig => {
    const mine = generation;
    const backend = exporter('backend', {
      logs: async (batch: LogsBatch) => {
        const how = answers.shift() ?? 'yes';
        if (how === 'slow yes') for (let i = 0; i < 5; i++) await turn();
        // A process that was killed delivers nothing.
        if (mine !== generation) return new Promise<void>(() => {});
        if (how === 'no') throw new PipelineError('unavailable', 'not now');
        delivered.push(...(bodies(batch) as string[]));
        if (how === 'late') throw new PipelineError('deadline', 'no answer');
      },
    });
    return {
      limits: { drain: '1h' },
      logs: { test: { receivers: [receiver], exporters: [queue(backend, { order, workers, ...disk.queue })] } },
    };
  };
  const begin = async (): Promise<Collector> => {
    const made = createCollector(config(), { clock, logger: memoryLog().logger, ...disk.options() });
    await made.start();
    return made;
  };
  /** Lets time pass until it is done. */
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    let over = false;
    const ended = () => {
      over = true;
    };
    work.then(ended, ended);
    for (let i = 0; !over; i++) {
      expect(i).toBeLessThan(5000);
      await disk.turn();
      await clock.advance(500);
    }
    return work;
  };
  let collector = await begin();
  const sends: Promise<void>[] = [];
  for (const [id, one] of steps.entries()) {
    if (one.do === 'send') {
      const batch = batchOf(one.of, id);
      const names = bodies(batch) as string[];
      const sent = receiver.send(batch).then(
        () => {
          for (const name of names) acknowledged.add(name);
        },
        () => {},
      );
      sends.push(sent);
      if (waits) await settled(sent);
    } else if (one.do === 'reload') await settled(collector.reload(config()));
    else if (one.do === 'time') {
      await turn();
      await clock.advance(700);
    } else if (one.do === 'disk full') {
      mayRepeat = true;
      disk.fail();
    } else if (one.do === 'crash' && disk.crash !== undefined) {
      mayRepeat = true;
      generation++;
      disk.crash();
      collector = await begin();
    } else if (one.do === 'restart' && disk.lasts) {
      const report = await settled(collector.shutdown());
      expect(report.lost).toBe(0);
      assertConservation(collector.accounts());
      collector = await begin();
    }
  }
  await turn();
  const isDone = () =>
    [...acknowledged].every((name) => delivered.includes(name)) && collector.accounts()['logs/test/queue']?.held === 0;
  for (let i = 0; i < 1000 && !isDone(); i++) {
    await disk.turn();
    await clock.advance(1000);
  }
  expect([...acknowledged].filter((name) => !delivered.includes(name))).toEqual([]);
  assertConservation(collector.accounts());
  expect(await settled(collector.shutdown())).toMatchObject({ lost: 0, kept: 0 });
  assertConservation(collector.accounts());
  const firsts = [...new Set(delivered)];
  if (!mayRepeat) expect(delivered).toEqual(firsts);
  if (order === 'none') return;
  for (const name of ['a', 'b']) {
    const own = firsts.filter((body) => body.startsWith(name));
    expect(own).toEqual([...own].sort());
  }
}

describe('everything that was acknowledged is delivered, in order for each resource where asked for, and twice only after a crash or an answer that got lost', () => {
  test('with a store that crashes and fails', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, (drawn) => play(drawn, memoryDisk())),
      { numRuns: Number(process.env.OTELIER_FUZZ_RUNS ?? 150) },
    );
  }, 240_000);

  test('on disk', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, (drawn) => play(drawn, realDisk())),
      { numRuns: Number(process.env.OTELIER_FUZZ_RUNS ?? 20) },
    );
  }, 240_000);

  test.each([
    ['a store in memory', () => spilling(memoryDisk()), 150],
    ['the disk', () => spilling(realDisk()), 20],
  ] as const)(
    'in memory, spilling over to %s',
    async (_, disk, numRuns) => {
      await fc.assert(
        fc.asyncProperty(schedule, (drawn) => play(drawn, disk())),
        { numRuns: Number(process.env.OTELIER_FUZZ_RUNS ?? numRuns) },
      );
    },
    240_000,
  );

  test('in memory', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, (drawn) => play(drawn, noDisk())),
      { numRuns: Number(process.env.OTELIER_FUZZ_RUNS ?? 100) },
    );
  }, 240_000);
});
