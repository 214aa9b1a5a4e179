import { FieldCursor } from '../view/field-cursor.js';
import type { View } from '../view/view.js';
import { float64, payload } from '../wire/read-value.js';
import { after, putVarint, skip, varint, varint32, varint64, width } from '../wire/varint.js';

/** One half of an exponential histogram. */
export interface Buckets {
  /** Index of the first bucket. */
  readonly offset: number;
  readonly bucketCounts: readonly bigint[];
}

/** A repeated fixed64 field, packed or not. */
export function fixed64s(of: View, single: number, packed: number): bigint[] {
  const out: bigint[] = [];
  eachEight(of, single, packed, (b, p) => {
    out.push(b.readBigUInt64LE(p));
  });
  return out;
}

/** A repeated double field, packed or not. */
export function doubles(of: View, single: number, packed: number): number[] {
  const out: number[] = [];
  eachEight(of, single, packed, (b, p) => {
    out.push(float64(b, p));
  });
  return out;
}

export function setFixed64s(of: View, single: number, packed: number, values: readonly bigint[]): void {
  const b = Buffer.allocUnsafe(values.length * 8);
  values.forEach((value, i) => {
    b.writeBigUInt64LE(value, i * 8);
  });
  replace(of, single, packed, b);
}

export function setDoubles(of: View, single: number, packed: number, values: readonly number[]): void {
  const b = Buffer.allocUnsafe(values.length * 8);
  values.forEach((value, i) => {
    b.writeDoubleLE(value, i * 8);
  });
  replace(of, single, packed, b);
}

/** The Buckets message under `tag`; undefined when absent. */
export function exponentialBuckets(of: View, tag: number): Buckets | undefined {
  const range = of.range(tag);
  if (range === undefined) return undefined;
  const { bytes: b, end } = range;
  let offset = 0;
  const bucketCounts: bigint[] = [];
  for (let p = range.start; p < end; ) {
    const t = b[p]!;
    const next = skip(b, p + 1, t);
    if (t === 0x08) offset = unzigzag(varint32(b, p + 1));
    else if (t === 0x10) bucketCounts.push(varint64(b, p + 1));
    else if (t === 0x12)
      for (let q = payload(b, p + 1); q < next; ) {
        bucketCounts.push(varint64(b, q));
        q = after;
      }
    p = next;
  }
  return { offset, bucketCounts };
}

export function setExponentialBuckets(of: View, tag: number, value: Buckets | undefined): void {
  if (value === undefined) {
    of.clear(tag);
    return;
  }
  if (!Number.isInteger(value.offset) || (value.offset | 0) !== value.offset)
    throw new RangeError('buckets: offset must fit in 32 signed bits');
  const b = Buffer.allocUnsafe(24 + value.bucketCounts.length * 10);
  b[0] = 0x08;
  let p = putVarint(b, 1, zigzag(value.offset));
  let size = 0;
  for (const count of value.bucketCounts) size += varint64Width(count);
  b[p] = 0x12;
  p = putVarint(b, p + 1, size);
  for (const count of value.bucketCounts) p = putVarint64(b, p, count);
  replace(of, tag, tag, b.subarray(0, p));
}

/** ValueAtQuantile messages under `tag`. */
export function quantiles(of: View, tag: number): { quantile: number; value: number }[] {
  const out: { quantile: number; value: number }[] = [];
  const c = new FieldCursor().of(of, of.changes());
  while (c.next()) {
    if (c.tag !== tag) continue;
    let quantile = 0;
    let value = 0;
    for (let p = payload(c.bytes, c.p); p < c.end; ) {
      const t = c.bytes[p]!;
      if (t === 0x09) quantile = float64(c.bytes, p + 1);
      else if (t === 0x11) value = float64(c.bytes, p + 1);
      p = skip(c.bytes, p + 1, t);
    }
    out.push({ quantile, value });
  }
  return out;
}

/** sint32 from its varint. */
export function unzigzag(n: number): number {
  return (n >>> 1) ^ -(n & 1);
}

/** sint32 to its varint. */
export function zigzag(n: number): number {
  return ((n << 1) ^ (n >> 31)) >>> 0;
}

function eachEight(of: View, single: number, packed: number, read: (b: Buffer, p: number) => void): void {
  const c = new FieldCursor().of(of, of.changes());
  while (c.next()) {
    if (c.tag === single) read(c.bytes, c.p);
    else if (c.tag === packed) {
      varint(c.bytes, c.p);
      for (let p = after; p + 8 <= c.end; p += 8) read(c.bytes, p);
    }
  }
}

/** Replaces every field under either tag by one field under `tag`. */
function replace(of: View, other: number, tag: number, content: Buffer): void {
  if (content.length === 0 && other !== tag) {
    of.clear(tag, other);
    return;
  }
  const log = of.root.edit(of);
  const size = 1 + width(content.length) + content.length;
  const at = log.room(size);
  log.inserted[at] = tag;
  log.inserted.set(content, putVarint(log.inserted, at + 1, content.length));
  log.used += size;
  of.put(log, tag, at, size, other);
}

function varint64Width(value: bigint): number {
  let n = 1;
  for (let v = value >> 7n; v > 0n; v >>= 7n) n++;
  return n;
}

function putVarint64(b: Buffer, p: number, value: bigint): number {
  if (BigInt.asUintN(64, value) !== value) throw new RangeError('bucketCounts: expected bigints from 0 to 2^64 - 1');
  let v = value;
  for (; v > 127n; v >>= 7n) b[p++] = Number(v & 127n) | 128;
  b[p++] = Number(v);
  return p;
}
