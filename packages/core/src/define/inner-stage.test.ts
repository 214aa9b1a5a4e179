import type { LogsBatch } from '@otelier/otlp';
import { expect, test } from 'vitest';
import { logs, logsCollector, memory } from '../fakes/ends.js';
import { type Exporter, exporterStage, innerStage, PipelineError, type Processor, stage } from '../index.js';

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

const aside = (to: Exporter<'logs'>): Processor<'logs'> =>
  stage('aside', {
    logs: (_next, host) => {
      const inner = innerStage(to, 'logs', host);
      return { ...inner, consume: (batch, flow) => inner.consume(batch, flow) };
    },
  });

test('what a processor hands to an exporter inside it has left the processor and counts as delivered there', async () => {
  const { exporter, got } = memory();
  const collector = logsCollector([aside(exporter)], [memory().exporter]);
  await collector.start();
  await collector.input('logs')(logs(3), collector.flow());
  expect(got.map(({ count }) => count)).toEqual([3]);
  expect(collector.accounts()['logs/events/aside']).toMatchObject({ in: 3, out: 3, dropped: {}, held: 0 });
  expect(collector.accounts()['logs/events/aside/memory']).toMatchObject({ kind: 'exporter', in: 3, out: 3 });
  expect(await collector.shutdown()).toMatchObject({ delivered: 3, dropped: 0, clean: true });
});

test('what an exporter inside a processor holds at the deadline is given back and counted', async () => {
  const { exporter } = memory(() => new Promise(() => {}));
  const collector = logsCollector([aside(exporter)], [memory().exporter]);
  await collector.start();
  const sent = collector.input('logs')(logs(2), collector.flow());
  const outcome = expect(sent).rejects.toThrow('[unavailable]');
  expect(collector.accounts()['logs/events/aside/memory']).toMatchObject({ in: 2, held: 2 });
  expect(await collector.shutdown({ deadline: '0ms' })).toMatchObject({ delivered: 0, abandoned: 2, clean: false });
  await outcome;
  expect(collector.accounts()['logs/events/aside/memory']).toMatchObject({ held: 0, refused: { unavailable: 2 } });
});
