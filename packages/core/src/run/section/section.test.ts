import { buildMetrics, type MetricsBatch } from '@otelier/otlp';
import { memoryStore } from '@otelier/testing';
import { describe, expect, test } from 'vitest';
import { ManualClock, silent, turn } from '../../fakes/ends.js';
import {
  createCollector,
  exporter,
  PipelineError,
  type PipelinesConfig,
  receiver,
  type Stateful,
  stage,
} from '../../index.js';

/** One delta point worth `value`, which no other batch has. */
export function increment(id: number, value = 1): MetricsBatch {
  const point = { attributes: { id }, startTimeUnixNano: 1n, timeUnixNano: BigInt(id) + 2n, value };
  const metric = { name: 'n', sum: { temporality: 'delta' as const, monotonic: true, points: [point] } };
  return buildMetrics([{ resource: { attributes: {} }, scope: { name: 's' }, metrics: [metric] }]);
}

/** Adds up what goes through it. */
export function adder(name = 'adder', total: { value: number } = { value: 0 }) {
  return stage(
    name,
    {
      metrics: (next) => {
        let [sum, saved] = [0, 0];
        const state: Stateful = {
          restore: (entries) => {
            for (const [, value] of entries) saved = sum = total.value = Number(Buffer.from(value).toString());
          },
          save: (to) => {
            if (saved !== sum) to?.put(Buffer.from('total'), Buffer.from(String(sum)));
            saved = total.value = sum;
          },
          undo: () => {
            sum = saved;
          },
          snapshot: (to) => to.put(Buffer.from('total'), Buffer.from(String(sum))),
        };
        return {
          state,
          consume: (batch, flow) => {
            for (const point of batch.points()) sum += (point as unknown as { value: number }).value;
            return next(batch, flow);
          },
        };
      },
    },
    { stateful: true },
  );
}

const source = receiver('none', ['metrics'], async () => ({ stop: async () => {}, close: async () => {} }));

function setUp(failures: (PipelineError | undefined)[] = [], limits: PipelinesConfig['limits'] = {}) {
  const clock = new ManualClock();
  const got: number[] = [];
  const total = { value: 0 };
  const end = exporter('end', {
    metrics: async (batch) => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      for (const point of batch.points()) got.push(Number(point.attributes.get('id')));
    },
  });
  const config = (): PipelinesConfig => ({
    limits,
    metrics: { usage: { receivers: [source], processors: [adder('adder', total)], exporters: [end] } },
  });
  return { clock, got, total, config };
}

const down = () => new PipelineError('unavailable', 'down');

