import {
  buildMetrics,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  type MetricData,
  type MetricsBatch,
  type NumberDataPoint,
  type NumberPointData,
} from '@otelier/otlp';
import { captures, fakeClock, memoryStore, testPipeline, totals } from '@otelier/testing';
import { describe, expect, test } from 'vitest';
import { type CumulativeToDeltaOptions, cumulativeToDelta } from './cumulative-to-delta.js';

const noon = Date.UTC(2026, 0, 15, 12);
/** Nanoseconds, from seconds after the converter started. */
const at = (seconds: number): bigint => BigInt(noon + seconds * 1000) * 1_000_000n;

const pipeline = (options: CumulativeToDeltaOptions = {}) =>
  testPipeline([cumulativeToDelta(options)], { clock: fakeClock(noon) });

const metrics = (data: Omit<MetricData, 'name'>): MetricsBatch => buildMetrics([{ metrics: [{ name: 'm', ...data }] }]);
const sum = (points: NumberPointData[], monotonic = true): MetricsBatch =>
  metrics({ sum: { temporality: 'cumulative', monotonic, points } });
const point = (
  start: number,
  time: number,
  value: number | bigint,
  more: Partial<NumberPointData> = {},
): NumberPointData => ({
  startTimeUnixNano: start < 0 ? 0n : at(start),
  timeUnixNano: at(time),
  value,
  ...more,
});

/** What came out, as [start, time, value], seconds after noon. */
function out(batches: readonly MetricsBatch[]): [number, number, number | bigint][] {
  return batches.flatMap((batch) =>
    [...batch.points()].map(
      (p) =>
        [
          seconds(p.startTimeUnixNano),
          seconds(p.timeUnixNano),
          (p as NumberDataPoint).isInt ? (p as NumberDataPoint).intValue : (p as NumberDataPoint).value,
        ] as [number, number, number | bigint],
    ),
  );
}
const seconds = (nanos: bigint): number => (nanos === 0n ? 0 : Number((nanos - at(0)) / 1_000_000n) / 1000);

async function through(requests: NumberPointData[][], options: CumulativeToDeltaOptions = {}) {
  const run = await pipeline(options);
  for (const points of requests) await run.send(sum(points));
  await run.end();
  const account = Object.values(run.accounts()).find(({ id }) => id.includes('cumulative-to-delta'))!;
  return { out: out(run.received.metrics), dropped: account.dropped };
}

