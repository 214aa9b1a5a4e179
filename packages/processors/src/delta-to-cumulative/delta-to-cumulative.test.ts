import { type Processor, stage } from '@otelier/core';
import {
  buildMetrics,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  type MetricData,
  type MetricsBatch,
  type NumberDataPoint,
  type NumberPointData,
} from '@otelier/otlp';
import { captures, fakeClock, testPipeline } from '@otelier/testing';
import { describe, expect, test } from 'vitest';
import { dropAttributes } from '../drop-attributes/drop-attributes.js';
import { type DeltaToCumulativeOptions, deltaToCumulative } from './delta-to-cumulative.js';

const noon = Date.UTC(2026, 0, 15, 12);
const at = (seconds: number): bigint => BigInt(noon + seconds * 1000) * 1_000_000n;
const seconds = (nanos: bigint): number => Number((nanos - at(0)) / 1_000_000n) / 1000;

const pipeline = (options: DeltaToCumulativeOptions = {}, clock = fakeClock(noon)) =>
  testPipeline([deltaToCumulative(options)], { clock });
const metrics = (data: Omit<MetricData, 'name'>): MetricsBatch => buildMetrics([{ metrics: [{ name: 'm', ...data }] }]);
const sum = (points: NumberPointData[], monotonic = true): MetricsBatch =>
  metrics({ sum: { temporality: 'delta', monotonic, points } });
const point = (
  start: number,
  time: number,
  value: number | bigint,
  more: Partial<NumberPointData> = {},
): NumberPointData => ({
  startTimeUnixNano: at(start),
  timeUnixNano: at(time),
  value,
  ...more,
});

/** What came out, as [start, time, value], seconds after noon. */
function out(batches: readonly MetricsBatch[]): [number, number, number | bigint][] {
  return batches.flatMap((batch) =>
    [...batch.points()].map((p) => {
      const number = p as NumberDataPoint;
      return [seconds(p.startTimeUnixNano), seconds(p.timeUnixNano), number.isInt ? number.intValue : number.value] as [
        number,
        number,
        number | bigint,
      ];
    }),
  );
}

async function through(requests: NumberPointData[][], options: DeltaToCumulativeOptions = {}) {
  const run = await pipeline(options);
  for (const points of requests) await run.send(sum(points));
  await run.end();
  const account = Object.values(run.accounts()).find(({ id }) => id.includes('delta-to-cumulative'))!;
  return { out: out(run.received.metrics), account, batches: run.received.metrics };
}

