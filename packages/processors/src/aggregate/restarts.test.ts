import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildMetrics, type MetricsBatch, type NumberDataPoint, type NumberPointData } from '@otelier/otlp';
import { fakeClock, memoryStore, type TestPipeline, type TestPipelineOptions, testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { at, noon } from '../../test/fleet.js';
import { aggregate } from './aggregate.js';

type Kind = 'delta' | 'cumulative' | 'gauge';

const request = (kind: Kind, series: string, start: number, time: number, value: bigint): MetricsBatch => {
  const timed = { startTimeUnixNano: at(start), timeUnixNano: at(time) };
  const points: NumberPointData[] = [{ attributes: { series }, ...timed, value }];
  const sum = { temporality: kind === 'gauge' ? 'delta' : kind, monotonic: true, points } as const;
  return buildMetrics([{ metrics: [kind === 'gauge' ? { name: kind, gauge: { points } } : { name: kind, sum }] }]);
};

interface Shown {
  readonly time: bigint;
  readonly start: bigint;
  readonly value: bigint;
}

/** The points that came out by series, every start of cumulative ones by itself, in the order in which they came. */
function bySeries(batches: Iterable<MetricsBatch>): Map<string, Shown[]> {
  const all = new Map<string, Shown[]>();
  for (const batch of batches) {
    for (const point of batch.points() as Iterable<NumberDataPoint>) {
      const { startTimeUnixNano: start, timeUnixNano: time, intValue: value } = point;
      const { name } = point.metric;
      const key = `${name} ${point.attributes.get('series')}${name === 'cumulative' ? ` ${start}` : ''}`;
      const known = all.get(key);
      if (known === undefined) all.set(key, [{ start, time, value }]);
      else known.push({ start, time, value });
    }
  }
  return all;
}

const start = (now: number, options: TestPipelineOptions): Promise<TestPipeline> =>
  testPipeline([aggregate({ interval: '1m', lateness: '10s' })], { ...options, clock: fakeClock(now) });

test.each(['a stop', 'a crash', 'a stop, on the disk'])(
  'what has been sent of a series stays in mind after %s',
  async (how) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'otelier-aggregate-'));
    const store = memoryStore();
    const onDisk = how.endsWith('disk');
    const kinds: readonly Kind[] = ['gauge', 'cumulative', 'delta'];
    try {
      // One that has crashed never ends.
      const first = await start(noon, onDisk ? { dataDir } : { store });
      for (const kind of kinds) await first.send(request(kind, 'a', 0, 30, 3n));
      await first.clock.advance(120_000);
      const next = how === 'a crash' ? { store: store.crash() } : onDisk ? { dataDir } : { store };
      if (how !== 'a crash') await first.end();
      const values = [...bySeries(first.received.metrics).values()].flat().map(({ value }) => value);
      expect(values).toEqual([3n, 3n, 3n]);
      await using second = await start(noon + 130_000, next);
      for (const kind of kinds) {
        await second.send(request(kind, 'a', 0, 20, 2n));
        await second.send(request(kind, 'a', 0, 125, 9n));
      }
      await second.end();
      const after = bySeries(second.received.metrics);
      // Increments count whenever they come; of the others nothing older than what was sent before comes out.
      expect(after.get('gauge a')).toMatchObject([{ value: 9n }]);
      expect(after.get(`cumulative a ${at(0)}`)).toMatchObject([{ value: 9n }]);
      expect(
        after
          .get('delta a')!
          .map(({ value }) => value)
          .sort(),
      ).toEqual([2n, 9n]);
      expect(second.accounts()['metrics/test/aggregate']!.dropped.out_of_order).toBe(2);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
);

const step = fc.record({
  kind: fc.constantFrom<Kind>('gauge', 'gauge', 'delta', 'cumulative'),
  series: fc.constantFrom('a', 'a', 'b'),
  /** Seconds by which the point is late. */
  late: fc.constantFrom(0, 0, 5, 70, 200),
  add: fc.bigInt({ min: 0n, max: 2n ** 55n }),
  begins: fc.constantFrom(false, false, false, true),
  pause: fc.constantFrom(0, 7, 30, 90),
  end: fc.constantFrom('', '', '', '', 'stop', 'crash'),
});

test('no series goes back in time and no total changes, whatever is late and wherever it begins again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      let store = memoryStore();
      let run = await start(noon, { store });
      const out: MetricsBatch[] = [];
      let now = 1;
      const counts = { a: { start: 0, value: 0n }, b: { start: 0, value: 0n } };
      const deltas: Record<string, bigint> = {};
      // The newest of each series that was taken.
      const newest = new Map<string, { time: number; value: bigint }>();
      for (const [i, { kind, series, late, add, begins, pause, end }] of steps.entries()) {
        now += 1 + pause;
        await run.clock.advance((1 + pause) * 1000);
        const count = counts[series as 'a' | 'b'];
        if (count.start === 0 || begins) Object.assign(count, { start: now * 1000 + i, value: 0n });
        // No two at the same time: either would be right.
        let time = now - late + i / 1000;
        let since = time - 1;
        let value = add;
        if (kind === 'cumulative') {
          count.value += add;
          value = count.value;
          since = count.start / 1000;
          // A running total is not late in its own process.
          time = now + 0.5;
        }
        await run.send(request(kind, series, since, time, value));
        if (kind === 'delta') deltas[series] = (deltas[series] ?? 0n) + add;
        else {
          const key = `${kind} ${series}${kind === 'cumulative' ? ` ${at(since)}` : ''}`;
          if ((newest.get(key)?.time ?? Number.NEGATIVE_INFINITY) <= time) newest.set(key, { time, value });
        }
        if (end === '') continue;
        if (end === 'stop') await run.end();
        else store = store.crash();
        out.push(...run.received.metrics);
        run = await start(run.clock.now(), { store });
      }
      await run.end();
      out.push(...run.received.metrics);
      const shown = bySeries(out);
      for (const [key, all] of shown) {
        // What a crash has left in the outbox comes again, the same.
        const points = [
          ...new Map(all.map((point) => [`${point.start} ${point.time} ${point.value}`, point])).values(),
        ];
        if (key.startsWith('delta')) {
          const total = points.reduce((sum, { value }) => sum + value, 0n);
          expect(total).toBe(deltas[key.slice('delta '.length)]);
          continue;
        }
        const times = points.map(({ time }) => time);
        expect(times).toEqual([...new Set(times)].sort((a, b) => (a < b ? -1 : 1)));
        expect(points.at(-1)!.value).toBe(newest.get(key)!.value);
      }
      expect([...shown.keys()].filter((key) => !key.startsWith('delta')).sort()).toEqual([...newest.keys()].sort());
    }),
    { numRuns: 150 },
  );
});
