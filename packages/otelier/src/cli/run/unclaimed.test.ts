import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCollector, exporter, PipelineError, type PipelinesConfig } from '@otelier/core';
import { type QueueOptions, queue } from '@otelier/exporters';
import { buildLogs } from '@otelier/otlp';
import { memoryReceiver } from '@otelier/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tellUnclaimed } from './unclaimed.js';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'otelier-unclaimed-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const away = exporter('away', {
  logs: async () => {
    throw new PipelineError('unavailable', 'away');
  },
});

/** One life of a collector whose queue is in the pipeline of this name: what it tells of what is on disk. */
async function life(name: string, options: QueueOptions, records: number): Promise<object[]> {
  const told: object[] = [];
  const tell = (fields: object): void => void told.push(fields);
  const logger = { debug() {}, info() {}, warn: tell, error: tell };
  const receiver = memoryReceiver();
  const config: PipelinesConfig = {
    logs: { [name]: { receivers: [receiver], exporters: [queue(away, options)] } },
  };
  const collector = createCollector(config, {
    dataDir,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    onStores: (stores) => tellUnclaimed(stores, dataDir, logger),
  });
  await collector.start();
  for (let i = 0; i < records; i++) await receiver.send(buildLogs([{ records: [{ timeUnixNano: 1n, body: `${i}` }] }]));
  await collector.shutdown({ deadline: '0ms' });
  return told;
}

test('a queue that was renamed, or keeps its batches elsewhere now, is told of what it has left on disk', async () => {
  expect(await life('old', {}, 2)).toEqual([]);
  expect(await life('old', {}, 0)).toEqual([]);
  const left = { queue: 'logs/old/queue', dir: dataDir, batches: 2, items: 2 };
  expect(await life('new', {}, 0)).toEqual([left]);
  expect(await life('old', { dir: join(dataDir, 'own') }, 0)).toEqual([{ dir: dataDir }]);
  expect(await life('old', { keep: 'memory' }, 0)).toEqual([{ dir: dataDir }]);
  // Nothing of an earlier attempt is in the way when it comes back.
  expect(await life('old', {}, 0)).toEqual([]);
});
