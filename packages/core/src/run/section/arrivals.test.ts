import { buildLogs, buildMetrics, type MetricsBatch } from '@otelier/otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../fakes/ends.js';
import { Arrivals } from './arrivals.js';

interface Point {
  readonly resource: number;
  readonly time: number;
  readonly id: number;
}

function batchOf(points: readonly Point[]): MetricsBatch {
  return buildMetrics(
    points.map(({ resource, time, id }) => ({
      resource: { attributes: { resource } },
      scope: { name: 's' },
      metrics: [
        {
          name: 'n',
          sum: {
            temporality: 'delta' as const,
            monotonic: true,
            points: [{ attributes: { id }, timeUnixNano: BigInt(time), value: 1n }],
          },
        },
      ],
    })),
  );
}

const keyOf = ({ resource, time, id }: Point): string => `${resource}/${time}/${id}`;

/** What is left of a batch, as keys. */
function left(batch: MetricsBatch): string[] {
  const keys: string[] = [];
  for (const { resource, scopeMetrics } of batch.resourceMetrics)
    for (const { metrics } of scopeMetrics)
      for (const { dataPoints } of metrics)
        for (const point of dataPoints)
          keys.push(`${resource.attributes.get('resource')}/${point.timeUnixNano}/${point.attributes.get('id')}`);
  return keys;
}

/** A store of one owner. */
function memory() {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    put: (key: Uint8Array, value: Uint8Array) => void kept.set(Buffer.from(key).toString('hex'), Buffer.from(value)),
    delete: (key: Uint8Array) => void kept.delete(Buffer.from(key).toString('hex')),
    entries: () => [...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [Buffer.from(k, 'hex'), v] as const),
  };
}

const numbers = (max: number) => fc.integer({ min: 0, max });
const point = fc.record({ resource: numbers(2), time: fc.integer({ min: 1, max: 3 }), id: numbers(60) });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      points: fc.array(point, { maxLength: 70 }),
      fails: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('restart' as const, 'rewrite' as const, 'time' as const) }),
  },
);

describe('Arrivals', () => {
  test('keeps exactly the points that it has not met, whatever comes together, is taken back or begins anew', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.boolean(), (steps, durable) => {
        const clock = new ManualClock();
        const store = memory();
        let arrivals = new Arrivals(1000, clock);
        const met = new Map<string, number>();
        for (const each of steps) {
          if (each.kind === 'time') clock.advance(400);
          else if (each.kind === 'batch') {
            const batch = batchOf(each.points);
            const before = each.points.map(keyOf);
            // Between one window and two it may know them or not: the property is silent there.
            const now = clock.now();
            const known = (key: string): boolean => now - (met.get(key) ?? Number.NEGATIVE_INFINITY) < 1000;
            const maybe = (key: string): boolean => met.has(key) && !known(key);
            const removed = arrivals.admit(batch);
            const kept = left(batch);
            const fresh = before.filter((key, i) => !met.has(key) && before.indexOf(key) === i);
            expect(kept.filter((key) => !maybe(key))).toEqual(fresh);
            expect(new Set(kept).size).toBe(kept.length);
            expect(removed).toBe(before.length - kept.length);
            if (each.fails) arrivals.undo();
            else {
              arrivals.save(durable ? store : undefined);
              for (const key of kept) met.set(key, now);
            }
          } else if (durable && each.kind === 'restart') {
            arrivals = new Arrivals(1000, clock);
            arrivals.restore(store.entries());
          } else if (durable) {
            store.kept.clear();
            arrivals.snapshot(store);
          }
        }
      }),
      { numRuns: Number(process.env.OTELIER_FUZZ_RUNS ?? 200) },
    );
  });

  test('remembers for the window at least, and at most twice that; its entries in the store go with what it forgets', () => {
    const clock = new ManualClock();
    const store = memory();
    const arrivals = new Arrivals(1000, clock);
    const again = (id: number): number => {
      const removed = arrivals.admit(batchOf([{ resource: 0, time: 1, id }]));
      arrivals.save(store);
      return removed;
    };
    expect(again(1)).toBe(0);
    clock.advance(999);
    expect(again(1)).toBe(1);
    clock.advance(500);
    expect([again(2), again(1)]).toEqual([0, 1]);
    clock.advance(1000);
    expect([again(1), again(2)]).toEqual([0, 1]);
    // Two generations: each its beginning and its fingerprints; and the seeds.
    expect(store.kept.size).toBe(5);
  });

  test('forgets by number, too', () => {
    const arrivals = new Arrivals(1000, new ManualClock(), 150);
    const send = (time: number): number => {
      const removed = arrivals.admit(batchOf(Array.from({ length: 100 }, (_, id) => ({ resource: 0, time, id }))));
      arrivals.save(undefined);
      return removed;
    };
    expect([send(1), send(2), send(1), send(2)]).toEqual([0, 0, 100, 100]);
    expect([send(3), send(4), send(1)]).toEqual([0, 0, 0]);
  });

  test('knows which of very many that were collected together came again, however they are cut', () => {
    const arrivals = new Arrivals(1000, new ManualClock());
    const send = (from: number, to: number): number => {
      const ids = Array.from({ length: to - from }, (_, i) => from + i);
      const removed = arrivals.admit(batchOf(ids.map((id) => ({ resource: 0, time: 1, id }))));
      arrivals.save(undefined);
      return removed;
    };
    expect([send(0, 40), send(0, 80), send(40, 120), send(0, 300), send(100, 301)]).toEqual([0, 40, 40, 120, 200]);
  });

  test('knows batches of logs as a whole', () => {
    const arrivals = new Arrivals(1000, new ManualClock());
    const logs = (body: string) =>
      buildLogs([{ resource: { attributes: {} }, scope: { name: 's' }, records: [{ body }, { body }] }]);
    expect(arrivals.admit(logs('a'))).toBe(0);
    arrivals.undo();
    expect(arrivals.admit(logs('a'))).toBe(0);
    arrivals.save(undefined);
    expect([arrivals.admit(logs('b')), arrivals.admit(logs('a'))]).toEqual([0, 2]);
  });
});
