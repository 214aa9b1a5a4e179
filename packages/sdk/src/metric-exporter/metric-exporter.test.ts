import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { MetricsBatch, NumberDataPoint } from '@otelier/otlp';
import { expect, test } from 'vitest';
import { PipelineMetricExporter } from './metric-exporter.js';

async function measured(temporality?: 'delta' | 'cumulative') {
  const batches: MetricsBatch[] = [];
  const options = temporality === undefined ? {} : { temporality };
  const exporter = new PipelineMetricExporter(async (batch) => {
    batches.push(batch);
  }, options);
  const provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  });
  const meter = provider.getMeter('shop');
  const orders = meter.createCounter('orders', { unit: '{order}' });
  const stock = meter.createUpDownCounter('stock');
  const latency = meter.createHistogram('latency');
  for (const count of [3, 4]) {
    orders.add(count, { region: 'eu' });
    stock.add(count);
    latency.record(count * 10);
    await provider.forceFlush();
  }
  await provider.shutdown();
  return batches.map((batch) =>
    Object.fromEntries(
      [...batch.metrics()].map((metric) => {
        const [point] = metric.dataPoints;
        const value = metric.type === 'sum' ? (point as NumberDataPoint).value : undefined;
        return [metric.name, { temporality: metric.temporality, value, type: metric.type }];
      }),
    ),
  );
}

test('counters and histograms leave as deltas by default, up-down counters stay cumulative', async () => {
  const [first, second] = await measured();
  expect(first!.orders).toEqual({ temporality: 'delta', value: 3, type: 'sum' });
  expect(second!.orders).toEqual({ temporality: 'delta', value: 4, type: 'sum' });
  expect(second!.stock).toEqual({ temporality: 'cumulative', value: 7, type: 'sum' });
  expect(second!.latency).toEqual({ temporality: 'delta', value: undefined, type: 'histogram' });
});

test('cumulative when asked for', async () => {
  const [, second] = await measured('cumulative');
  expect(second!.orders).toEqual({ temporality: 'cumulative', value: 7, type: 'sum' });
  expect(second!.latency!.temporality).toBe('cumulative');
});
