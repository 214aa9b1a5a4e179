import { buildMetrics, type MetricsBatch } from '@otelier/otlp';
import { expect, test } from 'vitest';
import { logs, memory, pushed, silent } from '../fakes/ends.js';
import { connector, createCollector, exporter, PipelineError } from '../index.js';

const counted = () =>
  connector('counted', 'logs', 'metrics', (out) => ({
    consume: (batch, flow) =>
      out(buildMetrics([{ metrics: [{ name: 'records', gauge: { points: [{ value: batch.count }] } }] }]), flow),
  }));

function wired(answer: (batch: MetricsBatch) => Promise<void>) {
  const [source, end, connected] = [pushed(), memory(), counted()];
  const metricsEnd = exporter('metrics-end', { metrics: answer });
  const collector = createCollector(
    {
      metrics: { counts: { receivers: [connected.output], exporters: [metricsEnd] } },
      logs: { events: { receivers: [source.receiver], exporters: [end.exporter, connected.input] } },
    },
    { logger: silent },
  );
  return { source, end, collector };
}

test('a connector ends one pipeline and begins another; each end has its own account', async () => {
  const got: MetricsBatch[] = [];
  const { source, collector } = wired(async (batch) => void got.push(batch));
  await collector.start();
  await source.send(logs(3));
  expect(got.length).toBe(1);
  expect(collector.accounts()['logs/events/counted']).toMatchObject({ in: 3, out: 3 });
  expect(collector.accounts()['receivers/counted/metrics']).toMatchObject({ in: 1, out: 1 });
  expect(collector.accounts()['receivers/pushed/logs']).toMatchObject({ in: 3, out: 3 });
  expect(collector.graph().edges).toContainEqual({
    from: 'logs/events/counted',
    to: 'receivers/counted',
    signal: 'metrics',
  });
  expect(await collector.shutdown()).toMatchObject({ clean: true });
});

test('the sender hears of a failure behind a connector', async () => {
  const { source, collector } = wired(async () => Promise.reject(new PipelineError('unavailable', 'backend')));
  await collector.start();
  await expect(source.send(logs(3))).rejects.toMatchObject({ code: 'unavailable' });
  await collector.shutdown();
});

test('a reload hands a connector over', async () => {
  let got = 0;
  const { source, collector } = wired(async () => void got++);
  await collector.start();
  await source.send(logs(1));
  await collector.reload(collector.config);
  await source.send(logs(1));
  expect(got).toBe(2);
  await collector.shutdown();
});
