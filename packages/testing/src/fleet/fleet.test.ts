import { MetricsBatch } from '@otelier/otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  byMetric,
  capture,
  deliver,
  Exact,
  type Fleet,
  type FleetOptions,
  SeriesBook,
  simulateFleet,
} from '../index.js';

const small = { users: 2, sessions: 3 } as const;
const options: fc.Arbitrary<FleetOptions> = fc.record({
  seed: fc.nat(),
  users: fc.integer({ min: 1, max: 3 }),
  sessions: fc.integer({ min: 1, max: 3 }),
  temporality: fc.constantFrom('delta', 'cumulative', 'mixed'),
  numbers: fc.constantFrom('double', 'int'),
});

function book(fleet: Fleet): SeriesBook {
  const seen = new SeriesBook();
  for (const { bytes } of fleet.requests) seen.add(MetricsBatch.parse(bytes));
  return seen;
}

const units = (sums: Map<string, Exact>) => new Map([...sums].map(([name, { units }]) => [name, units]));

describe('a simulated fleet', () => {
  test('sends what it says it sends, exactly, per metric and per attributes', () => {
    fc.assert(
      fc.property(options, (each) => {
        const fleet = simulateFleet(each);
        const sent = book(fleet).totals();
        expect([...sent].map(([key, { sum }]) => [key, sum.units]).sort()).toEqual(
          [...fleet.truth].map(([key, { sum }]) => [key, sum.units]).sort(),
        );
        expect(units(byMetric(sent.values()))).toEqual(units(byMetric(fleet.truth.values())));
      }),
      { numRuns: 20 },
    );
  });

  test('is the same for the same seed, and another for another', () => {
    const bytes = (seed: number) => Buffer.concat(simulateFleet({ ...small, seed }).requests.map((each) => each.bytes));
    expect(bytes(7).equals(bytes(7))).toBe(true);
    expect(bytes(7).equals(bytes(8))).toBe(false);
  });

  test('has what breaks totals elsewhere: resumed sessions, idle time, subagents, runs that export once, crashes', () => {
    const fleet = simulateFleet({ users: 3, sessions: 12, temporality: 'cumulative' });
    const series = [...book(fleet).series.values()];
    const starts = ({ points }: (typeof series)[number]) =>
      new Set(points.map((point) => point.startTimeUnixNano)).size;
    expect(series.some((each) => starts(each) > 1)).toBe(true);
    expect(series.some(({ points }) => points.length === 1)).toBe(true);
    expect(series.some(({ attributes }) => attributes.query_source === 'subagent')).toBe(true);
    expect(series.some(({ attributes }) => attributes.start_type === 'resume')).toBe(true);
    const deltas = [...book(simulateFleet({ users: 3, sessions: 12 })).series.values()];
    const gap = deltas.some(({ points }) =>
      points.some((point, i) => i > 0 && point.startTimeUnixNano > points[i - 1]!.timeUnixNano),
    );
    expect(gap).toBe(true);
    expect(fleet.endAt - fleet.startAt).toBe(86_400_000);
  });

  test('metrics look as recorded ones: names, units, attributes in their order and types', () => {
    const shapes = (batches: Iterable<MetricsBatch>) => {
      const found = new Map<string, unknown>();
      for (const batch of batches) {
        for (const { metric, attributes } of batch.points()) {
          const own = [...attributes].map(([name]) => `${name}:${attributes.kindOf(name)}`);
          // Recorded without sign-in and without OTEL_RESOURCE_ATTRIBUTES.
          const common = own.filter((name) => !/^(team|organization|user\.(email|account))/.test(name));
          if (!found.has(metric.name)) found.set(metric.name, [metric.unit, metric.description, common]);
        }
      }
      return found;
    };
    const recorded = shapes(
      capture('2.1.330', 'tools').requests.flatMap((each) =>
        each.signal === 'metrics' ? [each.batch() as MetricsBatch] : [],
      ),
    );
    const simulated = shapes(simulateFleet({ users: 5 }).requests.map(({ bytes }) => MetricsBatch.parse(bytes)));
    for (const [name, shape] of recorded) expect({ name, shape: simulated.get(name) }).toEqual({ name, shape });
  });
});

describe('the way to the collector', () => {
  test('without faults everything arrives once, in order', () => {
    const { requests } = simulateFleet(small);
    expect(deliver(requests).map(({ request }) => request)).toEqual(requests);
  });

  test('with faults everything is taken at least once, and each kind of fault happens', () => {
    const { requests } = simulateFleet(small);
    const deliveries = deliver(requests, { seed: 3, answerLost: 0.2, refused: 0.2, late: 0.2 });
    const taken = deliveries.filter(({ outcome }) => outcome === 'taken');
    expect(new Set(taken.map(({ request }) => request.index)).size).toBe(requests.length);
    expect(taken.length).toBeGreaterThan(requests.length);
    expect(deliveries.length).toBeGreaterThan(taken.length);
    const order = deliveries.map(({ request }) => request.index);
    expect(order.some((index, i) => i > 0 && index < order[i - 1]!)).toBe(true);
  });
});

describe('exact sums', () => {
  test('of integers and doubles, in any order, and the nearest double to them', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n })), (values) => {
        const sum = new Exact();
        for (const value of values) sum.add(value);
        const total = values.reduce((a, b) => a + b, 0n);
        expect(sum.units).toBe(total << 128n);
        expect(sum.toNumber()).toBe(Number(total));
        expect(sum.stepsTo(Exact.of(Number(total)))).toBeLessThanOrEqual(1);
      }),
    );
    const tenth = new Exact();
    for (let i = 0; i < 10; i++) tenth.add(0.1);
    expect(tenth.toNumber()).toBe(1);
    expect(tenth.stepsTo(Exact.of(1))).toBe(1);
    expect(Exact.of(0.1).stepsTo(Exact.of(0.1))).toBe(0);
    expect(Exact.of(0.1).stepsTo(Exact.of(0.30000000000000004))).toBeGreaterThan(1e15);
  });
});

describe('a book of series', () => {
  test('sees a fall, an overlap and two values at one time', () => {
    const points = (...all: [start: number, time: number, value: number][]) => {
      const seen = new SeriesBook();
      const series = { metric: 'm', attributes: {}, temporality: 'cumulative' };
      const own = all.map(([start, time, value]) => ({
        startTimeUnixNano: BigInt(start),
        timeUnixNano: BigInt(time),
        value,
      }));
      seen.series.set('m', { ...series, points: own });
      return seen.violations().map(({ what }) => what);
    };
    expect(points([1, 1, 0], [1, 10, 5], [1, 10, 5], [1, 20, 7], [20, 30, 1])).toEqual([]);
    expect(points([1, 10, 5], [1, 20, 4])).toEqual(['fell']);
    expect(points([1, 10, 5], [5, 20, 7])).toEqual(['overlap']);
    expect(points([1, 10, 5], [1, 10, 6])).toEqual(['two values at one time']);
    expect(points([10, 1, 5])).toEqual(['empty interval']);
  });
});
