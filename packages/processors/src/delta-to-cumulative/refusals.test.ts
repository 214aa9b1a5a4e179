import { PipelineError } from '@otelier/core';
import { buildMetrics, type HistogramDataPoint, type MetricData, type NumberDataPoint } from '@otelier/otlp';
import { Exact, fakeClock, testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { failing } from '../../test/failing.js';
import { at, noon } from '../../test/fleet.js';
import { fate, Senders, ways } from '../../test/senders.js';
import { deltaToCumulative } from './delta-to-cumulative.js';

const sum = (start: number, time: number, value: number | bigint, pair = 0): MetricData => ({
  name: 'm',
  sum: {
    temporality: 'delta',
    monotonic: true,
    points: [{ attributes: { pair: `${pair}` }, startTimeUnixNano: at(start), timeUnixNano: at(time), value }],
  },
});
const histogram = (time: number, bucketCounts: readonly bigint[], total: number): MetricData => ({
  name: 'h',
  histogram: {
    temporality: 'delta',
    points: [
      {
        startTimeUnixNano: at(time - 10),
        timeUnixNano: at(time),
        count: bucketCounts.reduce((a, b) => a + b, 0n),
        sum: total,
        explicitBounds: [1, 2],
        bucketCounts,
      },
    ],
  },
});
const amount = {
  int: fc.oneof(fc.bigInt({ min: 0n, max: 1000n }), fc.constant(2n ** 54n + 1n)),
  double: fc.double({ min: 2 ** -20, max: 2 ** 20, noNaN: true }),
};

const single = (metric: MetricData) => buildMetrics([{ metrics: [metric] }]);

describe('sums', () => {
  test('a batch that is refused for a while counts once, with its zero, whether it is sent again or not', async () => {
    for (const again of [true, false]) {
      const clock = fakeClock(noon);
      await using run = await testPipeline([deltaToCumulative()], { clock });
      run.exporter.refuse(1);
      await expect(run.send(single(sum(1, 10, 5n)))).rejects.toThrow(PipelineError);
      if (again) await run.send(single(sum(1, 10, 5n)));
      else await clock.advance(60_000);
      await run.send(single(sum(10, 20, 1n)));
      await run.end();
      const points = run.received.metrics.flatMap((batch) => [...batch.points()] as NumberDataPoint[]);
      expect(points.map(({ intValue }) => intValue)).toEqual([0n, 5n, 6n]);
    }
  });

  test('what the backend refuses for good is in the next total all the same', async () => {
    await using run = await testPipeline([deltaToCumulative()], { clock: fakeClock(noon) });
    await run.send(single(sum(1, 10, 5n)));
    run.exporter.refuse(1, new PipelineError('rejected', 'no'));
    await expect(run.send(single(sum(10, 20, 100n)))).rejects.toMatchObject({ code: 'rejected' });
    await run.send(single(sum(20, 30, 1n)));
    await run.end();
    const points = run.received.metrics.flatMap((batch) => [...batch.points()] as NumberDataPoint[]);
    expect(points.map(({ intValue }) => intValue)).toEqual([0n, 5n, 106n]);
  });

  test('a batch that fails in the section leaves nothing behind: not its increments, not its zero', async () => {
    let fails = true;
    await using run = await testPipeline([deltaToCumulative(), failing(() => fails)], { clock: fakeClock(noon) });
    await expect(run.send(single(sum(1, 10, 5n)))).rejects.toThrow(PipelineError);
    await expect(run.send(single(sum(1, 10, 7n)))).rejects.toThrow(PipelineError);
    fails = false;
    await run.send(single(sum(1, 10, 5n)));
    await run.end();
    const points = run.received.metrics.flatMap((batch) => [...batch.points()] as NumberDataPoint[]);
    expect(points.map(({ intValue }) => intValue)).toEqual([0n, 5n]);
  });
});

describe('histograms', () => {
  test('begin with an empty one, with a refusal in between', async () => {
    const clock = fakeClock(noon);
    await using run = await testPipeline([deltaToCumulative()], { clock });
    await run.send(single(histogram(10, [1n, 2n, 0n], 5)));
    run.exporter.refuse(1);
    await expect(run.send(single(histogram(20, [7n, 7n, 7n], 50)))).rejects.toThrow(PipelineError);
    await run.send(single(histogram(20, [7n, 7n, 7n], 50)));
    await run.send(single(histogram(30, [0n, 0n, 1n], 4)));
    await run.end();
    const points = run.received.metrics.flatMap((batch) => [...batch.points()] as HistogramDataPoint[]);
    expect(points.map(({ count, sum, bucketCounts }) => ({ count, sum, bucketCounts }))).toEqual([
      { count: 0n, sum: 0, bucketCounts: [0n, 0n, 0n] },
      { count: 3n, sum: 5, bucketCounts: [1n, 2n, 0n] },
      { count: 24n, sum: 55, bucketCounts: [8n, 9n, 7n] },
      { count: 25n, sum: 59, bucketCounts: [8n, 9n, 8n] },
    ]);
  });
});

describe('a fleet of sessions', () => {
  for (const how of ways) {
    test.each(['int', 'double'] as const)(
      `ends at the sum of what was sent, and never falls, ${how}, %s`,
      async (numbers) => {
        const step = fc.record({ session: fc.nat(3), add: amount[numbers], fate });
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
            const senders = await Senders.of(deltaToCumulative(), how);
            const truth = [new Exact(), new Exact()];
            for (const [i, { session, add, fate }] of steps.entries()) {
              truth[session >> 1]!.add(add);
              await senders.send(sum(i, i + 1, add, session >> 1), fate);
            }
            const received = (await senders.received()).flatMap((batch) => [...batch.points()] as NumberDataPoint[]);
            for (const pair of [0, 1]) {
              const series = received
                .filter((p) => p.attributes.get('pair') === `${pair}`)
                .map((p) => ({
                  start: p.startTimeUnixNano,
                  time: p.timeUnixNano,
                  value: p.isInt ? p.intValue : p.value,
                }))
                .sort((a, b) => (a.time < b.time ? -1 : 1));
              const last = series.at(-1)?.value ?? 0;
              if (numbers === 'int') expect(Exact.of(last).units).toBe(truth[pair]!.units);
              else expect(last).toBe(truth[pair]!.toNumber());
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
      },
    );
  }
});
