import { PipelineError, type Processor, stage } from '@otelier/core';
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
import fc from 'fast-check';
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

  test('refuses series beyond maxStreams; a series silent for long begins anew', async () => {
    const clock = fakeClock(noon);
    const run = await pipeline({ maxStreams: 1, maxStale: '1h', seed: false }, clock);
    const answer = await run.send(
      sum([point(1, 2, 1n, { attributes: { a: '1' } }), point(1, 2, 2n, { attributes: { a: '2' } })]),
    );
    expect(answer).toMatchObject({ refused: 1, refusal: expect.stringContaining('maxStreams') });
    await clock.advance(2 * 3_600_000);
    await run.send(metrics({ sum: { temporality: 'delta', points: [] } }));
    await run.send(sum([point(7000, 7001, 9n, { attributes: { a: '2' } })])).catch(() => {});
    await run.send(sum([point(7001, 7002, 3n, { attributes: { a: '1' } })])).catch(() => {});
    await run.end();
    expect(out(run.received.metrics)).toEqual([
      [1, 2, 1n],
      [7001, 7002, 3n],
    ]);
  });

  test('a refused batch leaves nothing behind: not its increments, not its zero', async () => {
    const run = await pipeline();
    run.exporter.refuse(1);
    await expect(run.send(sum([point(1, 10, 5n)]))).rejects.toThrow(PipelineError);
    await run.send(sum([point(1, 10, 5n)]));
    run.exporter.refuse(1, new PipelineError('rejected', 'no'));
    await expect(run.send(sum([point(10, 20, 100n)]))).rejects.toThrow(PipelineError);
    await run.send(sum([point(20, 30, 1n)]));
    await run.end();
    expect(out(run.received.metrics).map(([, , value]) => value)).toEqual([0n, 5n, 6n]);
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

  test('histograms, from an empty one, with a refusal in between', async () => {
    const run = await pipeline();
    await run.send(histogram(10, [1n, 2n, 0n], 5));
    run.exporter.refuse(1, new PipelineError('rejected', 'no'));
    await expect(run.send(histogram(20, [7n, 7n, 7n], 50))).rejects.toThrow(PipelineError);
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

const step = fc.record({
  session: fc.nat(3),
  add: fc.nat(1000),
  refuse: fc.constantFrom(false, false, true),
  code: fc.constantFrom('unavailable' as const, 'rejected' as const),
  late: fc.nat(5),
});

describe('a fleet of sessions', () => {
  test.each(['one at a time', 'side by side'])('ends at the sum of what was sent, and never falls, %s', async (how) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const run = await pipeline();
        const truth: bigint[] = [0n, 0n];
        const again: { points: NumberPointData[]; due: number }[] = [];
        const waiting: Promise<void>[] = [];
        let open: (() => void) | undefined;
        const send = (points: NumberPointData[], due: number): Promise<void> =>
          run.send(sum(points)).then(
            () => {},
            () => void again.push({ points, due }),
          );
        for (const [i, s] of steps.entries()) {
          truth[s.session >> 1]! += BigInt(s.add);
          if (how === 'side by side') open ??= run.exporter.hold();
          if (s.refuse) run.exporter.refuse(1, new PipelineError(s.code, 'no'));
          waiting.push(
            send([point(i, i + 1, BigInt(s.add), { attributes: { pair: `${s.session >> 1}` } })], i + s.late),
          );
          for (const old of again.filter(({ due }) => due <= i)) {
            again.splice(again.indexOf(old), 1);
            waiting.push(send(old.points, i));
          }
          if (how === 'one at a time') await Promise.all(waiting);
          else if (i % 3 === 0) {
            open?.();
            open = undefined;
            await Promise.all(waiting);
          }
        }
        open?.();
        await Promise.all(waiting);
        while (again.length > 0) await send(again.shift()!.points, 0);
        await run.end();
        for (const pair of [0, 1]) {
          const series = run.received.metrics
            .flatMap((batch) => [...batch.points()])
            .filter((p) => p.attributes.get('pair') === `${pair}`)
            .map((p) => ({ start: p.startTimeUnixNano, time: p.timeUnixNano, value: (p as NumberDataPoint).intValue }))
            .sort((a, b) => (a.time < b.time ? -1 : 1));
          expect(series.at(-1)?.value ?? 0n).toBe(truth[pair]);
          for (const [i, p] of series.entries()) {
            const before = series[i - 1];
            if (before === undefined) continue;
            expect(p.start).toBe(before.start);
            expect(p.value >= before.value).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
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
