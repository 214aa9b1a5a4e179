import type { Processor } from '@otelier/core';
import { aggregate, cumulativeToDelta, deltaToCumulative, dropAttributes } from '@otelier/processors';
import {
  byMetric,
  deliver,
  type FleetOptions,
  SeriesBook,
  simulateFleet,
  type TransportFaults,
  withoutAttributes,
} from '@otelier/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { passThrough, type Trouble } from './pass-through.js';

const dropped = ['session.id', 'user.account_uuid'];
const drop = () => dropAttributes(dropped);
const few = () => aggregate({ interval: '2m' });

interface Order {
  readonly name: string;
  readonly processors: () => readonly Processor<'metrics'>[];
  readonly from: readonly NonNullable<FleetOptions['temporality']>[];
  readonly to: 'delta' | 'cumulative';
  readonly drops: boolean;
}

const any = ['delta', 'cumulative', 'mixed'] as const;
const orders: readonly Order[] = [
  {
    name: 'to delta, drop, to cumulative',
    processors: () => [cumulativeToDelta(), drop(), deltaToCumulative()],
    from: any,
    to: 'cumulative',
    drops: true,
  },
  {
    name: 'to delta, to cumulative, drop',
    processors: () => [cumulativeToDelta(), deltaToCumulative(), drop()],
    from: any,
    to: 'cumulative',
    drops: true,
  },
  {
    name: 'drop, to delta, to cumulative',
    processors: () => [drop(), cumulativeToDelta(), deltaToCumulative()],
    from: any,
    to: 'cumulative',
    drops: true,
  },
  {
    name: 'drop, to cumulative',
    processors: () => [drop(), deltaToCumulative()],
    from: ['delta'],
    to: 'cumulative',
    drops: true,
  },
  {
    name: 'to cumulative, drop',
    processors: () => [deltaToCumulative(), drop()],
    from: ['delta'],
    to: 'cumulative',
    drops: true,
  },
  {
    name: 'drop cumulative series',
    processors: () => [drop()],
    from: ['cumulative'],
    to: 'cumulative',
    drops: true,
  },
  {
    name: 'to delta, drop',
    processors: () => [cumulativeToDelta(), drop()],
    from: any,
    to: 'delta',
    drops: true,
  },
  {
    name: 'drop, to delta',
    processors: () => [drop(), cumulativeToDelta()],
    from: any,
    to: 'delta',
    drops: true,
  },
  {
    name: 'to delta',
    processors: () => [cumulativeToDelta()],
    from: any,
    to: 'delta',
    drops: false,
  },
  {
    name: 'to cumulative',
    processors: () => [deltaToCumulative()],
    from: ['delta'],
    to: 'cumulative',
    drops: false,
  },
  {
    name: 'aggregate increments',
    processors: () => [few()],
    from: ['delta'],
    to: 'delta',
    drops: false,
  },
  {
    name: 'aggregate running totals',
    processors: () => [few()],
    from: ['cumulative'],
    to: 'cumulative',
    drops: false,
  },
  {
    name: 'to delta, drop, aggregate, to cumulative',
    processors: () => [cumulativeToDelta(), drop(), few(), deltaToCumulative()],
    from: any,
    to: 'cumulative',
    drops: true,
  },
  {
    name: 'to delta, to cumulative, aggregate, drop',
    processors: () => [cumulativeToDelta(), deltaToCumulative(), few(), drop()],
    from: any,
    to: 'cumulative',
    drops: true,
  },
];

const rate = fc.constantFrom(0, 0.05, 0.3);
const faults: fc.Arbitrary<Required<TransportFaults>> = fc.record({
  seed: fc.nat(),
  answerLost: rate,
  refused: rate,
  late: rate,
});
const trouble: fc.Arbitrary<Trouble> = fc.record({
  atOnce: fc.constantFrom(1, 1, 4),
  ends: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 999 }),
      how: fc.constantFrom('stop', 'crash'),
      turns: fc.integer({ min: 0, max: 5 }),
    }),
    { maxLength: 4 },
  ),
  neighbour: fc.record({
    behind: fc.integer({ min: 0, max: 4 }),
    // Behind aggregate there are few.
    at: fc.array(fc.oneof(fc.nat(999), fc.nat(200)), { maxLength: 12 }),
    how: fc.constantFrom('now', 'now', 'later', 'done'),
  }),
});
const fleets = (from: Order['from']): fc.Arbitrary<FleetOptions> =>
  fc.record({
    seed: fc.nat(),
    users: fc.integer({ min: 1, max: 3 }),
    sessions: fc.integer({ min: 1, max: 3 }),
    duration: fc.constantFrom(1_200_000, 7_200_000),
    temporality: fc.constantFrom(...from),
    numbers: fc.constantFrom('double', 'int'),
  });

// Of all orders together; the long form has thousands of each.
const numRuns = Math.max(4, Math.ceil(Number(process.env.OTELIER_FUZZ_RUNS ?? 56) / orders.length));

test.each(orders)(
  '$name: what comes out adds up to what was counted',
  async ({ processors, from, to, drops }) => {
    await fc.assert(
      fc.asyncProperty(fleets(from), faults, trouble, async (options, onTheWay, around) => {
        const fleet = simulateFleet(options);
        const out = await passThrough(processors, fleet, deliver(fleet.requests, onTheWay), around);
        const book = new SeriesBook();
        for (const batch of out) book.add(batch);
        const sums = book.totals();
        const truth = withoutAttributes(fleet.truth.values(), drops ? dropped : []);
        expect(new Set([...book.series.values()].map(({ temporality }) => temporality))).toEqual(new Set([to]));
        expect([...sums.keys()].sort()).toEqual([...truth.keys()].sort());
        for (const [key, { sum }] of truth) {
          const got = sums.get(key)!.sum;
          // What the processes have reported, rounded as they did, added up without rounding. Integers are exact; doubles may be one step off.
          const whole = !/cost|active_time/.test(key);
          const allowed = whole ? 0 : 1;
          const steps = sum.stepsTo(got);
          expect({ key, got: got.toNumber(), truth: sum.toNumber(), steps }).toEqual({
            key,
            got: expect.any(Number),
            truth: expect.any(Number),
            steps: Math.min(steps, allowed),
          });
        }
        expect(byMetric(sums.values()).size).toBe(byMetric(truth.values()).size);
        expect(book.violations()).toEqual([]);
      }),
      { numRuns },
    );
  },
  600_000,
);
