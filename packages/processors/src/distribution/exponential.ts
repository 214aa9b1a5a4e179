import { extremes, minus, plus } from './histogram.js';

/** Counts of consecutive exponential buckets, the first of index `offset`. */
export interface Run {
  offset: number;
  counts: readonly bigint[];
}

/** What an exponential histogram point counted, apart from when and for whom. */
export interface Exponential {
  count: bigint;
  sum: number | undefined;
  min: number | undefined;
  max: number | undefined;
  scale: number;
  zeroCount: bigint;
  zeroThreshold: number;
  positive: Run;
  negative: Run;
}

// Offsets are any int32: two points of one stream may lie so far apart that the buckets between them would fill the memory.
const MOST_BUCKETS = 320;

/** Both together, at the lower scale and the larger zero threshold (OTLP data model, "Exponential histogram: merge"). */
export function addExponentials(a: Exponential, b: Exponential): Exponential {
  const [left, right] = aligned(a, b);
  const scale = Math.min(left.scale, right.scale);
  const positive = addRuns(left.positive, right.positive);
  const negative = addRuns(left.negative, right.negative);
  return {
    count: a.count + b.count,
    sum: plus(a.sum, b.sum),
    ...extremes(a, b),
    scale,
    zeroCount: left.zeroCount + right.zeroCount,
    zeroThreshold: left.zeroThreshold,
    positive,
    negative,
  };
}

/** What was counted since `before`, or undefined when some count went down or the resolution went up. */
export function subtractExponentials(now: Exponential, before: Exponential): Exponential | undefined {
  if (now.scale > before.scale || now.zeroThreshold < before.zeroThreshold || now.count < before.count)
    return undefined;
  const [left, right] = aligned(now, before);
  const positive = subtractRuns(left.positive, right.positive);
  const negative = subtractRuns(left.negative, right.negative);
  const zeroCount = left.zeroCount - right.zeroCount;
  if (positive === undefined || negative === undefined || zeroCount < 0n) return undefined;
  return {
    count: now.count - before.count,
    sum: minus(now.sum, before.sum),
    min: undefined,
    max: undefined,
    scale: left.scale,
    zeroCount,
    zeroThreshold: left.zeroThreshold,
    positive,
    negative,
  };
}

/** What takes `e` away again when added. */
export function negateExponential(e: Exponential): Exponential {
  const run = ({ offset, counts }: Run): Run => ({ offset, counts: counts.map((n) => -n) });
  const sum = e.sum === undefined ? undefined : -e.sum;
  return { ...e, count: -e.count, sum, zeroCount: -e.zeroCount, positive: run(e.positive), negative: run(e.negative) };
}

/** Neither less than `a` nor than `b` in any count: what a series may show next when it has shown both. */
export function atLeastExponential(a: Exponential, b: Exponential): Exponential {
  const [left, right] = aligned(a, b);
  const enough =
    left.zeroCount >= right.zeroCount &&
    subtractRuns(left.positive, right.positive) !== undefined &&
    subtractRuns(left.negative, right.negative) !== undefined;
  if (enough) return a;
  const positive = mostOf(left.positive, right.positive);
  const negative = mostOf(left.negative, right.negative);
  const zeroCount = left.zeroCount > right.zeroCount ? left.zeroCount : right.zeroCount;
  return {
    ...left,
    positive,
    negative,
    zeroCount,
    sum: a.sum === undefined || b.sum === undefined ? undefined : Math.max(a.sum, b.sum),
    count: zeroCount + total(positive) + total(negative),
  };
}

/** The same at a lower scale: each step joins neighbours of even and odd index. */
export function downscale(e: Exponential, scale: number): Exponential {
  if (scale >= e.scale) return e;
  const steps = e.scale - scale;
  return { ...e, scale, positive: shift(e.positive, steps), negative: shift(e.negative, steps) };
}