describe('sums', () => {
  test('turns a running total into increments between the times that were seen', async () => {
    const { out } = await through([[point(1, 10, 5n)], [point(1, 20, 7n)], [point(1, 30, 7n)]]);
    expect(out).toEqual([
      [1, 10, 5n],
      [10, 20, 2n],
      [20, 30, 0n],
    ]);
  });

  test('marks the metric as delta and keeps the rest of the bytes', async () => {
    const run = await pipeline();
    await run.send(sum([point(1, 10, 5n, { attributes: { a: 'b' } })]));
    await run.end();
    const [metric] = [...run.received.metrics[0]!.metrics()];
    expect([metric!.temporality, metric!.monotonic]).toEqual(['delta', true]);
  });

  test.each([
    ['a start after this processor', 1, 100, 1],
    ['a start before it and a first export within the interval', -50, 5, 1],
    ['a start before it and a point long after', -500, 5, 0],
    ['a start at the time of the point', 5, 5, 0],
  ] as const)('first point, auto: %s', async (_, start, time, emitted) => {
    const run = await pipeline();
    const nanos = (s: number) => at(s);
    await run.send(sum([{ startTimeUnixNano: nanos(start), timeUnixNano: nanos(time), value: 5n }]));
    await run.end();
    expect(out(run.received.metrics)).toHaveLength(emitted);
  });

  test('first point without a start is a baseline, or counts when told to keep', async () => {
    expect((await through([[point(-1, 10, 5n)], [point(-1, 20, 7n)]])).out).toEqual([[10, 20, 2n]]);
    expect((await through([[point(-1, 10, 5n)]], { initial: 'keep' })).out).toEqual([[0, 10, 5n]]);
    expect((await through([[point(1, 10, 5n)], [point(1, 20, 6n)]], { initial: 'drop' })).out).toEqual([[10, 20, 1n]]);
  });

  test('a new start is a new count, and two processes under one name are both counted', async () => {
    const { out } = await through([
      [point(1, 10, 5n), point(2, 10, 100n)],
      [point(2, 20, 101n), point(1, 20, 6n)],
      [point(25, 30, 3n)],
    ]);
    expect(out.reduce((total, [, , value]) => total + Number(value), 0)).toBe(6 + 101 + 3);
  });

  test('what began while it was there counts whole, though it crashed before anything came', async () => {
    const store = memoryStore();
    await testPipeline([cumulativeToDelta()], { clock: fakeClock(noon), store });
    const next = { clock: fakeClock(noon + 600_000), store: store.crash() };
    const run = await testPipeline([cumulativeToDelta()], next);
    await run.send(sum([point(60, 900, 7n)]));
    await run.end();
    expect(out(run.received.metrics)).toEqual([[60, 900, 7n]]);
  });

  test('drops and counts what cannot be used', async () => {
    const { out, dropped } = await through([
      [point(1, 10, 5n)],
      [point(1, 10, 5n)],
      [point(1, 10, 6n)],
      [point(1, 9, 4n)],
      [point(1, 20, 9n, { flags: 1 })],
      [point(1, 20, Number.NaN)],
      [point(1, 20, Number.POSITIVE_INFINITY)],
      [point(1, 20, 4n)],
      [point(1, 30, 6n)],
    ]);
    expect(out).toEqual([
      [1, 10, 5n],
      [20, 30, 1n],
    ]);
    expect(dropped).toEqual({
      duplicate: 1,
      conflict: 1,
      out_of_order: 1,
      no_recorded_value: 1,
      not_a_number: 2,
      reset: 1,
    });
  });

  test('a fall without a start time begins at zero again', async () => {
    const { out } = await through([[point(-1, 10, 5n)], [point(-1, 20, 8n)], [point(-1, 30, 2n)], [point(-1, 40, 3n)]]);
    expect(out.map(([, , value]) => value)).toEqual([3n, 2n, 1n]);
  });

  test('sorts the points of one request by time', async () => {
    const { out } = await through([[point(1, 30, 9n), point(1, 10, 5n), point(1, 20, 7n)]]);
    expect(out.sort(([, a], [, b]) => a - b)).toEqual([
      [1, 10, 5n],
      [10, 20, 2n],
      [20, 30, 2n],
    ]);
  });

  test('is exact beyond 2^53 and follows a series from int to double', async () => {
    const big = 2n ** 62n;
    const { out } = await through([[point(1, 10, big)], [point(1, 20, big + 1n)]]);
    expect(out.map(([, , value]) => value)).toEqual([big, 1n]);
    const mixed = await through([[point(1, 10, 5n)], [point(1, 20, 5.5)], [point(1, 30, 7n)]]);
    expect(mixed.out.map(([, , value]) => value)).toEqual([5n, 0.5, 1.5]);
  });

  test('leaves what is not cumulative alone, and falling sums unless asked', async () => {
    for (const batch of [
      metrics({ sum: { temporality: 'delta', monotonic: true, points: [point(1, 10, 5n)] } }),
      metrics({ gauge: { points: [point(1, 10, 5n)] } }),
      sum([point(1, 10, 5n)], false),
    ]) {
      const run = await pipeline();
      const bytes = Buffer.from(batch.bytes());
      await run.send(batch);
      await run.end();
      expect(run.received.metrics[0]!.bytes().equals(bytes)).toBe(true);
    }
    const run = await pipeline({ nonMonotonic: true });
    for (const [time, value] of [
      [10, 5n],
      [20, 3n],
      [30, 4n],
    ] as const)
      await run.send(sum([point(1, time, value)], false));
    await run.end();
    expect(out(run.received.metrics).map(([, , value]) => value)).toEqual([5n, -2n, 1n]);
  });

  test('refuses series beyond maxStreams and says so', async () => {
    const run = await pipeline({ maxStreams: 1 });
    const answer = await run.send(
      sum([point(1, 10, 1n, { attributes: { a: '1' } }), point(1, 10, 2n, { attributes: { a: '2' } })]),
    );
    expect(answer).toMatchObject({ refused: 1, refusal: expect.stringContaining('maxStreams') });
    await run.end();
  });
});

