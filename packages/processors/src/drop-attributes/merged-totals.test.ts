import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { createCollector, definePipelines } from '@otelier/core';
import { buildMetrics, MetricsBatch } from '@otelier/otlp';
import { fakeClock, memoryExporter, memoryReceiver, simulateFleet } from '@otelier/testing';
import { expect, test } from 'vitest';
import { cumulativeToDelta, deltaToCumulative } from '../index.js';
import { dropAttributes } from './drop-attributes.js';
import { MergedTotals } from './merged-totals.js';

function observing() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  /** Values of `otelier.total.*` by component and metric. */
  const read = async (): Promise<Map<string, Record<string, number>>> => {
    exporter.reset();
    await reader.forceFlush();
    const found = new Map<string, Record<string, number>>();
    for (const { descriptor, dataPoints } of exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))) {
      if (!descriptor.name.startsWith('otelier.total.')) continue;
      for (const { attributes, value } of dataPoints) {
        const { component, metric } = attributes;
        const key = `${component} ${metric}`;
        found.set(key, { ...found.get(key), [descriptor.name.slice('otelier.total.'.length)]: value as number });
      }
    }
    return found;
  };
  return { meter: provider.getMeter('test'), read };
}

test('a pipeline shows that all of its steps keep the totals of a fleet', async () => {
  const { meter, read } = observing();
  const fleet = simulateFleet({
    seed: 5,
    users: 2,
    sessions: 2,
    duration: 1_200_000,
    temporality: 'mixed',
    numbers: 'int',
  });
  const receiver = memoryReceiver();
  const config = definePipelines({
    metrics: {
      usage: {
        receivers: [receiver],
        processors: [cumulativeToDelta(), dropAttributes(['session.id', 'user.account_uuid']), deltaToCumulative()],
        exporters: [memoryExporter()],
      },
    },
  });
  const clock = fakeClock(fleet.startAt);
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const collector = createCollector(config, { clock, meter, logger: silent });
  await collector.start();
  await read();
  for (const { bytes, at } of fleet.requests) {
    if (at > clock.now()) await clock.advance(at - clock.now());
    await receiver.send(MetricsBatch.parse(Buffer.from(bytes)));
  }
  const shown = await read();
  await collector.shutdown();
  const tokens = 'claude_code.token.usage';
  const dropped = shown.get(`metrics/usage/drop-attributes ${tokens}`)!;
  expect(dropped.in).toBeGreaterThan(0);
  expect(dropped.out).toBe(dropped.in);
  expect(shown.get(`metrics/usage/delta-to-cumulative ${tokens}`)!.in).toBe(dropped.out);
  for (const [key, { residual }] of shown)
    expect({ key, residual: Math.abs(residual!) < 1e-6 }).toEqual({ key, residual: true });
});

test('the residual tells of a point that got lost in between', () => {
  const request = (): MetricsBatch =>
    buildMetrics([
      {
        metrics: [
          { name: 'm', sum: { temporality: 'delta', monotonic: true, points: [{ value: 5n }, { value: 2n }] } },
        ],
      },
    ]);
  const totals = new MergedTotals();
  const observed = new Map<string, number>();
  let look = (): void => {};
  const instrument = (name: string) => ({ name });
  totals.observe({
    id: 'metrics/usage/drop-attributes',
    pipeline: 'usage',
    meter: {
      createObservableUpDownCounter: instrument,
      addBatchObservableCallback: (callback: (to: object) => void) => {
        look = () => callback({ observe: ({ name }: { name: string }, value: number) => observed.set(name, value) });
      },
      removeBatchObservableCallback() {},
    },
  } as never);
  look();
  const batch = request();
  totals.before(batch);
  batch.filter((point) => (point as unknown as { intValue: bigint }).intValue !== 2n);
  totals.after(batch);
  look();
  expect(Object.fromEntries(observed)).toEqual({
    'otelier.total.in': 7,
    'otelier.total.out': 5,
    'otelier.total.held': 0,
    'otelier.total.residual': 2,
  });
});
