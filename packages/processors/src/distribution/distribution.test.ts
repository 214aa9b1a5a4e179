import { DOUBLE, INT } from '@otelier/otlp';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addExponentials, downscale, type Exponential, subtractExponentials } from './exponential.js';
import { addHistograms, type Histogram, subtractHistograms } from './histogram.js';
import { add, compare, high, kind, low, subtract, toNumber } from './words.js';

const counts = (length: number) =>
  fc.array(fc.bigInt({ min: 0n, max: 2n ** 60n }), { minLength: length, maxLength: length });
const total = (list: readonly bigint[]): bigint => list.reduce((a, b) => a + b, 0n);

const histogram: fc.Arbitrary<Histogram> = fc
  .uniqueArray(fc.integer({ min: 0, max: 6 }), { maxLength: 5 })
  .chain((bounds) =>
    counts(bounds.length + 1).map((buckets) => ({
      count: total(buckets),
      sum: 1,
      min: undefined,
      max: undefined,
      bounds: bounds.toSorted((a, b) => a - b),
      buckets,
    })),
  );

const run = fc.record({ offset: fc.integer({ min: -2000, max: 2000 }), counts: fc.nat(6).chain(counts) });
const exponential: fc.Arbitrary<Exponential> = fc
  .record({
    scale: fc.integer({ min: -4, max: 10 }),
    zeroCount: fc.bigInt({ min: 0n, max: 9n }),
    positive: run,
    negative: run,
  })
  .map((e) => ({
    ...e,
    count: e.zeroCount + total(e.positive.counts) + total(e.negative.counts),
    sum: undefined,
    min: undefined,
    max: undefined,
    zeroThreshold: 0,
  }));

test('adding histograms keeps every count at or below each bound that is left', () => {
  const below = ({ bounds, buckets }: Histogram, bound: number): bigint =>
    total(buckets.slice(0, bounds.indexOf(bound) + 1));
  fc.assert(
    fc.property(histogram, histogram, (a, b) => {
      const sum = addHistograms(a, b);
      expect(sum.count).toBe(a.count + b.count);
      expect(total(sum.buckets)).toBe(sum.count);
      for (const bound of sum.bounds) expect(below(sum, bound)).toBe(below(a, bound) + below(b, bound));
    }),
  );
});

test('subtracting a histogram from a sum gives the other', () => {
  fc.assert(
    fc.property(histogram, (a) => {
      expect(subtractHistograms(addHistograms(a, a), a)).toMatchObject({ count: a.count, buckets: a.buckets });
      if (a.count > 0n) expect(subtractHistograms(a, addHistograms(a, a))).toBeUndefined();
    }),
  );
});

test('adding exponential histograms keeps all counts, whatever the scales, and stays small', () => {
  fc.assert(
    fc.property(exponential, exponential, (a, b) => {
      const sum = addExponentials(a, b);
      expect(sum.zeroCount + total(sum.positive.counts) + total(sum.negative.counts)).toBe(a.count + b.count);
      expect(sum.positive.counts.length).toBeLessThanOrEqual(320);
      const back = subtractExponentials(sum, b);
      const left = downscale(a, sum.scale);
      expect(back?.count).toBe(a.count);
      expect(total(back!.positive.counts)).toBe(total(left.positive.counts));
    }),
  );
});

test('adds, subtracts and compares 64-bit integers as bigint does, and falls back to doubles outside', () => {
  const int = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const words = (n: bigint) => [Number(BigInt.asIntN(32, n)), Number(BigInt.asIntN(32, n >> 32n))] as const;
  const value = () => (kind === INT ? (BigInt(high) << 32n) + BigInt(low >>> 0) : undefined);
  fc.assert(
    fc.property(int, int, (a, b) => {
      const [lowA, highA] = words(a);
      const [lowB, highB] = words(b);
      for (const [by, exact] of [
        [add, a + b],
        [subtract, a - b],
      ] as const) {
        by(INT, lowA, highA, INT, lowB, highB);
        if (BigInt.asIntN(64, exact) === exact) expect(value()).toBe(exact);
        else expect([kind, toNumber(kind, low, high) / Number(exact)]).toEqual([DOUBLE, expect.closeTo(1, 12)]);
      }
      expect(Math.sign(compare(INT, lowA, highA, INT, lowB, highB))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});
