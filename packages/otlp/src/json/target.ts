import { Fields } from '../door/fields.js';
import { width } from '../wire/varint.js';
import type { Source } from './source.js';

/** Requests up to this size are written in a buffer that is kept. */
const KEEP = 1 << 20;

/** The protobuf bytes being written, front to back. */
export class Target {
  declare bytes: Buffer;
  declare view: DataView;
  /** Where the next byte goes. */
  declare w: number;

  constructor() {
    this.bytes = Buffer.allocUnsafeSlow(1 << 16);
    this.view = new DataView(this.bytes.buffer);
    this.w = 0;
  }

  /** Starts over, with room for about `size` bytes. */
  begin(size: number): void {
    this.w = 0;
    if (size > this.bytes.length) this.replace(size);
  }

  /** A copy of what was written. */
  finish(): Buffer {
    const result = Buffer.from(this.bytes.subarray(0, this.w));
    if (this.bytes.length > KEEP) this.replace(1 << 16);
    return result;
  }

  /** Makes sure of `count` more bytes. */
  room(count: number): void {
    if (this.w + count <= this.bytes.length) return;
    const former = this.bytes;
    this.replace(2 * former.length + count);
    this.bytes.set(former.subarray(0, this.w));
  }

  private replace(size: number): void {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.view = new DataView(this.bytes.buffer);
  }

  /** A tag of at most two bytes, that is any of OTLP's. */
  tag(tag: number): void {
    if (tag > 127) {
      this.bytes[this.w++] = (tag & 127) | 128;
      this.bytes[this.w++] = tag >>> 7;
    } else this.bytes[this.w++] = tag;
  }

  /** The 64-bit varint of two unsigned halves. */
  varint(high: number, low: number): void {
    const b = this.bytes;
    let w = this.w;
    let h = high;
    let l = low;
    while (h > 0 || l > 127) {
      b[w++] = (l & 127) | 128;
      l = ((l >>> 7) | (h << 25)) >>> 0;
      h >>>= 7;
    }
    b[w++] = l;
    this.w = w;
  }

  fixed64(high: number, low: number): void {
    this.view.setUint32(this.w, low, true);
    this.view.setUint32(this.w + 4, high, true);
    this.w += 8;
  }

  double(value: number): void {
    this.view.setFloat64(this.w, value, true);
    this.w += 8;
  }

  /** Copies a range of the text behind its length. */
  text(source: Source, from: number, to: number): void {
    const n = to - from;
    this.length(n);
    const b = this.bytes;
    const input = source.bytes;
    let w = this.w;
    let p = from;
    if (n > 256) w += input.copy(b, w, from, to);
    else {
      // Four bytes at a time: at these sizes a call to copy costs more than the copying.
      for (const { view } = this; p + 4 <= to; p += 4, w += 4) view.setInt32(w, source.view.getInt32(p));
      while (p < to) b[w++] = input[p++]!;
    }
    this.w = w;
  }

  /** Bytes behind their length. */
  block(bytes: Buffer): void {
    this.length(bytes.length);
    this.w += bytes.copy(this.bytes, this.w);
  }

  /** The length of what follows, and room for both. */
  private length(n: number): void {
    this.room(n + 5);
    let rest = n;
    while (rest > 127) {
      this.bytes[this.w++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.w++] = rest;
  }

  /** Puts the length of [start, w) in front of it, where `reserved` bytes were left. */
  close(start: number, reserved: number): void {
    const length = this.w - start;
    if (length < 128 && reserved === 1) {
      this.bytes[start - 1] = length;
      return;
    }
    const needed = width(length);
    const head = start - reserved;
    if (needed !== reserved) {
      this.room(8);
      this.bytes.copyWithin(head + needed, start, this.w);
    }
    let w = head;
    let rest = length;
    while (rest > 127) {
      this.bytes[w++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[w++] = rest;
    this.w = w + length;
  }

  /** Takes the fields with one of these numbers out of the message that begins at `start`. */
  remove(start: number, numbers: readonly number[]): void {
    const fields = new Fields(this.bytes, start, this.w);
    let w = start;
    let kept = start;
    while (fields.next()) {
      if (!numbers.includes(fields.number)) continue;
      this.bytes.copyWithin(w, kept, fields.at);
      w += fields.at - kept;
      kept = fields.to;
    }
    this.bytes.copyWithin(w, kept, this.w);
    this.w = w + this.w - kept;
  }

  /** Puts a KeyValue written from `start` in order: key, '' when there is none, and then value. */
  orderKeyValue(start: number): void {
    const fields = new Fields(this.bytes, start, this.w);
    let key = Buffer.from([0x0a, 0]);
    let value = Buffer.alloc(0);
    while (fields.next()) {
      const field = Buffer.from(this.bytes.subarray(fields.at, fields.to));
      if (fields.number === 1) key = field;
      else value = field;
    }
    this.room(2);
    this.bytes.set(key, start);
    this.bytes.set(value, start + key.length);
    this.w = start + key.length + value.length;
  }
}
