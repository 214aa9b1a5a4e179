import type { StateEntries } from '@otelier/core';
import {
  buildMetrics,
  type DataPoint,
  type HistogramDataPoint,
  type MetricData,
  type MetricsBatch,
  type NumberDataPoint,
  type NumberPointData,
} from '@otelier/otlp';
import { fakeClock, testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AggregateOptions, aggregate } from './aggregate.js';
import { Aggregator } from './aggregator.js';

const noon = Date.UTC(2026, 0, 15, 12);
/** Nanoseconds, from seconds after noon. */
const at = (seconds: number): bigint => BigInt(noon + seconds * 1000) * 1_000_000n;
const seconds = (nanos: bigint): number => Number((nanos - at(0)) / 1_000_000n) / 1000;
const minute: AggregateOptions = { interval: '1m', lateness: '10s' };

const run = (options: AggregateOptions = minute) => testPipeline([aggregate(options)], { clock: fakeClock(noon) });
const metric = (data: Omit<MetricData, 'name'>): MetricsBatch => buildMetrics([{ metrics: [{ name: 'm', ...data }] }]);
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
const delta = (...points: NumberPointData[]): MetricsBatch =>
  metric({ description: 'd', sum: { temporality: 'delta', monotonic: true, points } });
const cumulative = (...points: NumberPointData[]): MetricsBatch =>
  metric({ sum: { temporality: 'cumulative', monotonic: true, points } });
const gauge = (...points: NumberPointData[]): MetricsBatch => metric({ gauge: { points } });

function read(batches: readonly MetricsBatch[]): [number, number, number | bigint][] {
  return batches.flatMap((batch) => [...batch.points()].map(shown));
}
function shown(p: DataPoint): [number, number, number | bigint] {
  const of = p as NumberDataPoint;
  return [seconds(of.startTimeUnixNano), seconds(of.timeUnixNano), of.isInt ? of.intValue : of.value];
}

