import { OtlpError } from './error.js';

/** Position after the varint that {@link varint} read last. The one-byte case is written out where it is hot. */
export let after = 0;

/** Reads an unsigned varint at `p`; exact up to 2^53. Leaves the position behind it in {@link after}. */
export function varint(b: Uint8Array, p: number): number {
  let c = b[p++]!;
  let v = c & 127;
  let m = 128;
  while (c > 127) {
    c = b[p++]!;
    v += (c & 127) * m;
    m *= 128;
  }
  after = p;
  return v;
}

/** The low 32 bits of a varint, unsigned: enums, uint32, and negative int32 (sent as ten bytes). */
export function varint32(b: Uint8Array, p: number): number {
  let v = 0;
  for (let shift = 0; ; shift += 7) {
    const c = b[p++]!;
    if (shift < 32) v |= (c & 127) << shift;
    if (c < 128) break;
  }
  after = p;
  return v >>> 0;
}

/** All 64 bits of a varint, unsigned. */
export function varint64(b: Uint8Array, p: number): bigint {
  let v = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const c = b[p++]!;
    v |= BigInt(c & 127) << shift;
    if (c < 128) break;
  }
  after = p;
  return BigInt.asUintN(64, v);
}

/** The end of a field whose first tag byte is `tag` and whose next byte is at `p`; field numbers above 15 have more tag bytes. */
export function skip(b: Uint8Array, p: number, tag: number): number {
  if (tag > 127) while (b[p++]! > 127);
  switch (tag & 7) {
    case 0:
      while (b[p++]! > 127);
      return p;
    case 1:
      return p + 8;
    case 2: {
      let n = b[p++]!;
      if (n > 127) {
        n = varint(b, p - 1);
        p = after;
      }
      return p + n;
    }
    case 5:
      return p + 4;
    default:
      throw new OtlpError(
        'malformed',
        `malformed OTLP at byte ${p - 1}: expected wire type 0, 1, 2 or 5, found ${tag & 7}`,
        p - 1,
      );
  }
}

/** Bytes that the varint of `n` takes, for lengths below 2^31. */
export function width(n: number): number {
  return n < 128 ? 1 : n < 16384 ? 2 : n < 2097152 ? 3 : n < 268435456 ? 4 : 5;
}

/** Writes the varint of `n` (below 2^32) at `p` and returns the position behind it. */
export function putVarint(b: Uint8Array, p: number, n: number): number {
  while (n > 127) {
    b[p++] = (n & 127) | 128;
    n >>>= 7;
  }
  b[p++] = n;
  return p;
}