function aligned(a: Exponential, b: Exponential): [Exponential, Exponential] {
  let scale = Math.min(a.scale, b.scale);
  const most = Math.max(
    MOST_BUCKETS,
    a.positive.counts.length,
    a.negative.counts.length,
    b.positive.counts.length,
    b.negative.counts.length,
  );
  while (
    span(a.positive, a.scale, b.positive, b.scale, scale) > most ||
    span(a.negative, a.scale, b.negative, b.scale, scale) > most
  )
    scale--;
  let left = downscale(a, scale);
  let right = downscale(b, scale);
  // A threshold inside a bucket that counted something moves up to that bucket's end, which may in turn cut a bucket of the other.
  for (let threshold = Math.max(a.zeroThreshold, b.zeroThreshold); ; ) {
    const next = Math.max(uncut(left, threshold), uncut(right, threshold));
    if (next === threshold) {
      left = withThreshold(left, threshold);
      right = withThreshold(right, threshold);
      return [left, right];
    }
    threshold = next;
  }
}

function withThreshold(e: Exponential, threshold: number): Exponential {
  if (threshold === e.zeroThreshold) return e;
  const positive = above(e.positive, e.scale, threshold);
  const negative = above(e.negative, e.scale, threshold);
  const folded = total(e.positive) - total(positive) + total(e.negative) - total(negative);
  return { ...e, zeroThreshold: threshold, zeroCount: e.zeroCount + folded, positive, negative };
}

function uncut(e: Exponential, threshold: number): number {
  if (threshold === e.zeroThreshold) return threshold;
  let to = threshold;
  for (const run of [e.positive, e.negative]) {
    run.counts.forEach((n, i) => {
      const index = run.offset + i;
      if (n !== 0n && bound(index, e.scale) < threshold && bound(index + 1, e.scale) > to)
        to = bound(index + 1, e.scale);
    });
  }
  return to;
}

function above(run: Run, scale: number, threshold: number): Run {
  let i = 0;
  while (i < run.counts.length && bound(run.offset + i + 1, scale) <= threshold) i++;
  return i === 0 ? run : { offset: run.offset + i, counts: run.counts.slice(i) };
}

/** Lower bound of bucket `index`. */
function bound(index: number, scale: number): number {
  return 2 ** (index * 2 ** -scale);
}

function total(run: Run): bigint {
  let sum = 0n;
  for (const n of run.counts) sum += n;
  return sum;
}

function shift(run: Run, steps: number): Run {
  if (run.counts.length === 0) return { offset: 0, counts: [] };
  const by = 2 ** steps;
  const offset = Math.floor(run.offset / by);
  const counts: bigint[] = new Array(Math.floor((run.offset + run.counts.length - 1) / by) - offset + 1).fill(0n);
  run.counts.forEach((n, i) => {
    counts[Math.floor((run.offset + i) / by) - offset]! += n;
  });
  return { offset, counts };
}

function span(a: Run, scaleA: number, b: Run, scaleB: number, scale: number): number {
  if (a.counts.length === 0 || b.counts.length === 0) return 0;
  const low = Math.min(Math.floor(a.offset / 2 ** (scaleA - scale)), Math.floor(b.offset / 2 ** (scaleB - scale)));
  const high = Math.max(
    Math.floor((a.offset + a.counts.length - 1) / 2 ** (scaleA - scale)),
    Math.floor((b.offset + b.counts.length - 1) / 2 ** (scaleB - scale)),
  );
  return high - low + 1;
}

function at(run: Run, index: number): bigint {
  return run.counts[index - run.offset] ?? 0n;
}

function combine(a: Run, b: Run, by: (x: bigint, y: bigint) => bigint): Run {
  if (b.counts.length === 0) return a;
  if (a.counts.length === 0) return { offset: b.offset, counts: b.counts.map((n) => by(0n, n)) };
  const offset = Math.min(a.offset, b.offset);
  const end = Math.max(a.offset + a.counts.length, b.offset + b.counts.length);
  return { offset, counts: Array.from({ length: end - offset }, (_, i) => by(at(a, offset + i), at(b, offset + i))) };
}

function addRuns(a: Run, b: Run): Run {
  return combine(a, b, (x, y) => x + y);
}

function mostOf(a: Run, b: Run): Run {
  return combine(a, b, (x, y) => (x > y ? x : y));
}

function subtractRuns(now: Run, before: Run): Run | undefined {
  const { offset, counts } = combine(now, before, (x, y) => x - y);
  if (counts.some((n) => n < 0n)) return undefined;
  const first = counts.findIndex((n) => n > 0n);
  if (first < 0) return { offset: 0, counts: [] };
  let end = counts.length;
  while (counts[end - 1] === 0n) end--;
  return { offset: offset + first, counts: counts.slice(first, end) };
}
