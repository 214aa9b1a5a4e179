import {
  buildMetrics,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  type MetricsBatch,
  type NumberDataPoint,
} from '@otelier/otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { at, exact, noon, step as ulp } from '../../test/fleet.js';
import { Section } from '../../test/section.js';
import { deltaToCumulative } from './delta-to-cumulative.js';

interface Increment {
  readonly series: number;
  readonly start: number;
  readonly time: number;
  readonly value: number | bigint;
}

const request = (increments: readonly Increment[], monotonic = true): MetricsBatch =>
  buildMetrics([
    {
      metrics: [
        {
          name: 'm',
          sum: {
            temporality: 'delta',
            monotonic,
            points: increments.map(({ series, start, time, value }) => ({
              attributes: { series: `${series}` },
              startTimeUnixNano: start === 0 ? 0n : at(start),
              timeUnixNano: at(time),
              value,
            })),
          },
        },
      ],
    },
  ]);

const increment = fc.record({
  series: fc.nat(4),
  start: fc.nat(50),
  length: fc.nat(20),
  value: fc.oneof(fc.bigInt({ min: 0n, max: 1000n }), fc.constant(2n ** 54n + 1n)),
});
const step = fc.record({
  increments: fc.array(increment, { minLength: 1, maxLength: 5 }),
  refused: fc.constantFrom(false, false, true),
  after: fc.constantFrom('', '', '', 'restart', 'reload'),
});