describe('distributions', () => {
  const histogram = (time: number, bucketCounts: bigint[], total: number, explicitBounds = [1, 2]) =>
    metrics({
      histogram: {
        temporality: 'cumulative',
        points: [
          {
            startTimeUnixNano: at(1),
            timeUnixNano: at(time),
            count: bucketCounts.reduce((a, b) => a + b),
            sum: total,
            explicitBounds,
            bucketCounts,
            min: 0,
            max: 9,
          },
        ],
      },
    });
  const values = (batches: readonly MetricsBatch[]) =>
    batches
      .flatMap((batch) => [...batch.points()].map((p) => p as HistogramDataPoint))
      .map(({ count, sum, min, max, bucketCounts }) => ({ count, sum, min, max, bucketCounts }));

  test('histograms', async () => {
    const run = await pipeline();
    await run.send(histogram(10, [1n, 2n, 0n], 5));
    await run.send(histogram(20, [1n, 4n, 1n], 14));
    await run.send(histogram(40, [2n, 4n, 2n], 20));
    await run.send(histogram(50, [2n, 4n, 3n], 25, [1, 3]));
    await run.end();
    expect(values(run.received.metrics)).toEqual([
      { count: 3n, sum: 5, min: 0, max: 9, bucketCounts: [1n, 2n, 0n] },
      { count: 3n, sum: 9, min: undefined, max: undefined, bucketCounts: [0n, 2n, 1n] },
      { count: 2n, sum: 6, min: undefined, max: undefined, bucketCounts: [1n, 0n, 1n] },
      { count: 1n, sum: 5, min: undefined, max: undefined, bucketCounts: [] },
    ]);
  });

  test('exponential histograms whose scale falls', async () => {
    const exponential = (time: number, scale: number, offset: number, bucketCounts: bigint[], zeroCount: bigint) =>
      metrics({
        exponentialHistogram: {
          temporality: 'cumulative',
          points: [
            {
              startTimeUnixNano: at(1),
              timeUnixNano: at(time),
              count: bucketCounts.reduce((a, b) => a + b, zeroCount),
              scale,
              zeroCount,
              positive: { offset, bucketCounts },
            },
          ],
        },
      });
    const run = await pipeline();
    await run.send(exponential(10, 1, 0, [1n, 1n, 2n], 1n));
    await run.send(exponential(20, 0, 0, [3n, 2n, 4n], 2n));
    await run.end();
    const [, second] = run.received.metrics
      .flatMap((batch) => [...batch.points()].map((p) => p as ExponentialHistogramDataPoint))
      .map(({ count, scale, zeroCount, positive }) => ({ count, scale, zeroCount, positive }));
    expect(second).toEqual({ count: 6n, scale: 0, zeroCount: 1n, positive: { offset: 0, bucketCounts: [1n, 0n, 4n] } });
  });
});

test.each(captures({ scenario: 'temporality-cumulative' }).map((c) => [c.version, c] as const))(
  'keeps the totals of a recorded cumulative session, %s, received long after',
  async (_, { requests, expected }) => {
    const run = await testPipeline([cumulativeToDelta()], { clock: fakeClock(Date.UTC(2030, 0, 1)) });
    for (const request of requests) if (request.signal === 'metrics') await run.send(request.batch());
    await run.end();
    const { tokens, costUsd } = totals(run.received.metrics);
    expect(tokens).toEqual(Object.fromEntries(Object.entries(expected.tokens).filter(([, n]) => n > 0)));
    expect(costUsd).toBeCloseTo(expected.costUsd, 9);
    expect(run.received.metrics.flatMap((batch) => [...batch.metrics()].map((m) => m.temporality))).not.toContain(
      'cumulative',
    );
  },
);

test('names the option that is wrong', () => {
  expect(() => cumulativeToDelta({ initial: 'all' as never })).toThrow('cumulativeToDelta: initial: expected');
  expect(() => cumulativeToDelta({ maxStale: 5 as never })).toThrow('cumulativeToDelta: maxStale: expected');
});
