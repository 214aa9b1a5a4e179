import { buildMetrics, DOUBLE, INT } from '@otelier/otlp';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HELD, IN, NamedTotals, OUT } from './totals.js';

const pointOf = (name: string) =>
  [...buildMetrics([{ metrics: [{ name, gauge: { points: [{ value: 1 }] } }] }]).points()][0]!;
const addInt = (totals: NamedTotals, name: number, quantity: number, value: bigint) =>
  totals.add(name, quantity, INT, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)), 0);

test('is exact for ints of any size, and forgets what is undone', () => {
  const int = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(fc.array(fc.tuple(int, fc.boolean()), { maxLength: 60 }), (steps) => {
      const totals = new NamedTotals();
      const name = totals.of(pointOf('m'));
      let truth = 0n;
      for (const [value, undo] of steps) {
        addInt(totals, name, IN, value);
        if (undo) totals.undo();
        else {
          totals.save();
          truth += value;
          addInt(totals, name, OUT, value);
          totals.save();
        }
      }
      expect(totals.read()).toEqual([
        { name: 'm', in: Number(truth) + 0, out: Number(truth) + 0, held: 0, residual: 0 },
      ]);
    }),
  );
});

test('tells what is missing, ints and doubles together', () => {
  const totals = new NamedTotals();
  const name = totals.of(pointOf('m'));
  addInt(totals, name, IN, 2n ** 60n + 1n);
  addInt(totals, name, OUT, 2n ** 60n);
  totals.add(name, IN, DOUBLE, 0, 0, 0.5);
  totals.addDouble(name, HELD, 0.25);
  expect(totals.read()[0]!.residual).toBe(1.25);
});

test('tells a thousand names apart and counts the rest together', () => {
  const totals = new NamedTotals();
  for (let i = 0; i < 1500; i++) addInt(totals, totals.of(pointOf(`m${i}`)), IN, 1n);
  const read = totals.read();
  expect(read).toHaveLength(1001);
  expect(read.find(({ name }) => name === 'other')!.in).toBe(500);
});
