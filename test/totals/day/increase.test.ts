import { describe, expect, test } from 'vitest';
import { type Increase, prometheusIncrease, victoriaIncrease } from './increase.js';

const minute = 60_000;
const samples = (...values: number[]) => values.map((value, i) => ({ at: i * minute, value }));
const ask = (increase: Increase, values: number[], end: number, range: number) =>
  increase(samples(...values), end * minute, range * minute);

// What the databases themselves answer is compared in `npm run test:backends`.
describe("Prometheus' increase", () => {
  test.each([
    ['a series that begins with zero, to its last sample', [0, 5, 7, 9], 3, 10, 9],
    ['goes on half an interval when the window ends far behind the last sample', [0, 5, 7, 9], 9, 20, 10.5],
    ['goes on to the end of a window that ends soon', [0, 5, 7, 9], 4, 20, 12],
    ['back to where the counter was zero, at most', [3, 6], 1, 10, 6],
    ['a fall is a new beginning', [0, 5, 2, 4], 3, 10, 9],
    ['deltas kept as they are look like falls', [5, 5, 5], 2, 10, 0],
    ['one sample has no increase', [5], 1, 10, undefined],
  ])('%s', (_, values, end, range, expected) => {
    expect(ask(prometheusIncrease, values, end, range)).toEqual(expected);
  });
});

describe("VictoriaMetrics' increase", () => {
  test.each([
    ['a series that begins with zero', [0, 5, 7, 9], 9, 20, 9],
    ['one sample counts from zero when it is small', [5], 1, 10, 5],
    ['and not at all when it is large', [500], 1, 10, 0],
    ['from the sample before the window', [2, 5, 7, 9], 3, 2, 4],
    ['a fall is a new beginning', [0, 5, 2, 4], 3, 10, 9],
    ['nothing in the window', [0, 5], 20, 5, undefined],
  ])('%s', (_, values, end, range, expected) => {
    expect(ask(victoriaIncrease, values, end, range)).toEqual(expected);
  });
});