describe('sums', () => {
  test('adds increments up, from a zero at the start', async () => {
    const { out, account, batches } = await through([[point(1, 10, 5n)], [point(10, 20, 2n)]]);
    expect(out).toEqual([
      [1, 1, 0n],
      [1, 10, 5n],
      [1, 20, 7n],
    ]);
    expect(account.added).toEqual({ seed: 1 });
    expect([...batches[0]!.metrics()].map((m) => [m.temporality, m.monotonic])).toEqual([
      ['cumulative', true],
      ['cumulative', true],
    ]);
  });

  test('one series for all senders, whatever their windows; late points count and time only goes on', async () => {
    const { out } = await through([[point(1, 30, 5n)], [point(2, 30, 1n)], [point(3, 9, 2n)], [point(30, 60, 4n)]], {
      seed: false,
    });
    expect(out).toEqual([
      [1, 30, 5n],
      [1, 30.001, 6n],
      [1, 30.002, 8n],
      [1, 60, 12n],
    ]);
  });

  test('a point without a start, or that starts when it ends, gets a start just before', async () => {
    const { out } = await through([[point(5, 5, 1)]]);
    expect(out).toEqual([
      [4.999, 4.999, 0],
      [4.999, 5, 1],
    ]);
  });

  test('drops and counts what cannot be added', async () => {
    const { out, account } = await through(
      [[point(1, 2, 1n), point(2, 3, -1n), point(2, 3, Number.NaN), point(2, 3, 9n, { flags: 1 })]],
      { seed: false },
    );
    expect(out).toEqual([[1, 2, 1n]]);
    expect(account.dropped).toEqual({ negative: 1, not_a_number: 1, no_recorded_value: 1 });
  });

  test('is exact beyond 2^53, falls where a sum may fall, and mixes int and double', async () => {
    const big = 2n ** 61n;
    const exact = await through([[point(1, 2, big)], [point(2, 3, 1n)]], { seed: false });
    expect(exact.out.map(([, , value]) => value)).toEqual([big, big + 1n]);
    const mixed = await through([[point(1, 2, 1n)], [point(2, 3, 0.5)], [point(3, 4, 1n)]], { seed: false });
    expect(mixed.out.map(([, , value]) => value)).toEqual([1n, 1.5, 2.5]);
    const run = await pipeline({ seed: false });
    await run.send(sum([point(1, 2, 5n)], false));
    await run.send(sum([point(2, 3, -2n)], false));
    await run.end();
    expect(out(run.received.metrics).map(([, , value]) => value)).toEqual([5n, 3n]);
  });

  test('leaves cumulative sums and gauges as they are', async () => {
    for (const batch of [
      metrics({ gauge: { points: [point(1, 2, 5n)] } }),
      metrics({ sum: { temporality: 'cumulative', points: [point(1, 2, 5n)] } }),
    ]) {
      const run = await pipeline();
      const bytes = Buffer.from(batch.bytes());
      await run.send(batch);
      await run.end();
      expect(run.received.metrics[0]!.bytes().equals(bytes)).toBe(true);
    }
  });

  test('adds series beyond maxStreams up as one, exactly, with the attribute that OpenTelemetry has for it', async () => {
    const run = await pipeline({ maxStreams: 1 });
    const of = (a: string, value: bigint) => point(1, 2, value, { attributes: { a } });
    const answer = await run.send(sum([of('1', 1n), of('2', 2n), of('3', 4n)]));
    await run.send(sum([point(2, 3, 8n, { attributes: { a: '2' } })]));
    await run.end();
    expect(answer.refused).toBe(0);
    const all = run.received.metrics.flatMap((batch) =>
      [...batch.points()].map((p) => [
        p.attributes.toObject(),
        seconds(p.timeUnixNano),
        (p as NumberDataPoint).intValue,
      ]),
    );
    const overflow = { 'otel.metric.overflow': true };
    expect(all).toEqual([
      [{ a: '1' }, 1, 0n],
      [overflow, 1, 0n],
      [{ a: '1' }, 2, 1n],
      [overflow, 2, 6n],
      [overflow, 3, 14n],
    ]);
    const account = Object.values(run.accounts()).find(({ id }) => id.includes('delta-to-cumulative'))!;
    expect(account.dropped).toEqual({ merged: 1 });
    expect(account.noted).toMatchObject({ overflow: 3 });
  });

  test('drops what overlaps when every series has one sender', async () => {
    const { out, account } = await through(
      [[point(1, 10, 5n)], [point(1, 10, 4n)], [point(5, 15, 1n)], [point(10, 20, 2n)], [point(25, 30, 3n)]],
      { seed: false, overlaps: 'drop' },
    );
    expect(out.map(([, time, value]) => [time, value])).toEqual([
      [10, 5n],
      [20, 7n],
      [30, 10n],
    ]);
    expect(account.dropped).toEqual({ late: 1, overlap: 1 });
    expect(account.noted).toEqual({ gap: 1 });
  });
});

