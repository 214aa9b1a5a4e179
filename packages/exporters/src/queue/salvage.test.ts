import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCollector, exporter, openStore, PipelineError, salvageStore } from '@otelier/core';
import { memoryReceiver } from '@otelier/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fakeClock } from '../../test/clock.js';
import { bodies, logs, memoryLog } from '../../test/host.js';
import { batchesOf, queue, queuesIn } from './queue.js';

const batches = 80;
const queueKey = 'logs/test/queue\0q';
let folder: string;
let whole: Buffer;
const sent = new Set<string>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'otelier-queue-salvage-'));
  const receiver = memoryReceiver();
  const down = exporter('down', {
    logs: async () => {
      throw new PipelineError('unavailable', 'down');
    },
  });
  const clock = fakeClock();
  const collector = createCollector(
    { dataDir: folder, logs: { test: { receivers: [receiver], exporters: [queue(down)] } } },
    { clock, logger: memoryLog().logger },
  );
  await collector.start();
  for (let i = 0; i < batches; i++) {
    const batch = logs(1, i % 4 === 0 ? `${i} ${'long '.repeat(2000)}` : `${i}`);
    sent.add(`${bodies(batch)}`);
    await receiver.send(batch);
  }
  await collector.shutdown();
  whole = readFileSync(join(folder, 'state', 'data.mdb'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What comes out of a store with these bytes, and how many batches do not. */
function salvaged(bytes: Buffer): { readonly found: string[]; readonly damaged: number } {
  const at = join(folder, 'damaged');
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'data.mdb'), bytes);
  const store = salvageStore(at)!;
  const found: string[] = [];
  let damaged = 0;
  for (const summary of queuesIn(store, true)) {
    for (const { batch } of batchesOf(store, summary)) {
      if (batch === undefined) damaged++;
      else found.push(`${bodies(batch as never)}`);
    }
  }
  void store.close();
  return { found, damaged };
}

test('all batches of a store come out of it without LMDB, in order, also when its heads are gone', () => {
  expect(salvaged(whole)).toEqual({ found: [...sent], damaged: 0 });
  const headless = Buffer.from(whole);
  headless.fill(0, 0, 8192);
  expect(salvaged(headless).found).toEqual([...sent]);
});

test('of a store that is damaged anywhere, only batches come out that went in', () => {
  const byte = fc.nat({ max: 255 });
  const damage = fc.record({
    at: fc.nat({ max: whole.length - 1 }),
    bytes: fc.oneof(
      fc.array(byte, { minLength: 1, maxLength: 8 }),
      fc.array(byte, { minLength: 500, maxLength: 9000 }),
    ),
  });
  let lost = 0;
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 6 }), (damages) => {
      const bytes = Buffer.from(whole);
      for (const { at, bytes: wrong } of damages) bytes.set(wrong.slice(0, bytes.length - at), at);
      const { found } = salvaged(bytes);
      expect(found.filter((body) => !sent.has(body))).toEqual([]);
      lost += sent.size - new Set(found).size;
    }),
    { numRuns: Number(process.env.OTELIER_FUZZ_RUNS ?? 80) },
  );
  expect(lost).toBeGreaterThan(0);
});

test('a batch whose key was changed comes out as well, as long as it is whole', () => {
  const changed = Buffer.from(whole);
  // Places, times and counts, wherever they stand: the bytes behind `q`, two zeros and the place.
  for (let at = changed.indexOf(queueKey, 8192); at >= 0; at = changed.indexOf(queueKey, at + 1))
    changed[at + queueKey.length + 15]! ^= 0x40;
  const { found, damaged } = salvaged(changed);
  expect([new Set(found), damaged]).toEqual([sent, 0]);
});

test('a queue that can say nothing of itself any more is listed by what there is', async () => {
  const store = await openStore(folder, memoryLog().logger);
  const [before] = queuesIn(store);
  await store.commit([[Buffer.from('logs/test/queue\0i'), undefined]]);
  expect(queuesIn(store)).toEqual([{ ...before, destination: 'unknown', salvaged: true }]);
  expect([...batchesOf(store, before!)]).toHaveLength(batches);
  await store.close();
});
