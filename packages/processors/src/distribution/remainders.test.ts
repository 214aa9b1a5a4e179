import type { Processor } from '@otelier/core';
import { buildMetrics, type MetricsBatch } from '@otelier/otlp';
import { Exact, fakeClock, testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { at, noon } from '../../test/fleet.js';
import { aggregate, cumulativeToDelta, deltaToCumulative, dropAttributes, filter } from '../index.js';
import { fitting, joined, offer, offered, Remainders, withdraw } from './remainders.js';

const drop = () => dropAttributes(['writer']);
const orders: [string, 'delta' | 'cumulative', () => Processor<'metrics'>[]][] = [
  ['to delta, to cumulative', 'cumulative', () => [cumulativeToDelta(), deltaToCumulative()]],
  ['to delta, drop, to cumulative', 'cumulative', () => [cumulativeToDelta(), drop(), deltaToCumulative()]],
  ['to delta, to cumulative, drop', 'cumulative', () => [cumulativeToDelta(), deltaToCumulative(), drop()]],
  ['drop, to delta, to cumulative', 'cumulative', () => [drop(), cumulativeToDelta(), deltaToCumulative()]],
  ['drop', 'cumulative', () => [drop()]],
  ['to cumulative, drop', 'delta', () => [deltaToCumulative(), drop()]],
  [
    'to delta, drop, aggregate, to cumulative',
    'cumulative',
    () => [cumulativeToDelta(), drop(), aggregate({ interval: '25s' }), deltaToCumulative()],
  ],
  ['to cumulative, aggregate, drop', 'delta', () => [deltaToCumulative(), aggregate({ interval: '25s' }), drop()]],
  ['to cumulative, drop, drop', 'delta', () => [deltaToCumulative(), drop(), dropAttributes(['model'])]],
];
/** Takes points out of some batches, so that nobody knows whose the remainders are. */
const noiseless = () => filter({ dataPoint: (point) => point.metric.name !== 'noise' });
const disturbed: typeof orders = [
  ['to cumulative, filter, drop', 'delta', () => [deltaToCumulative(), noiseless(), drop()]],
  ['to delta, filter, to cumulative', 'cumulative', () => [cumulativeToDelta(), noiseless(), deltaToCumulative()]],
];
const counted = fc.record({
  writer: fc.nat(3),
  model: fc.nat(1),
  amount: fc.double({ min: 2 ** -10, max: 2 ** 20, noNaN: true }),
});
/** Whether the requests have more than one writer's points. */
const days = fc.array(fc.array(counted, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 15 });

describe.each([...orders, ...disturbed])('%s', (name, temporality, processors) => {
  const steps = name.includes('filter') ? 3 : 1;

  test('shows the double that is nearest to what was counted, unless points go in between', async () => {
    await fc.assert(
      fc.asyncProperty(days, fc.boolean(), async (day, mixed) => {
        const running = new Map<string, number>();
        const truth = new Exact();
        const clock = fakeClock(noon);
        await using run = await testPipeline(processors(), { clock });
        for (const [n, request] of day.entries()) {
          await clock.advance(10_000);
          const points = new Map<string, { attributes: Record<string, string>; value: number }>();
          for (const { writer, model, amount } of request) {
            const key = `${writer} ${model}`;
            const before = running.get(key) ?? 0;
            const value = before + amount;
            if (points.has(key)) continue;
            running.set(key, value);
            if (temporality === 'delta') truth.add(amount);
            else {
              truth.add(-before);
              truth.add(value);
            }
            points.set(key, {
              attributes: { writer: `${writer}`, model: `${model}` },
              value: temporality === 'delta' ? amount : value,
            });
          }
          const times = { startTimeUnixNano: at(temporality === 'delta' ? n * 10 : 0), timeUnixNano: at(n * 10 + 10) };
          const sum = {
            temporality,
            monotonic: true,
            points: [...points.values()].map((each) => ({ ...each, ...times })),
          };
          const level = { temporality: 'cumulative', points: [{ ...times, value: n }] } as const;
          const noise = { temporality: 'delta', monotonic: true, points: [{ ...times, value: 0.1 }] } as const;
          const others = mixed
            ? [
                { name: 'g', gauge: { points: [{ value: n }] } },
                { name: 'level', sum: level },
                { name: 'noise', sum: noise },
              ]
            : [];
          await run.send(buildMetrics([{ metrics: [...others, { name: 'm', sum }] }]));
        }
        await run.end();
        const last = new Map<string, number>();
        for (const batch of run.received.metrics)
          for (const point of batch.points())
            if (point.metric.name === 'm')
              last.set(JSON.stringify([...point.attributes]), (point as unknown as { value: number }).value);
        const shown = new Exact();
        for (const value of last.values()) shown.add(value);
        // Each of several totals is rounded.
        if (last.size === 1 && steps === 1) expect(shown.toNumber()).toBe(truth.toNumber());
        else expect(truth.stepsTo(shown)).toBeLessThanOrEqual(steps);
      }),
      { numRuns: 60 },
    );
  });
});

describe('what is offered with a batch', () => {
  const batch = (count: number): MetricsBatch =>
    buildMetrics([
      { metrics: [{ name: 'm', gauge: { points: Array.from({ length: count }, (_, value) => ({ value })) } }] },
    ]);

  test('is that of its points, or nothing once one of them is gone', () => {
    const some = batch(3);
    expect(offered(some)).toBeUndefined();
    offer(some, new Remainders(Float64Array.of(1, 2, 3)));
    expect([...offered(some)!.values]).toEqual([1, 2, 3]);
    expect([...offered(joined(batch(2), some))!.values]).toEqual([0, 0, 1, 2, 3]);
    expect([...offered(joined(some, batch(1)))!.values]).toEqual([1, 2, 3, 0]);
    expect(offered(joined(batch(1), batch(2)))).toBeUndefined();
    some.filter((point) => (point as unknown as { value: number }).value !== 1);
    expect(offered(some)).toBeUndefined();
    const others = batch(1);
    offer(others, new Remainders(Float64Array.of(1)));
    withdraw(others);
    expect(offered(others)).toBeUndefined();
  });

  test('is taken once, with all that went into it, and not when its time is over', () => {
    const first = new Remainders(Float64Array.of(1));
    const second = new Remainders(Float64Array.of(1), first);
    expect(second.take()).toBe(true);
    expect(second.take()).toBe(false);
    expect(first.close()).toBe(true);
    const over = new Remainders(Float64Array.of(1));
    expect(over.close()).toBe(false);
    const open = new Remainders(Float64Array.of(1));
    expect(new Remainders(Float64Array.of(1), open, over).take()).toBe(false);
    expect(open.take()).toBe(true);
  });

  test('is nothing where it cannot be of the value', () => {
    expect(fitting(1, 2 ** -53)).toBe(2 ** -53);
    expect(fitting(-1, -(2 ** -53))).toBe(-(2 ** -53));
    expect(fitting(1e-9, 2 ** -53)).toBe(0);
    expect(fitting(0, 2 ** -60)).toBe(0);
  });
});