describe('distributions', () => {
  const histogram = (time: number, bucketCounts: bigint[], total: number) =>
    metrics({
      histogram: {
        temporality: 'delta',
        points: [
          {
            startTimeUnixNano: at(time - 10),
            timeUnixNano: at(time),
            count: bucketCounts.reduce((a, b) => a + b),
            sum: total,
            explicitBounds: [1, 2],
            bucketCounts,
            min: time,
            max: time,
          },
        ],
      },
    });

  test('histograms, from an empty one', async () => {
    const run = await pipeline();
    await run.send(histogram(10, [1n, 2n, 0n], 5));
    await run.send(histogram(30, [0n, 0n, 1n], 4));
    await run.end();
    const points = run.received.metrics.flatMap((batch) =>
      [...batch.points()]
        .map((p) => p as HistogramDataPoint)
        .map(({ count, sum, bucketCounts }) => ({ count, sum, bucketCounts })),
    );
    expect(points).toEqual([
      { count: 0n, sum: 0, bucketCounts: [0n, 0n, 0n] },
      { count: 3n, sum: 5, bucketCounts: [1n, 2n, 0n] },
      { count: 4n, sum: 9, bucketCounts: [1n, 2n, 1n] },
    ]);
  });

  test('exponential histograms of different scales', async () => {
    const exponential = (time: number, scale: number, offset: number, bucketCounts: bigint[]) =>
      metrics({
        exponentialHistogram: {
          temporality: 'delta',
          points: [
            {
              startTimeUnixNano: at(time - 10),
              timeUnixNano: at(time),
              count: bucketCounts.reduce((a, b) => a + b),
              scale,
              positive: { offset, bucketCounts },
            },
          ],
        },
      });
    const run = await pipeline({ seed: false });
    await run.send(exponential(10, 1, 0, [1n, 1n, 2n, 0n]));
    await run.send(exponential(20, 0, 0, [3n, 2n]));
    await run.end();
    const points = run.received.metrics.flatMap((batch) =>
      [...batch.points()]
        .map((p) => p as ExponentialHistogramDataPoint)
        .map(({ count, scale, positive }) => ({ count, scale, positive })),
    );
    expect(points[1]).toEqual({ count: 9n, scale: 0, positive: { offset: 0, bucketCounts: [5n, 4n] } });
  });
});

const deltaOnly: Processor<'metrics'> = stage(
  'delta-only',
  { metrics: (next) => ({ consume: next }) },
  { produces: 'delta' },
);
const recorded = captures().filter(({ env }) => env.OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE !== 'cumulative');

test.each(recorded.map((c) => [`${c.version}/${c.scenario} ${c.protocol}`, c] as const))(
  'last values after dropping the session add up to the recorded session: %s',
  async (_, { requests, expected }) => {
    const run = await testPipeline([
      deltaOnly,
      dropAttributes(['session.id', 'user.account_uuid']),
      deltaToCumulative(),
    ]);
    for (const request of requests) if (request.signal === 'metrics') await run.send(request.batch());
    await run.end();
    if (run.received.metrics.length === 0) return;
    const last = new Map<string, NumberDataPoint>();
    for (const batch of run.received.metrics) {
      for (const p of batch.points()) {
        const id = JSON.stringify([
          p.metric.name,
          p.resource.attributes.toObject(),
          Object.entries(p.attributes.toObject()).sort(),
        ]);
        const before = last.get(id);
        if (before === undefined || before.timeUnixNano < p.timeUnixNano) last.set(id, p as NumberDataPoint);
      }
    }
    const tokens: Record<string, number> = {};
    let cost = 0;
    for (const p of last.values()) {
      if (p.metric.name === 'claude_code.cost.usage') cost += p.value;
      if (p.metric.name !== 'claude_code.token.usage') continue;
      const kind = `${p.attributes.get('model')}/${p.attributes.get('type')}`;
      if (p.value !== 0) tokens[kind] = (tokens[kind] ?? 0) + p.value;
    }
    expect(tokens).toEqual(Object.fromEntries(Object.entries(expected.tokens).filter(([, n]) => n > 0)));
    expect(cost).toBeCloseTo(expected.costUsd, 9);
  },
);

test('names the option that is wrong', () => {
  expect(() => deltaToCumulative({ seed: 1 as never })).toThrow(
    'deltaToCumulative: seed: expected boolean, got a number',
  );
});