describe('a fleet of sessions', () => {
  test.each([
    ['each with its series', 1000],
    ['most of them in the series of all others', 2],
  ])('ends at the sum of what was sent, and no series falls, overlaps or begins anew: %s', async (_, maxStreams) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        let section = new Section(deltaToCumulative({ maxStreams }), noon);
        const sent = new Map<string, bigint>();
        const last = new Map<string, { start: bigint; time: bigint; value: bigint }>();
        for (const { increments, refused, after } of steps) {
          const bytes = request(
            increments.map(({ series, start, length, value }) => ({ series, start, time: start + length + 1, value })),
          ).bytes();
          if (refused) {
            await section.pass(bytes);
            section.state.undo();
          }
          for (const batch of await section.pass(bytes)) {
            for (const p of batch.points()) {
              const { startTimeUnixNano: start, timeUnixNano: time, intValue: value } = p as NumberDataPoint;
              const name = JSON.stringify(p.attributes.toObject());
              const before = last.get(name);
              if (before === undefined) expect([time, value]).toEqual([start, 0n]);
              else expect(start === before.start && time > before.time && value >= before.value).toBe(true);
              last.set(name, { start, time, value });
            }
          }
          section.save();
          for (const { series, value } of increments) {
            const own = JSON.stringify({ series: `${series}` });
            const name = last.has(own) ? own : JSON.stringify({ 'otel.metric.overflow': true });
            sent.set(name, (sent.get(name) ?? 0n) + value);
          }
          if (after === 'restart') section = section.restart();
          if (after === 'reload') section = section.reload();
        }
        expect(new Map([...last].map(([name, { value }]) => [name, value]))).toEqual(sent);
        expect(section.refused).toBe(0);
        for (const values of Object.values(section.observe())) expect(values['otelier.total.residual']).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  test('doubles and ints together end within one rounding step of their exact sum', async () => {
    const value = fc.oneof(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1e17, noNaN: true }),
      fc.bigInt({ min: 0n, max: 2n ** 60n }),
      fc.constantFrom(0.1, 1e-300),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 60 }), async (values) => {
        const section = new Section(deltaToCumulative({ seed: false }), noon);
        let truth = 0n;
        for (const [i, value] of values.entries()) {
          truth += typeof value === 'bigint' ? value << 1074n : exact(value);
          const [batch] = await section.pass(request([{ series: 0, start: i + 1, time: i + 2, value }]).bytes());
          section.save();
          const [p] = [...batch!.points()] as NumberDataPoint[];
          const shown = p!.isInt ? p!.intValue << 1074n : exact(p!.value);
          const error = shown - truth;
          expect(error < 0n ? -error : error).toBeLessThanOrEqual(p!.isInt ? 0n : ulp(p!.value));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('a series that begins again after it was forgotten has a start of its own', async () => {
    const section = new Section(deltaToCumulative({ maxStale: '1h', seed: false }), noon);
    const starts: bigint[] = [];
    const pass = async (start: number) => {
      for (const batch of await section.pass(request([{ series: 0, start, time: start + 1, value: 1n }]).bytes()))
        for (const point of batch.points()) starts.push(point.startTimeUnixNano);
      section.save();
    };
    await pass(1);
    section.now += 2 * 3_600_000;
    section.save();
    await section.pass(request([{ series: 1, start: 7000, time: 7001, value: 1n }]).bytes());
    section.save();
    await pass(7200);
    expect(starts).toEqual([at(1), at(7200)]);
  });
});

describe('distributions', () => {
  const bounds = fc.subarray([1, 2, 3, 5], { minLength: 0 });
  const delta = bounds.chain((explicitBounds) =>
    fc.record({
      explicitBounds: fc.constant(explicitBounds),
      bucketCounts: fc.array(fc.bigInt({ min: 0n, max: 9n }), {
        minLength: explicitBounds.length + 1,
        maxLength: explicitBounds.length + 1,
      }),
      sum: fc.double({ min: 0, max: 1e9, noNaN: true }),
    }),
  );

  test('with whatever bounds: a count below a bound never falls while the bound is there, and bounds only go', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(delta, { minLength: 1, maxLength: 20 }), async (deltas) => {
        const section = new Section(deltaToCumulative(), noon);
        let count = 0n;
        let sum = 0n;
        let before = new Map<number, bigint>();
        for (const [i, { explicitBounds, bucketCounts, sum: s }] of deltas.entries()) {
          const total = bucketCounts.reduce((a, b) => a + b);
          count += total;
          sum += exact(s);
          const batch = buildMetrics([
            {
              metrics: [
                {
                  name: 'h',
                  histogram: {
                    temporality: 'delta',
                    points: [
                      {
                        startTimeUnixNano: at(i + 1),
                        timeUnixNano: at(i + 2),
                        count: total,
                        sum: s,
                        explicitBounds,
                        bucketCounts,
                      },
                    ],
                  },
                },
              ],
            },
          ]);
          const [out] = await section.pass(batch.bytes());
          section.save();
          const of = [...out!.points()].at(-1) as HistogramDataPoint;
          expect(of.count).toBe(count);
          const error = exact(of.sum!) - sum;
          expect(error < 0n ? -error : error).toBeLessThanOrEqual(ulp(of.sum!));
          const now = new Map<number, bigint>();
          let below = 0n;
          of.bucketCounts.forEach((n, b) => {
            below += n;
            now.set(of.explicitBounds[b] ?? Number.POSITIVE_INFINITY, below);
          });
          expect(below).toBe(count);
          if (i > 0) for (const bound of now.keys()) expect(before.has(bound)).toBe(true);
          for (const [bound, n] of now) expect(n >= (before.get(bound) ?? 0n)).toBe(true);
          before = now;
        }
      }),
      { numRuns: 150 },
    );
  });

  test('exponential: nothing is lost, the scale never rises and the zero threshold never falls', async () => {
    const run = fc.record({
      offset: fc.integer({ min: -40, max: 40 }),
      bucketCounts: fc.array(fc.bigInt({ min: 0n, max: 9n }), { maxLength: 8 }),
    });
    const point = fc.record({
      scale: fc.integer({ min: -2, max: 4 }),
      zeroCount: fc.bigInt({ min: 0n, max: 9n }),
      zeroThreshold: fc.constantFrom(0, 0, 0.01, 1.5),
      positive: run,
      negative: run,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(point, { minLength: 1, maxLength: 15 }), async (points) => {
        const section = new Section(deltaToCumulative({ seed: false }), noon);
        let count = 0n;
        let scale = Number.POSITIVE_INFINITY;
        let threshold = 0;
        for (const [i, p] of points.entries()) {
          const own = [...p.positive.bucketCounts, ...p.negative.bucketCounts].reduce((a, b) => a + b, p.zeroCount);
          count += own;
          const batch = buildMetrics([
            {
              metrics: [
                {
                  name: 'e',
                  exponentialHistogram: {
                    temporality: 'delta',
                    points: [{ startTimeUnixNano: at(i + 1), timeUnixNano: at(i + 2), count: own, ...p }],
                  },
                },
              ],
            },
          ]);
          const [out] = await section.pass(batch.bytes());
          section.save();
          const of = [...out!.points()][0] as ExponentialHistogramDataPoint;
          const buckets = [...(of.positive?.bucketCounts ?? []), ...(of.negative?.bucketCounts ?? [])];
          expect(of.count).toBe(count);
          expect(buckets.reduce((a, b) => a + b, of.zeroCount)).toBe(count);
          expect(of.scale).toBeLessThanOrEqual(scale);
          expect(of.zeroThreshold).toBeGreaterThanOrEqual(threshold);
          scale = of.scale;
          threshold = of.zeroThreshold;
        }
      }),
      { numRuns: 150 },
    );
  });
});
