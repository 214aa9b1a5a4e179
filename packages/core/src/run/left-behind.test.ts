import { buildMetrics, type MetricsBatch } from '@otelier/otlp';
import { memoryStore } from '@otelier/testing';
import { expect, test } from 'vitest';
import { ManualClock, silent, turn } from '../fakes/ends.js';
import { createCollector, exporter, PipelineError, type PipelinesConfig, receiver, StateMap, stage } from '../index.js';

const batch = (value: number): MetricsBatch =>
  buildMetrics([{ metrics: [{ name: 'n', gauge: { points: [{ value, timeUnixNano: BigInt(value) }] } }] }]);
const stateful = stage(
  'counts',
  { metrics: (next) => ({ state: new StateMap<number>(), consume: next }) },
  { stateful: true },
);

/** A collector on a store whose exporter refuses everything until it is told not to. */
function refusing(store: ReturnType<typeof memoryStore> | undefined) {
  const said: object[] = [];
  const got: number[] = [];
  const end = {
    open: false,
    exporter: exporter('end', {
      metrics: async (taken: MetricsBatch) => {
        if (!end.open) throw new PipelineError('unavailable', 'closed');
        got.push(taken.count);
      },
    }),
  };
  const door = receiver('door', ['metrics'], async () => ({ async stop() {}, async close() {} }));
  const config = (pipeline: string, ...processors: (typeof stateful)[]): PipelinesConfig => ({
    metrics: { [pipeline]: { receivers: [door], processors, exporters: [end.exporter] } },
  });
  const clock = new ManualClock();
  const logger = { ...silent, error: (fields: object) => void said.push(fields) };
  const collector = createCollector(config('usage', stateful), { logger, clock, ...(store ? { store } : {}) });
  return { collector, clock, config, end, got, said };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn();
}

const left = { pipeline: 'metrics/usage', items: 1 };

test.each([
  ['its stateful processors', 'usage'],
  ['the pipeline', 'others'],
])(
  'a reload that takes away %s tells what stays in the store, and it is delivered when they come back',
  async (_, pipeline) => {
    const { collector, clock, config, end, got, said } = refusing(memoryStore());
    await collector.start();
    await expect(collector.input('metrics')(batch(1), collector.flow())).rejects.toThrow('closed');
    await collector.reload(config(pipeline));
    expect(said).toContainEqual(left);
    expect(collector.accounts()['metrics/usage/outbox']).toMatchObject({ held: 1 });
    end.open = true;
    await collector.reload(config('usage', stateful));
    clock.advance(60_000);
    await turns();
    expect(got).toEqual([1]);
    await collector.shutdown();
  },
);

test('nothing is said of an outbox that another takes over, that is empty, or that is lost with the memory it was in', async () => {
  const { collector, clock, config, end, got, said } = refusing(memoryStore());
  await collector.start();
  await expect(collector.input('metrics')(batch(1), collector.flow())).rejects.toThrow('closed');
  await collector.reload(config('usage', stateful));
  end.open = true;
  clock.advance(60_000);
  await turns();
  expect(got).toEqual([1]);
  await collector.reload(config('usage'));
  expect(said).toEqual([]);
  await collector.shutdown();
  const inMemory = refusing(undefined);
  await inMemory.collector.start();
  await expect(inMemory.collector.input('metrics')(batch(1), inMemory.collector.flow())).rejects.toThrow('closed');
  const reloading = inMemory.collector.reload(inMemory.config('usage'));
  await turns();
  inMemory.clock.advance(60_000);
  await reloading;
  expect(inMemory.said).not.toContainEqual(left);
  await inMemory.collector.shutdown();
});
