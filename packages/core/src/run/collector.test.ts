import { buildLogs, type LogsBatch } from '@otelier/otlp';
import { describe, expect, test } from 'vitest';
import { createCollector, definePipelines, exporter, processor, receiver } from '../index.js';

describe('createCollector', () => {
  test('brings what a receiver emits through the processors to the exporter, and accounts for it', async () => {
    const got: LogsBatch[] = [];
    const memory = exporter('memory', { logs: async (batch) => void got.push(batch) });
    const keepWarnings = processor('keep-warnings', { logRecord: (record) => record.severityNumber >= 13 });
    const nothing = receiver('nothing', ['logs'], async () => ({ stop: async () => {}, close: async () => {} }));
    const config = definePipelines({
      logs: { events: { receivers: [nothing], processors: [keepWarnings], exporters: [memory] } },
    });
    const collector = createCollector(config, { logger: { debug() {}, info() {}, warn() {}, error() {} } });
    await collector.start();
    const batch = buildLogs([{ records: [{ severityNumber: 9 }, { severityNumber: 17 }] }]);
    await collector.input('logs')(batch, collector.flow());
    expect(got.map((each) => [...each.records()].map((record) => record.severityNumber))).toEqual([[17]]);
    expect(collector.accounts()['logs/events/keep-warnings']).toMatchObject({
      in: 2,
      out: 1,
      dropped: { filtered: 1 },
      held: 0,
    });
    expect(await collector.shutdown()).toMatchObject({ delivered: 1, dropped: 1, clean: true });
  });
});
