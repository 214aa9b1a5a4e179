// A collector with one durable queue that sends to itself until it is killed: queue-child.mjs <folder> <run> <'load' | 'drain'>
// What was acknowledged and what was delivered stand in two files, written before anything else happens.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCollector, exporter, PipelineError, receiver } from '@otelier/core';
import { queue } from '@otelier/exporters';
import { buildLogs } from '@otelier/otlp';

const [folder, run, mode] = process.argv.slice(2);
const note = (file, name) => appendFileSync(join(folder, file), `${name}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const backend = exporter('backend', {
  logs: async (batch) => {
    if (Math.random() < 0.3) await pause(Math.random() * 5);
    if (mode === 'load' && Math.random() < 0.02) throw new PipelineError('unavailable', 'not now');
    for (const record of batch.records()) note('delivered', record.body);
  },
});
const source = receiver('none', ['logs'], async () => ({ stop: async () => {}, close: async () => {} }));
// A second lasts 20 ms, so that back-off fits between two kills.
const clock = {
  now: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms / 50);
    return () => clearTimeout(timer);
  },
};
const logger = {
  debug() {},
  info() {},
  warn() {},
  error: (fields, message) => note('errors', `${message} ${JSON.stringify(fields)}`),
};
const pipeline = { receivers: [source], exporters: [queue(backend, { order: 'series', workers: 3 })] };
const collector = createCollector(
  { dataDir: join(folder, 'data'), limits: { drain: '500s' }, logs: { test: pipeline } },
  { clock, logger },
);
await collector.start();
process.send('ready');

const filler = 'x'.repeat(2000);
async function send(resource, id) {
  const body = `${resource}-${String(run).padStart(3, '0')}-${String(id).padStart(6, '0')}`;
  const records = [{ timeUnixNano: 1n, body, attributes: { filler } }];
  await collector.input('logs')(buildLogs([{ resource: { attributes: { resource } }, records }]), collector.flow());
  note('acknowledged', body);
}
if (mode === 'load') {
  await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (resource) => {
      for (let id = 0; ; id++) await send(resource, id);
    }),
  );
}
const report = await collector.shutdown();
process.send(report);
process.disconnect();