describe('a stateful pipeline', () => {
  test('passes batches on, and counts what is sent again once', async () => {
    const { clock, got, total, config } = setUp();
    const collector = createCollector(config(), { logger: silent, clock });
    await collector.start();
    const send = (id: number) => collector.input('metrics')(increment(id), collector.flow());
    await send(1);
    await send(1);
    await send(2);
    expect([got, total.value]).toEqual([[1, 2], 2]);
    expect(collector.accounts()['metrics/usage/deduplicate']).toMatchObject({
      in: 3,
      out: 2,
      dropped: { duplicate: 1 },
    });
    expect(collector.accounts()['metrics/usage/outbox']).toMatchObject({ in: 2, out: 2, held: 0 });
    expect(await collector.shutdown()).toMatchObject({ clean: true, delivered: 2 });
  });

  test('keeps what could not be delivered, tells the sender, and says yes to its retry once it has been', async () => {
    const { clock, got, total, config } = setUp([down()]);
    const collector = createCollector(config(), { logger: silent, clock });
    await collector.start();
    const send = (id: number) => collector.input('metrics')(increment(id), collector.flow());
    await expect(send(1)).rejects.toThrow('down');
    expect([got, total.value]).toEqual([[], 1]);
    expect(collector.accounts()['metrics/usage/outbox']).toMatchObject({
      in: 1,
      out: 1,
      held: 1,
      added: { returned: 1 },
    });
    await send(1);
    expect([got, total.value]).toEqual([[1], 1]);
    expect(await collector.shutdown()).toMatchObject({ clean: true, delivered: 1, lost: 0 });
  });

  test('delivers by itself when nobody comes back, in order', async () => {
    const { clock, got, config } = setUp([down(), down()]);
    const collector = createCollector(config(), { logger: silent, clock });
    await collector.start();
    const send = (id: number) => collector.input('metrics')(increment(id), collector.flow());
    await expect(send(1)).rejects.toThrow('down');
    await expect(send(2)).rejects.toThrow('down');
    clock.advance(2000);
    await turn();
    await turn();
    expect(got).toEqual([1, 2]);
    await collector.shutdown();
  });

  test('is not asked again before the time that the backend gave', async () => {
    const { clock, got, config } = setUp([new PipelineError('overloaded', 'busy', { retryAfterMs: 60_000 })]);
    const collector = createCollector(config(), { logger: silent, clock });
    await collector.start();
    const send = (id: number) => collector.input('metrics')(increment(id), collector.flow());
    await expect(send(1)).rejects.toThrow('busy');
    await expect(send(1)).rejects.toThrow('busy');
    clock.advance(59_000);
    await turn();
    expect(got).toEqual([]);
    clock.advance(1000);
    await turn();
    expect(got).toEqual([1]);
    await collector.shutdown();
  });

  test('refuses when the outbox is full, and takes its change of state back', async () => {
    const { clock, total, config } = setUp(Array.from({ length: 9 }, down), { outbox: '100B', drain: '10ms' });
    const collector = createCollector(config(), { logger: silent, clock });
    await collector.start();
    const send = (id: number) => collector.input('metrics')(increment(id), collector.flow());
    await expect(send(1)).rejects.toThrow('down');
    await expect(send(2)).rejects.toThrow('the outbox is full');
    expect(total.value).toBe(1);
    const stopped = collector.shutdown();
    await turn();
    clock.advance(2000);
    await turn();
    clock.advance(2000);
    expect(await stopped).toMatchObject({ clean: false, lost: 1 });
  });

  test('goes on after a crash: with its totals, its outbox, and its memory of what has arrived', async () => {
    const { clock, got, total, config } = setUp([down()]);
    const store = memoryStore();
    const first = createCollector(config(), { logger: silent, clock, store });
    await first.start();
    await expect(first.input('metrics')(increment(1), first.flow())).rejects.toThrow('down');
    const second = createCollector(config(), { logger: silent, clock, store: store.crash() });
    await second.start();
    await second.input('metrics')(increment(1), second.flow());
    await second.input('metrics')(increment(2), second.flow());
    expect([got, total.value]).toEqual([[1, 2], 2]);
    expect(second.accounts()['metrics/usage/outbox']).toMatchObject({ in: 1, out: 2, added: { recovered: 1 } });
    expect(await second.shutdown()).toMatchObject({ clean: true });
  });

  test('starts with an outbox that holds what is no batch, which is set aside and counted', async () => {
    const { clock, got, config } = setUp();
    const store = memoryStore();
    const key = (tag: string): Buffer => Buffer.from(`metrics/usage\0${tag}\0\0\0\0\0\0\0\x01`);
    await store.commit([[key('o'), Buffer.from([0xff])]]);
    const first = createCollector(config(), { logger: silent, clock, store });
    await first.start();
    await first.input('metrics')(increment(1), first.flow());
    expect(first.accounts()['metrics/usage/outbox']).toMatchObject({ out: 1, held: 0, dropped: { damaged: 1 } });
    expect(await first.shutdown()).toMatchObject({ lost: 1, kept: 0 });
    expect([got, store.get(key('o')), store.get(key('x'))]).toEqual([[1], undefined, Buffer.from([0xff])]);
  });

  test('hands its totals over on reload, and what it still has to deliver', async () => {
    const { clock, got, total, config } = setUp([down()]);
    const collector = createCollector(config(), { logger: silent, clock });
    await collector.start();
    const send = (id: number) => collector.input('metrics')(increment(id), collector.flow());
    await expect(send(1)).rejects.toThrow('down');
    await collector.reload(config());
    await send(1);
    await send(2);
    expect([got, total.value]).toEqual([[1, 2], 2]);
    expect(collector.accounts()['metrics/usage/outbox']).toMatchObject({
      in: 2,
      out: 3,
      held: 0,
      added: { returned: 1 },
    });
    expect(await collector.shutdown()).toMatchObject({ clean: true });
  });

  test('commits again what the store refused, and acknowledges nothing before', async () => {
    const { clock, got, total, config } = setUp();
    const store = memoryStore();
    store.fail(1);
    const first = createCollector(config(), { logger: silent, clock, store });
    await first.start();
    const send = (id: number) => first.input('metrics')(increment(id), first.flow());
    await expect(send(1)).rejects.toThrow('cannot be written');
    await expect(send(2)).rejects.toThrow('cannot be written');
    expect(got).toEqual([]);
    await turn();
    clock.advance(1000);
    await turn();
    await turn();
    expect(got).toEqual([1, 2]);
    const second = createCollector(config(), { logger: silent, clock, store: store.crash() });
    await second.start();
    expect(total.value).toBe(2);
    await second.shutdown();
  });
});