describe('an interval', () => {
  test('of increments becomes their sum when a later one has come and the time for latecomers is over', async () => {
    await using r = await run();
    await r.send(delta(point(0, 10, 1n), point(10, 20, 2n)));
    await r.send(delta(point(20, 60, 4n)));
    await r.clock.advance(75_000);
    await r.send(delta(point(60, 69, 8n)));
    expect(read(r.received.metrics)).toEqual([[0, 60, 7n]]);
    await r.send(delta(point(69, 71, 16n)));
    await r.end();
    expect(read(r.received.metrics)).toEqual([
      [0, 60, 7n],
      [60, 71, 24n],
    ]);
    expect(
      [...r.received.metrics[0]!.metrics()].map(({ description, temporality }) => [description, temporality]),
    ).toEqual([['d', 'delta']]);
    expect(r.accounts()['metrics/test/aggregate']).toMatchObject({
      in: 5,
      out: 2,
      held: 0,
      dropped: { aggregated: 3 },
    });
  });

  test('goes out by the clock when nothing comes', async () => {
    await using r = await run();
    await r.send(delta(point(0, 10, 1n)));
    await r.clock.advance(69_000);
    expect(r.received.metrics).toEqual([]);
    await r.clock.advance(1_000);
    expect(read(r.received.metrics)).toEqual([[0, 10, 1n]]);
  });

  test('is not closed by a point from the far future', async () => {
    await using r = await run();
    await r.send(delta(point(0, 10, 1n)));
    await r.send(delta(point(10, 1e6, 2n)));
    await r.send(delta(point(10, 20, 4n)));
    expect(r.received.metrics).toEqual([]);
    await r.end();
    expect(read(r.received.metrics)).toEqual([
      [0, 20, 5n],
      [10, 1e6, 2n],
    ]);
  });

  test('that is over takes late increments as a point of its own, and of the rest nothing older than what was sent', async () => {
    await using r = await run();
    await r.clock.advance(200_000);
    for (const of of [delta, cumulative, gauge]) {
      await r.send(of(point(0, 50, 5n)));
      await r.send(of(point(0, 130, 9n)));
      await r.send(of(point(0, 40, 3n)));
      await r.send(of(point(0, 45, 4n)));
    }
    await r.end();
    const of = (type: string, temporality: string) =>
      r.received.metrics
        .flatMap((batch) => [...batch.points()])
        .filter((p) => p.type === type && p.metric.temporality === temporality)
        .map(shown)
        .map(([, time, value]) => [time, value]);
    const late = [45, 7n];
    expect(of('sum', 'delta')).toEqual([[50, 5n], late, [130, 9n]]);
    expect(of('sum', 'cumulative')).toEqual([
      [50, 5n],
      [130, 9n],
    ]);
    expect(of('gauge', 'unspecified')).toEqual([
      [50, 5n],
      [130, 9n],
    ]);
    expect(r.accounts()['metrics/test/aggregate']!.dropped.out_of_order).toBe(4);
  });

  test('of a cumulative series keeps its last point, and the last before it began anew', async () => {
    await using r = await run();
    await r.send(cumulative(point(0, 10, 1n), point(0, 20, 5n), point(15, 30, 2n), point(15, 40, 1n)));
    await r.send(cumulative(point(0, 15, 3n), point(15, 50, 4n)));
    await r.end();
    expect(read(r.received.metrics).sort()).toEqual([
      [0, 20, 5n],
      [15, 30, 2n],
      [15, 50, 4n],
    ]);
  });

  test.each([
    ['last', 1n],
    ['min', -3n],
    ['max', 5n],
    ['mean', 1],
  ] as const)('of a gauge becomes its %s', async (policy, value) => {
    await using r = await run({ ...minute, gauge: policy });
    await r.send(gauge(point(0, 10, 5n), point(0, 20, -3n)));
    await r.send(gauge(point(0, 30, 1n)));
    await r.end();
    expect(read(r.received.metrics)).toEqual([[0, 30, value]]);
  });

  test('of histograms becomes one histogram', async () => {
    const histogram = (time: number, bucketCounts: bigint[], temporality: 'delta' | 'cumulative') =>
      metric({
        histogram: {
          temporality,
          points: [
            {
              startTimeUnixNano: at(0),
              timeUnixNano: at(time),
              count: bucketCounts.reduce((a, b) => a + b),
              sum: 1,
              explicitBounds: [1],
              bucketCounts,
            },
          ],
        },
      });
    await using r = await run();
    await r.send(histogram(10, [1n, 2n], 'delta'));
    await r.send(histogram(20, [3n, 4n], 'delta'));
    await r.send(histogram(10, [1n, 2n], 'cumulative'));
    await r.send(histogram(20, [3n, 4n], 'cumulative'));
    await r.end();
    const out = r.received.metrics.flatMap((b) => [...b.points()].map((p) => (p as HistogramDataPoint).bucketCounts));
    expect(out).toEqual([
      [4n, 6n],
      [3n, 4n],
    ]);
  });
});

test('lets pass what there is no room for, and what it cannot make one', async () => {
  await using r = await run({ ...minute, maxStreams: 1 });
  await r.send(delta(point(0, 10, 1n, { attributes: { a: '1' } }), point(0, 10, 2n, { attributes: { a: '2' } })));
  await r.send(metric({ summary: { points: [{ timeUnixNano: at(1), count: 1n, sum: 1, quantileValues: [] }] } }));
  expect(r.received.metrics.map(({ count }) => count)).toEqual([1, 1]);
  expect(r.accounts()['metrics/test/aggregate']).toMatchObject({ noted: { too_many_streams: 1 }, held: 1 });
});

test('puts series of one metric, scope and resource together, whenever they began', async () => {
  await using r = await run();
  for (const a of ['1', '2', '3'])
    await r.send(
      buildMetrics([
        {
          resource: { attributes: { service: 's' } },
          scope: { name: 'x' },
          metrics: ['m', 'n'].map((name) => ({
            name,
            sum: { temporality: 'delta', points: [point(0, 10, 1n, { attributes: { a } })] },
          })),
        },
      ]),
    );
  await r.end();
  const [out] = r.received.metrics;
  expect([...out!.resourceMetrics]).toHaveLength(1);
  expect([...out!.metrics()].map((m) => [m.name, [...m.dataPoints].length])).toEqual([
    ['m', 3],
    ['n', 3],
  ]);
});

