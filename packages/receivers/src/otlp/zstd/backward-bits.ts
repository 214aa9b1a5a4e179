import { malformed } from './malformed.js';

/** Reads bits from the end of a byte range towards its start, as zstd's entropy streams are written (RFC 8878 §4.1). */
export class BackwardBits {
  /** Bits that are left; below 0 when more were read than there are, which then read as 0. */
  declare left: number;
  declare private readonly bytes: Buffer;
  declare private readonly start: number;

  constructor(bytes: Buffer, start: number, end: number) {
    const last = end > start ? (bytes[end - 1] as number) : 0;
    // The highest set bit of the last byte only marks the end.
    if (last === 0) throw malformed(start, 'a bit stream that ends in a set bit');
    this.bytes = bytes;
    this.start = start;
    this.left = (end - start) * 8 - (Math.clz32(last) - 23);
  }

  /** The next `count` bits (at most 24) without taking them. */
  peek(count: number): number {
    const from = this.left - count;
    if (from < 0) return from <= -count ? 0 : (this.word(0, this.left) << -from) >>> 0;
    return this.word(from, count);
  }

  read(count: number): number {
    const value = this.peek(count);
    this.left -= count;
    return value;
  }

  private word(from: number, count: number): number {
    const at = this.start + (from >>> 3);
    const { bytes } = this;
    // Past the range there are other bytes of the body or none; the mask takes them out.
    const word =
      (bytes[at] as number) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    return (word >>> (from & 7)) & ((1 << count) - 1);
  }
}
