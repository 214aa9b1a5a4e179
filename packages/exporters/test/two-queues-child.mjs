// A collector with a stateful section and two queues behind it, which sends to itself until it is killed: two-queues-child.mjs <folder> <run> <'load' | 'drain'>
// Backends take nothing before the drain, so that what arrives twice was queued twice. The second queue is small and refuses most.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCollector, exporter, PipelineError, receiver, StateMap, stage } from '@otelier/core';
import { queue } from '@otelier/exporters';
import { buildLogs } from '@otelier/otlp';

const [folder, run, mode] = process.argv.slice(2);
const note = (file, name) => appendFileSync(join(folder, file), `${name}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const counter = stage(
  'counter',
  {
    logs: (next) => {
      const counts = new StateMap();
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
const backend = (name) =>
  exporter(name, {
    logs: async (batch) => {
      if (mode === 'load') throw new PipelineError('unavailable', 'not now');
      for (const record of batch.records()) note(`delivered-to-${name}`, record.body);
    },
  });
const source = receiver('none', ['logs'], async () => ({ stop: async () => {}, close: async () => {} }));
// A second lasts 5 ms, so that outbox and senders try again between two kills.
const clock = {
  now: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms / 200);
    return () => clearTimeout(timer);
  },
};
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const small = mode === 'load' ? { maxBatches: 8 * (Number(run) + 1) } : {};
const exporters = [queue(backend('first')), queue(backend('second'), small)];
const collector = createCollector(
  {
    ...{ dataDir: join(folder, 'data-of-two'), limits: { drain: '4000s' } },
    logs: { test: { receivers: [source], processors: [counter], exporters } },
  },
  { clock, logger },
);
await collector.start();
process.send('ready');

async function send(sender, id) {
  const body = `${sender}-${run}-${id}`;
  const batch = buildLogs([{ resource: { attributes: {} }, records: [{ timeUnixNano: 1n, body }] }]);
  try {
    await collector.input('logs')(batch, collector.flow());
  } catch {
    note('refused', body);
    await pause(3);
    return;
  }
  note('acknowledged-by-both', body);
}
if (mode === 'load') {
  await Promise.all(
    ['a', 'b', 'c'].map(async (sender) => {
      for (let id = 0; ; id++) await send(sender, id);
    }),
  );
}
const report = await collector.shutdown();
const { duplicate: duplicates = 0 } = collector.accounts()['logs/test/queue'].dropped;
process.send({ ...report, duplicates });
process.disconnect();
