import { PipelineError } from '@otelier/core';
import { buildMetrics, type HistogramDataPoint, type MetricData, type NumberDataPoint } from '@otelier/otlp';
import { Exact, fakeClock, testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { at, noon } from '../../test/fleet.js';
import { fate, Senders, ways } from '../../test/senders.js';
import { cumulativeToDelta } from './cumulative-to-delta.js';

const sum = (start: number, time: number, value: number | bigint, pair = 0): MetricData => ({
  name: 'm',
  sum: {
    temporality: 'cumulative',
    monotonic: true,
    points: [{ attributes: { pair: `${pair}` }, startTimeUnixNano: at(start), timeUnixNano: at(time), value }],
  },
});
const histogram = (start: number, time: number, buckets: readonly bigint[], total: number): MetricData => ({
  name: 'h',
  histogram: {
    temporality: 'cumulative',
    points: [
      {
        startTimeUnixNano: at(start),
        timeUnixNano: at(time),
        count: buckets.reduce((a, b) => a + b, 0n),
        sum: total,
        explicitBounds: [1, 2],
        bucketCounts: buckets,
      },
    ],
  },
});

const work = {
  process: fc.nat(3),
  restart: fc.constantFrom(false, false, true),
  fate,
};
const amount = {
  int: fc.oneof(fc.bigInt({ min: 0n, max: 1000n }), fc.constant(2n ** 54n + 1n)),
  double: fc.double({ min: 2 ** -20, max: 2 ** 20, noNaN: true }),
};

/** Processes that count, two under each name. */
class Processes<T> {
  /** What runs that are over have counted. */
  readonly over: T[] = [];
  now = 1;
  private readonly zero: T;
  private readonly all: { start: number; value: T }[];

  constructor(zero: T) {
    this.zero = zero;
    this.all = [0, 1, 2, 3].map(() => ({ start: 0, value: zero }));
  }

  /** The process after it has counted, after a restart if that is so. */
  count(n: number, restart: boolean, add: (to: T) => T): { readonly start: number; readonly value: T } {
    const process = this.all[n]!;
    this.now++;
    if (process.start === 0 || restart) {
      if (process.start > 0) this.over.push(process.value);
      process.start = this.now++;
      process.value = this.zero;
    }
    process.value = add(process.value);
    return process;
  }

  /** The last value of every run. */
  get values(): readonly T[] {
    return [...this.over, ...this.all.map(({ value }) => value)];
  }
}

describe('a fleet of processes', () => {
  for (const how of ways) {
    test.each(['int', 'double'] as const)(
      `comes out complete whatever is refused and repeated, ${how}, %s`,
      async (numbers) => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.record({ ...work, add: amount[numbers] }), { minLength: 1, maxLength: 40 }),
            async (steps) => {
              const senders = await Senders.of(cumulativeToDelta(), how);
              const processes = new Processes<number | bigint>(numbers === 'int' ? 0n : 0);
              for (const { process, restart, add, fate } of steps) {
                // Of one kind each.
                const { start, value } = processes.count(process, restart, (to) => (to as number) + (add as number));
                await senders.send(sum(start, processes.now, value, process >> 1), fate);
              }
              const truth = new Exact();
              for (const value of processes.values) truth.add(value);
              const got = new Exact();
              for (const batch of await senders.received()) {
                for (const point of batch.points() as Iterable<NumberDataPoint>) {
                  const value = point.isInt ? point.intValue : point.value;
                  got.add(value);
                  expect(point.startTimeUnixNano < point.timeUnixNano && value >= 0).toBe(true);
                }
              }
              expect(truth.stepsTo(got)).toBeLessThanOrEqual(numbers === 'int' ? 0 : 1);
            },
          ),
          { numRuns: 60 },
        );
      },
    );

    test(`comes out complete whatever is refused and repeated, ${how}, histograms`, async () => {
      const adds = fc.array(fc.bigInt({ min: 0n, max: 9n }), { minLength: 3, maxLength: 3 });
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ ...work, add: adds }), { minLength: 1, maxLength: 40 }),
          async (steps) => {
            const senders = await Senders.of(cumulativeToDelta(), how);
            const processes = new Processes<readonly bigint[]>([0n, 0n, 0n]);
            const plus = (a: readonly bigint[], b: readonly bigint[]) => a.map((n, i) => n + b[i]!);
            // Quarters add up without rounding.
            const total = (buckets: readonly bigint[]) =>
              Number(buckets[0]! + 6n * buckets[1]! + 12n * buckets[2]!) / 4;
            for (const { process, restart, add, fate } of steps) {
              const { start, value } = processes.count(process, restart, (to) => plus(to, add));
              await senders.send(histogram(start, processes.now, value, total(value)), fate);
            }
            const truth = processes.values.reduce(plus);
            let got: readonly bigint[] = [0n, 0n, 0n];
            let sum = 0;
            let count = 0n;
            for (const batch of await senders.received()) {
              for (const point of batch.points() as Iterable<HistogramDataPoint>) {
                got = plus(got, point.bucketCounts);
                sum += point.sum!;
                count += point.count;
              }
            }
            expect({ got, sum, count }).toEqual({
              got: truth,
              sum: total(truth),
              count: truth.reduce((a, b) => a + b),
            });
          },
        ),
        { numRuns: 60 },
      );
    });
  }

  test('loses what the backend refuses for good, no more, and its sender hears of it', async () => {
    await using run = await testPipeline([cumulativeToDelta()], { clock: fakeClock(noon) });
    const send = (metric: MetricData) => run.send(buildMetrics([{ metrics: [metric] }]));
    await send(sum(1, 10, 5n));
    await send(histogram(1, 10, [1n, 2n, 0n], 5));
    run.exporter.refuse(2, new PipelineError('rejected', 'no'));
    await expect(send(sum(1, 20, 105n))).rejects.toMatchObject({ code: 'rejected' });
    await expect(send(histogram(1, 20, [7n, 7n, 7n], 50))).rejects.toMatchObject({ code: 'rejected' });
    await send(sum(1, 30, 106n));
    await send(histogram(1, 30, [7n, 7n, 8n], 53));
    await run.end();
    const points = run.received.metrics.flatMap((batch) => [...batch.points()]);
    expect(points.filter(({ type }) => type === 'sum').map((point) => (point as NumberDataPoint).intValue)).toEqual([
      5n,
      1n,
    ]);
    expect(
      points.filter(({ type }) => type === 'histogram').map((point) => (point as HistogramDataPoint).bucketCounts),
    ).toEqual([
      [1n, 2n, 0n],
      [0n, 0n, 1n],
    ]);
  });
});