const step = fc.record({
  points: fc.array(
    fc.record({ series: fc.nat(3), kind: fc.nat(2), back: fc.nat(200), value: fc.bigInt({ min: 0n, max: 2n ** 60n }) }),
    { minLength: 1, maxLength: 6 },
  ),
  pass: fc.nat(40),
  outcome: fc.constantFrom('save', 'save', 'undo', 'restart', 'hand over'),
});

test('adds up to what came in, whatever is late, taken back and sent again, or restarted', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const all = { interval: 60_000, lateness: 10_000, gauge: 'last', maxStreams: 1e6 } as const;
      let now = noon;
      let state = new Aggregator(all, now);
      const kept = new Map<string, Buffer>();
      const writer = (to: Map<string, Buffer>) => ({
        put: (key: Uint8Array, value: Uint8Array) => void to.set(Buffer.from(key).toString('hex'), Buffer.from(value)),
        delete: (key: Uint8Array) => void to.delete(Buffer.from(key).toString('hex')),
      });
      const entries = (of: Map<string, Buffer>): StateEntries =>
        [...of].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [Buffer.from(key, 'hex'), value] as const);
      const truth = new Map<string, bigint>();
      const out = new Map<string, bigint>();
      const count = (into: Map<string, bigint>, batch: MetricsBatch) => {
        for (const p of batch.points()) {
          if (p.metric.temporality !== 'delta') continue;
          const name = `${p.attributes.get('s')}`;
          const value = p.type === 'sum' ? (p as NumberDataPoint).intValue : (p as HistogramDataPoint).count;
          const id = `${name} ${p.type}`;
          into.set(id, (into.get(id) ?? 0n) + value);
        }
      };
      for (const s of steps) {
        now += s.pass * 1000;
        const times = (back: number) => {
          const time = BigInt(now - back * 1000) * 1_000_000n;
          return { startTimeUnixNano: time - 1_000_000_000n, timeUnixNano: time };
        };
        const batch = () =>
          buildMetrics([
            {
              metrics: s.points.map(({ series, kind, back, value }) => {
                const own = { attributes: { s: `${series}` }, ...times(back) };
                if (kind === 0)
                  return {
                    name: 'd',
                    sum: { temporality: 'delta', monotonic: true, points: [{ ...own, value: value >> 8n }] },
                  };
                if (kind === 1) return { name: 'g', gauge: { points: [{ ...own, value }] } };
                const counts = [value & 7n, (value >> 3n) & 7n];
                const count = counts[0]! + counts[1]!;
                return {
                  name: 'h',
                  histogram: {
                    temporality: 'delta',
                    points: [{ ...own, count, explicitBounds: [1], bucketCounts: counts }],
                  },
                };
              }),
            },
          ]);
        const go = (): MetricsBatch => {
          state.take(batch(), now);
          return state.batchOf(state.due(now));
        };
        count(truth, batch());
        if (s.outcome === 'undo') {
          const first = go();
          state.undo();
          const again = go();
          expect(again.bytes().equals(first.bytes())).toBe(true);
          count(out, again);
        } else count(out, go());
        state.save(writer(kept));
        if (s.outcome === 'restart' || s.outcome === 'hand over') {
          const from = new Map<string, Buffer>();
          if (s.outcome === 'hand over') state.snapshot(writer(from));
          else for (const [key, value] of kept) from.set(key, value);
          state = new Aggregator(all, now);
          state.restore(entries(from));
        }
      }
      count(out, state.batchOf(state.all()));
      state.save(writer(kept));
      // Until when gauges were sent stays.
      expect([...kept.keys()].filter((key) => key < '02')).toEqual([]);
      for (const [id, total] of truth) expect([id, out.get(id)]).toEqual([id, total]);
    }),
    { numRuns: 200 },
  );
});

test('names the option that is wrong', () => {
  expect(() => aggregate({ interval: '1' as never })).toThrow('aggregate: interval');
  expect(() => aggregate({ interval: '1m', gauge: 'sum' as never })).toThrow('aggregate: gauge');
});
