import { allocate } from '../wire/allocate.js';
import { putText } from '../wire/text.js';
import { putVarint, width } from '../wire/varint.js';

const INTS = 4;

/**
 * Replacements in one request, in order of position, that are written out in one go.
 *
 * A message whose content changes needs another length in front of it, which stands before its content: {@link enter} keeps a place for
 * that, and {@link leave} fills it, or gives it up when nothing inside has changed.
 */
export class Edits {
  /** The request that is walked. */
  declare bytes: Uint8Array;
  /** Replacements so far, kept places included. */
  declare count: number;
  /** From, to, start and length of the replacement in `inserted`. */
  declare private list: Int32Array;
  declare private inserted: Buffer;
  declare private used: number;
  /** By how much the output is longer than the input so far. */
  declare private growth: number;
  /** For each message that was entered: its edit, where its content begins and ends, and the growth before it. */
  declare private open: Int32Array;
  declare private depth: number;

  constructor() {
    this.bytes = allocate(0);
    this.list = new Int32Array(64 * INTS);
    this.inserted = Buffer.allocUnsafeSlow(1024);
    this.open = new Int32Array(64);
    this.count = this.used = this.growth = this.depth = 0;
  }

  /** Starts on another request. */
  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.count = this.used = this.growth = this.depth = 0;
    // What was hidden must not lie around, and one large batch must not keep its memory for ever.
    if (this.inserted.length > 1 << 20) this.inserted = Buffer.allocUnsafeSlow(1024);
    if (this.list.length > 1 << 16) this.list = new Int32Array(64 * INTS);
  }

  /** Goes into the message whose length begins at `lengthAt` and whose content is [from, to). */
  enter(lengthAt: number, from: number, to: number): void {
    const at = this.depth++ * INTS;
    if (at === this.open.length) this.open = grown(this.open);
    const { open } = this;
    open[at] = this.count;
    open[at + 1] = from;
    open[at + 2] = to;
    open[at + 3] = this.growth;
    this.add(lengthAt, from, this.used);
  }

  /** Comes out of the message that was entered last. */
  leave(): void {
    const { open } = this;
    const at = --this.depth * INTS;
    const edit = open[at]!;
    if (this.count === edit + 1) {
      this.count = edit;
      return;
    }
    const size = open[at + 2]! - open[at + 1]! + this.growth - open[at + 3]!;
    const { list } = this;
    const p = this.room(5);
    this.used = putVarint(this.inserted, p, size);
    const before = list[edit * INTS + 1]! - list[edit * INTS]!;
    list[edit * INTS + 2] = p;
    list[edit * INTS + 3] = this.used - p;
    this.growth += this.used - p - before;
  }

  /** Takes [from, to) out: whole fields, tag included. */
  remove(from: number, to: number): void {
    this.add(from, to, this.used);
    this.growth -= to - from;
  }

  /** Takes [from, to) out as {@link remove} does, in front of the edits from `nth` on, all of which begin behind it. */
  removeEarlier(nth: number, from: number, to: number): void {
    this.remove(from, to);
    const { list } = this;
    const last = this.count - 1;
    list.copyWithin((nth + 1) * INTS, nth * INTS, last * INTS);
    list[nth * INTS] = from;
    list[nth * INTS + 1] = to;
    list[nth * INTS + 2] = this.used;
    list[nth * INTS + 3] = 0;
  }

  /** Writes a string field, such as a key or a name, in place of [from, to). */
  text(from: number, to: number, tag: number, text: string): void {
    const n = Buffer.byteLength(text);
    const start = this.room(6 + n);
    this.inserted[start] = tag;
    this.used = putText(this.inserted, putVarint(this.inserted, start + 1, n), text);
    this.close(from, to, start);
  }

  /** Writes a field whose AnyValue is a text in place of [from, to): the value of an attribute, of a list, a body. */
  value(from: number, to: number, tag: number, text: string): void {
    const n = Buffer.byteLength(text);
    const start = this.room(12 + n);
    const { inserted } = this;
    inserted[start] = tag;
    const p = putVarint(inserted, start + 1, 1 + width(n) + n);
    inserted[p] = 0x0a;
    this.used = putText(inserted, putVarint(inserted, p + 1, n), text);
    this.close(from, to, start);
  }

  /** Writes any bytes in place of [from, to). */
  raw(from: number, to: number, bytes: Uint8Array): void {
    const start = this.room(bytes.length);
    this.inserted.set(bytes, start);
    this.used = start + bytes.length;
    this.close(from, to, start);
  }

  /** Where things stand, to come back to with {@link rollback}. */
  mark(): number {
    return this.count;
  }

  /** Forgets the edits since `mark`, none of which is of a message that is still open. */
  rollback(mark: number): void {
    const { list } = this;
    for (let i = mark * INTS; i < this.count * INTS; i += INTS) this.growth -= list[i + 3]! - (list[i + 1]! - list[i]!);
    this.count = mark;
  }

  /** The request with everything replaced, in new memory. */
  apply(): Buffer {
    const { bytes, list, inserted } = this;
    const out = allocate(bytes.length + this.growth);
    let at = 0;
    let copied = 0;
    for (let i = 0; i < this.count * INTS; i += INTS) {
      const from = list[i]!;
      out.set(bytes.subarray(copied, from), at);
      at += from - copied;
      const start = list[i + 2]!;
      const n = list[i + 3]!;
      inserted.copy(out, at, start, start + n);
      at += n;
      copied = list[i + 1]!;
    }
    out.set(bytes.subarray(copied), at);
    return out;
  }

  private close(from: number, to: number, start: number): void {
    this.add(from, to, start);
    const n = this.used - start;
    this.list[this.count * INTS - 1] = n;
    this.growth += n - (to - from);
  }

  private add(from: number, to: number, start: number): void {
    const at = this.count++ * INTS;
    if (at === this.list.length) this.list = grown(this.list);
    const { list } = this;
    list[at] = from;
    list[at + 1] = to;
    list[at + 2] = start;
    list[at + 3] = 0;
  }

  /** Where `size` more bytes can be written. */
  private room(size: number): number {
    const needed = this.used + size;
    if (needed > this.inserted.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.inserted.length * 2));
      this.inserted.copy(larger, 0, 0, this.used);
      this.inserted = larger;
    }
    return this.used;
  }
}

function grown(list: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(list.length * 2);
  larger.set(list);
  return larger;
}
