import { buildMetrics, type HistogramDataPoint, type MetricsBatch, type NumberDataPoint } from '@otelier/otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { at, exact, noon, step as ulp } from '../../test/fleet.js';
import { Section } from '../../test/section.js';
import { cumulativeToDelta } from './cumulative-to-delta.js';

/** One export of a process that counts since `start`. */
interface Export {
  readonly series: number;
  readonly start: number;
  readonly time: number;
  readonly value: number | bigint;
}

const request = (exports: readonly Export[], monotonic = true): MetricsBatch =>
  buildMetrics([
    {
      metrics: [
        {
          name: 'm',
          sum: {
            temporality: 'cumulative',
            monotonic,
            points: exports.map(({ series, start, time, value }) => ({
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

const step = fc.record({
  process: fc.nat(5),
  add: fc.oneof(fc.bigInt({ min: 0n, max: 1000n }), fc.constant(2n ** 55n)),
  restart: fc.constantFrom(false, false, false, true),
  /** Whether the export arrives, is given up by its sender, or arrives some steps later. */
  fate: fc.constantFrom('now', 'now', 'now', 'never', 'late', 'twice'),
  delay: fc.integer({ min: 1, max: 6 }),
  conflict: fc.constantFrom(false, false, false, true),
  refused: fc.constantFrom(false, false, true),
  after: fc.constantFrom('', '', '', 'restart', 'reload'),
});

describe('a fleet of processes', () => {
  test('comes out as what each had counted in its last export, whatever is late, repeated, refused or restarted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
        let section = new Section(cumulativeToDelta(), noon);
        const processes = Array.from({ length: 6 }, (_, i) => ({ series: i >> 1, start: 0, value: 0n, last: 0n }));
        // By run of a process: when its newest export that arrived was, and what it said.
        const arrived = new Map<number, { time: number; value: bigint }>();
        let waiting: { due: number; export: Export }[] = [];
        let total = 0n;
        let now = 1;
        const intervals: string[] = [];
        const pass = async (of: Export[], refused: boolean) => {
          const bytes = request(of).bytes();
          if (refused) {
            await section.pass(bytes);
            section.state.undo();
          }
          for (const batch of await section.pass(bytes)) {
            for (const point of batch.points()) {
              const { startTimeUnixNano: start, timeUnixNano: time, intValue } = point as NumberDataPoint;
              expect(start < time && intValue >= 0n).toBe(true);
              total += intValue;
              intervals.push(`${start}`);
            }
          }
          section.save();
          for (const { start, time, value } of of) {
            const newest = arrived.get(start);
            if (newest === undefined || newest.time < time) arrived.set(start, { time, value: value as bigint });
          }
        };
        for (const [i, s] of steps.entries()) {
          const process = processes[s.process]!;
          now++;
          if (process.start === 0 || s.restart) {
            process.start = now++;
            process.value = 0n;
          }
          process.value += s.add;
          const one: Export = { series: process.series, start: process.start, time: now, value: process.value };
          if (s.fate === 'late') waiting.push({ due: i + s.delay, export: one });
          else if (s.fate !== 'never') await pass([one], s.refused);
          if (s.fate === 'twice') await pass([one, one], false);
          if (s.conflict && s.fate === 'now') {
            const before = { ...section.dropped };
            await pass([{ ...one, value: process.value + 7n }], false);
            expect(section.dropped.conflict).toBe((before.conflict ?? 0) + 1);
          }
          const due = waiting.filter((each) => each.due <= i).map((each) => each.export);
          waiting = waiting.filter((each) => each.due > i);
          if (due.length > 0) await pass(due, s.refused);
          if (s.after === 'restart') section = section.restart();
          if (s.after === 'reload') section = section.reload();
        }
        const truth = [...arrived.values()].reduce((sum, { value }) => sum + value, 0n);
        expect(total).toBe(truth);
        // Each increment begins where another one ended or a process began: none overlap within a run.
        expect(new Set(intervals).size).toBe(intervals.length);
        for (const [, values] of Object.entries(section.observe())) expect(values['otelier.total.residual']).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('doubles add up to the last value within one rounding step, rising or not', async () => {
    const change = fc.oneof(
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.double({ min: -1e17, max: 1e17, noNaN: true }),
      fc.constantFrom(0.1, 1e-300, 0),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 60 }), fc.boolean(), async (changes, monotonic) => {
        const section = new Section(cumulativeToDelta({ nonMonotonic: true }), noon);
        let value = 0;
        let emitted = 0n;
        let largest = 0;
        for (const [i, change] of changes.entries()) {
          value += monotonic ? Math.abs(change) : change;
          const [batch] = await section.pass(request([{ series: 0, start: 1, time: i + 2, value }], monotonic).bytes());
          section.save();
          const increment = [...batch!.points()].map((p) => (p as NumberDataPoint).value)[0]!;
          if (monotonic) expect(increment).toBeGreaterThanOrEqual(0);
          emitted += exact(increment);
          largest = Math.max(largest, Math.abs(increment));
          const error = emitted - exact(value);
          expect(error < 0n ? -error : error).toBeLessThanOrEqual(ulp(Math.abs(increment)) + ulp(Math.abs(value)));
        }
        const { m } = section.observe();
        expect(Math.abs(m!['otelier.total.residual']!)).toBeLessThanOrEqual(largest * 2 ** -90);
      }),
      { numRuns: 200, examples: [[[0.1, 0.274999999884777, -0.49999999988477695, 0], false]] },
    );
  });

  test('two processes under one name and one start never count more than they did', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.boolean(), fc.nat(20)), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 100, max: 1000 }),
        async (steps, ahead) => {
          const section = new Section(cumulativeToDelta(), noon);
          const counts = [BigInt(ahead), 0n];
          let total = 0n;
          for (const [i, [second, add]] of steps.entries()) {
            counts[second ? 1 : 0]! += BigInt(add);
            const value = counts[second ? 1 : 0]!;
            for (const batch of await section.pass(request([{ series: 0, start: 1, time: i + 2, value }]).bytes()))
              for (const point of batch.points()) total += (point as NumberDataPoint).intValue;
            section.save();
          }
          expect(total <= counts[0]! + counts[1]!).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('one that swings between two processes is told, and is not taken for one that restarts each time', async () => {
    const section = new Section(cumulativeToDelta({ initial: 'keep' }), noon);
    const values: bigint[] = [];
    for (const [i, value] of [100n, 5n, 101n, 6n, 103n, 7n, 104n].entries())
      for (const batch of await section.pass(request([{ series: 0, start: 0, time: i + 2, value }]).bytes()))
        for (const point of batch.points()) values.push((point as NumberDataPoint).intValue);
    expect(values).toEqual([100n, 5n, 1n, 2n, 1n]);
    expect(section.noted).toEqual({ reset: 1, single_writer_violation: 3 });
    expect(section.dropped).toEqual({ reset: 2 });
  });

  test('runs of one name beyond the bound are forgotten, oldest first, and what is known counts on', async () => {
    const section = new Section(cumulativeToDelta(), noon);
    let total = 0n;
    const pass = async (one: Export) => {
      for (const batch of await section.pass(request([one]).bytes()))
        for (const point of batch.points()) total += (point as NumberDataPoint).intValue;
      section.save();
    };
    for (let run = 1; run <= 100; run++) await pass({ series: 0, start: run * 100, time: run * 100 + 90, value: 10n });
    expect(total).toBe(1000n);
    await pass({ series: 0, start: 10_000, time: 10_095, value: 15n });
    // Forgotten, and seen again long after: its value must not count twice.
    await pass({ series: 0, start: 100, time: 20_000, value: 12n });
    expect(total).toBe(1005n);
    expect(section.disk.size).toBeLessThan(2 * 40);
    expect(section.noted.forgotten).toBeGreaterThan(60);
  });
});

test('histograms come out as what was counted, also in sum, with other bounds and after a fall', async () => {
  const buckets = fc.array(fc.bigInt({ min: 0n, max: 5n }), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ buckets, other: fc.boolean(), sum: fc.double({ min: 0, max: 1e6, noNaN: true }) }), {
        minLength: 1,
        maxLength: 20,
      }),
      async (steps) => {
        const section = new Section(cumulativeToDelta(), noon);
        let counts = [0n, 0n, 0n];
        let sum = 0;
        let count = 0n;
        let emitted = 0n;
        let emittedSum = 0n;
        for (const [i, s] of steps.entries()) {
          counts = counts.map((n, b) => n + s.buckets[b]!);
          count = counts.reduce((a, b) => a + b);
          sum += s.sum;
          const batch = buildMetrics([
            {
              metrics: [
                {
                  name: 'h',
                  histogram: {
                    temporality: 'cumulative',
                    points: [
                      {
                        startTimeUnixNano: at(1),
                        timeUnixNano: at(i + 2),
                        count,
                        sum,
                        bucketCounts: counts,
                        explicitBounds: s.other ? [1, 2] : [1, 3],
                      },
                    ],
                  },
                },
              ],
            },
          ]);
          const [out] = await section.pass(batch.bytes());
          section.save();
          for (const point of out!.points()) {
            const of = point as HistogramDataPoint;
            emitted += of.count;
            emittedSum += exact(of.sum!);
            if (of.bucketCounts.length > 0) expect(of.bucketCounts.reduce((a, b) => a + b)).toBe(of.count);
          }
        }
        expect(emitted).toBe(count);
        const error = emittedSum - exact(sum);
        expect(error < 0n ? -error : error).toBeLessThanOrEqual(ulp(sum));
      },
    ),
    { numRuns: 100 },
  );
});
