import type { Exponential, Run } from './exponential.js';
import type { Histogram } from './histogram.js';

const HAS_SUM = 1;
const HAS_MIN = 2;
const HAS_MAX = 4;

/** A histogram for the disk: its own layout, read by {@link decodeHistogram} alone. */
export function encodeHistogram(h: Histogram): Buffer {
  const out = Buffer.allocUnsafe(41 + 8 * (h.bounds.length + h.buckets.length));
  let at = head(out, h);
  at = out.writeUInt32LE(h.bounds.length, at);
  at = out.writeUInt32LE(h.buckets.length, at);
  for (const bound of h.bounds) at = out.writeDoubleLE(bound, at);
  for (const count of h.buckets) at = out.writeBigUInt64LE(count, at);
  return out;
}

export function decodeHistogram(bytes: Uint8Array): Histogram {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const bounds = view.getUint32(33, true);
  const buckets = view.getUint32(37, true);
  return {
    ...common(view),
    bounds: Array.from({ length: bounds }, (_, i) => view.getFloat64(41 + 8 * i, true)),
    buckets: counts(view, 41 + 8 * bounds, buckets),
  };
}

/** An exponential histogram for the disk: its own layout, read by {@link decodeExponential} alone. */
export function encodeExponential(e: Exponential): Buffer {
  const { positive, negative } = e;
  const out = Buffer.allocUnsafe(69 + 8 * (positive.counts.length + negative.counts.length));
  let at = head(out, e);
  at = out.writeInt32LE(e.scale, at);
  at = out.writeBigUInt64LE(e.zeroCount, at);
  at = out.writeDoubleLE(e.zeroThreshold, at);
  for (const run of [positive, negative]) {
    at = out.writeInt32LE(run.offset, at);
    at = out.writeUInt32LE(run.counts.length, at);
  }
  for (const run of [positive, negative]) for (const count of run.counts) at = out.writeBigUInt64LE(count, at);
  return out;
}

export function decodeExponential(bytes: Uint8Array): Exponential {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const positives = view.getUint32(57, true);
  const run = (at: number, from: number): Run => ({
    offset: view.getInt32(at, true),
    counts: counts(view, from, view.getUint32(at + 4, true)),
  });
  return {
    ...common(view),
    scale: view.getInt32(33, true),
    zeroCount: view.getBigUint64(37, true),
    zeroThreshold: view.getFloat64(45, true),
    positive: run(53, 69),
    negative: run(61, 69 + 8 * positives),
  };
}

/** Either kind of distribution. */
export type AnyDistribution = Histogram | Exponential;

const HISTOGRAM = 0;
const EXPONENTIAL = 1;

/** Either kind for the disk, with a first byte that tells which. */
export function encodeDistribution(of: AnyDistribution): Buffer {
  return 'scale' in of
    ? Buffer.concat([Buffer.of(EXPONENTIAL), encodeExponential(of)])
    : Buffer.concat([Buffer.of(HISTOGRAM), encodeHistogram(of)]);
}

export function decodeDistribution(bytes: Uint8Array): AnyDistribution {
  const content = bytes.subarray(1);
  return bytes[0] === EXPONENTIAL ? decodeExponential(content) : decodeHistogram(content);
}

interface Common {
  count: bigint;
  sum: number | undefined;
  min: number | undefined;
  max: number | undefined;
}

function head(out: Buffer, { count, sum, min, max }: Common): number {
  out[0] = (sum === undefined ? 0 : HAS_SUM) | (min === undefined ? 0 : HAS_MIN) | (max === undefined ? 0 : HAS_MAX);
  let at = out.writeBigUInt64LE(count, 1);
  for (const value of [sum, min, max]) at = out.writeDoubleLE(value ?? 0, at);
  return at;
}

function common(view: DataView): Common {
  const has = view.getUint8(0);
  const optional = (bit: number, at: number) => ((has & bit) === 0 ? undefined : view.getFloat64(at, true));
  return {
    count: view.getBigUint64(1, true),
    sum: optional(HAS_SUM, 9),
    min: optional(HAS_MIN, 17),
    max: optional(HAS_MAX, 25),
  };
}

function counts(view: DataView, from: number, length: number): bigint[] {
  return Array.from({ length }, (_, i) => view.getBigUint64(from + 8 * i, true));
}
