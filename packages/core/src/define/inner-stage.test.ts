import type { LogsBatch } from '@otelier/otlp';
import { expect, test } from 'vitest';
import { logs, logsCollector, memory } from '../fakes/ends.js';
import { type Exporter, exporterStage, innerStage, PipelineError } from '../index.js';

const twice = (inner: Exporter<'logs'>): Exporter<'logs'> =>
  exporterStage('twice', {
    logs: (host) => {
      const stage = innerStage(inner, 'logs', host);
      const consume = (batch: LogsBatch, flow: Parameters<typeof stage.consume>[1]) =>
        stage.consume(batch.fork(), flow).catch(() => stage.consume(batch, flow));
      return { ...stage, consume };
    },
  });

test('an exporter inside another has an account of its own; only the outer one counts as delivered', async () => {
  let calls = 0;
  const flaky = memory(async () => {
    if (++calls === 1) throw new PipelineError('unavailable', 'backend');
  });
  const collector = logsCollector([], [twice(flaky.exporter)]);
  await collector.start();
  await collector.input('logs')(logs(2), collector.flow());
  expect(collector.accounts()['logs/events/twice']).toMatchObject({ in: 2, out: 2, refused: {} });
  expect(collector.accounts()['logs/events/twice/memory']).toMatchObject({
    in: 4,
    out: 2,
    refused: { unavailable: 2 },
  });
  expect(await collector.shutdown()).toMatchObject({ delivered: 2, refused: 0 });
});
