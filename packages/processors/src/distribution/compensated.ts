// Sums of doubles as pairs: a double and what rounding kept back of it. What is left out is beyond the 106th bit.

/** The double of the last {@link plus} or {@link emit}. */
export let sum = 0;
/** What rounding kept back of it. */
export let rest = 0;

/** Adds `x` to the pair `high` and `low`; leaves the pair in {@link sum} and {@link rest}. */
export function plus(high: number, low: number, x: number): void {
  const s = high + x;
  const b = s - high;
  const e = high - (s - b) + (x - b) + low;
  sum = s + e;
  // An overflow has no remainder that means anything.
  rest = Number.isFinite(sum) ? e - (sum - s) : 0;
}

/** Adds an int given as its words. */
export function plusInt(high: number, low: number, lowWord: number, highWord: number): void {
  plus(high, low, highWord * 4294967296);
  plus(sum, rest, lowWord >>> 0);
}
