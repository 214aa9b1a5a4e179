/** What a histogram point counted, apart from when and for whom. */
export interface Histogram {
  count: bigint;
  sum: number | undefined;
  min: number | undefined;
  max: number | undefined;
  /** Upper bounds of all buckets but the last. */
  bounds: readonly number[];
  /** One more than `bounds`, or none when only count and sum are known. */
  buckets: readonly bigint[];
}

/**
 * Both together. Where bounds differ, buckets are joined up to the bounds that both have: nothing is counted in a wrong bucket. A sum,
 * minimum or maximum that one side does not know is not known.
 */
export function addHistograms(a: Histogram, b: Histogram): Histogram {
  const total = { count: a.count + b.count, sum: plus(a.sum, b.sum), ...extremes(a, b) };
  if (a.buckets.length === 0 || b.buckets.length === 0) return { ...total, bounds: [], buckets: [] };
  const bounds = sameBounds(a, b) ? a.bounds : a.bounds.filter((bound) => b.bounds.includes(bound));
  const left = coarsen(a, bounds);
  const right = coarsen(b, bounds);
  return { ...total, bounds, buckets: left.map((n, i) => n + right[i]!) };
}

/**
 * What was counted since `before`, or undefined when some count went down. Buckets are left out when the bounds changed. Minimum and
 * maximum of a span cannot be known from those of the whole.
 */
export function subtractHistograms(now: Histogram, before: Histogram): Histogram | undefined {
  const count = now.count - before.count;
  if (count < 0n) return undefined;
  const rest = { count, sum: minus(now.sum, before.sum), min: undefined, max: undefined };
  if (!sameBounds(now, before)) return { ...rest, bounds: [], buckets: [] };
  const buckets = now.buckets.map((n, i) => n - before.buckets[i]!);
  if (buckets.some((n) => n < 0n)) return undefined;
  return { ...rest, bounds: now.bounds, buckets };
}

/** What takes `h` away again when added. */
export function negateHistogram(h: Histogram): Histogram {
  return { ...h, count: -h.count, sum: h.sum === undefined ? undefined : -h.sum, buckets: h.buckets.map((n) => -n) };
}

/** Whether the buckets of both mean the same. */
export function sameBounds(a: Histogram, b: Histogram): boolean {
  return (
    a.buckets.length === b.buckets.length &&
    a.bounds.length === b.bounds.length &&
    a.bounds.every((x, i) => x === b.bounds[i])
  );
}

/** Neither less than `a` nor than `b` in any count: what a series may show next when it has shown both. */
export function atLeastHistogram(a: Histogram, b: Histogram): Histogram {
  if (!sameBounds(a, b) || a.buckets.length === 0) return a.count >= b.count ? a : b;
  if (a.buckets.every((n, i) => n >= b.buckets[i]!)) return a;
  const buckets = a.buckets.map((n, i) => (n > b.buckets[i]! ? n : b.buckets[i]!));
  const sum = a.sum === undefined || b.sum === undefined ? undefined : Math.max(a.sum, b.sum);
  return { ...a, buckets, sum, count: buckets.reduce((total, n) => total + n, 0n) };
}

/** A sum that is only known when both are. */
export function plus(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

/** A difference that is only known when both are. */
export function minus(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a - b;
}

/** Minimum and maximum, each only when both sides know theirs. */
export function extremes(
  a: { min: number | undefined; max: number | undefined },
  b: { min: number | undefined; max: number | undefined },
): { min: number | undefined; max: number | undefined } {
  return {
    min: a.min === undefined || b.min === undefined ? undefined : Math.min(a.min, b.min),
    max: a.max === undefined || b.max === undefined ? undefined : Math.max(a.max, b.max),
  };
}

// `bounds` is a subset of the histogram's own, in the same order.
function coarsen(h: Histogram, bounds: readonly number[]): bigint[] {
  const out: bigint[] = new Array(bounds.length + 1).fill(0n);
  let to = 0;
  for (let i = 0; i < h.buckets.length; i++) {
    out[to]! += h.buckets[i]!;
    if (to < bounds.length && h.bounds[i] === bounds[to]) to++;
  }
  return out;
}
