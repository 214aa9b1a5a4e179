import type { AnyValue } from '../wire/any-value.js';
import type { Key } from '../wire/key.js';
import { attributeBound, putAttribute } from '../wire/write-value.js';
import type { View } from './view.js';

/** Int32s per edit: replace [FROM, TO) by `inserted[SRC, SRC + LEN)`, inside the message of box BOX. */
export const EDIT = 5;
export const FROM = 0;
export const TO = 1;
export const SRC = 2;
export const LEN = 3;
export const BOX = 4;

/** Int32s per box, a message whose length prefix may change: tag position, payload range, box of the parent (-1: the request), and room for the splice. */
export const BOXED = 7;
export const AT = 0;
export const START = 1;
export const END = 2;
export const PARENT = 3;
export const DELTA = 4;
export const SIZE = 5;
export const REMOVED = 6;

/** An encoded attribute up to this size outlives its batch. */
const KEPT = 128;

/**
 * What one traversal changed, as numbers: no view has to stay alive for it.
 *
 * Edits lie sorted by position; at one position those of inner messages come first, and insertions before replacements. Every wire
 * field has at most one edit, every appended field exactly one, so that a later write finds and rewrites it.
 */
export class EditLog {
  declare count: number;
  declare edits: Int32Array;
  declare boxCount: number;
  declare boxes: Int32Array;
  /** True while boxes lie in wire order; else `boxAt` knows where they are. */
  declare boxesSorted: boolean;
  declare inserted: Buffer;
  declare used: number;
  /** Largest FROM: messages that start behind it have no edits. */
  declare lastFrom: number;
  /** Largest AT of the boxes. */
  declare lastBox: number;
  declare private boxAt: Map<number, number> | undefined;
  declare private memoKey: Key | undefined;
  declare private memoValue: AnyValue;
  declare private memoTag: number;
  declare private memoSrc: number;
  declare private memoLen: number;

  constructor() {
    this.count = 0;
    this.edits = new Int32Array(64 * EDIT);
    this.boxCount = 0;
    this.boxes = new Int32Array(32 * BOXED);
    this.boxesSorted = true;
    this.inserted = Buffer.allocUnsafe(512);
    this.used = 0;
    this.lastFrom = -1;
    this.lastBox = -1;
    this.boxAt = undefined;
    this.memoKey = undefined;
    this.memoValue = undefined;
    this.memoTag = 0;
    this.memoSrc = 0;
    this.memoLen = 0;
  }

  reset(): void {
    this.count = 0;
    this.boxCount = 0;
    // The next batch most likely gets the same constant: its bytes stay when nothing lies before them.
    const keepsMemo = typeof this.memoValue === 'string' && this.memoSrc === 0 && this.memoLen <= KEPT;
    this.used = keepsMemo ? this.memoLen : 0;
    this.boxesSorted = true;
    this.lastFrom = -1;
    this.lastBox = -1;
    this.boxAt = undefined;
    if (keepsMemo) return;
    this.memoKey = undefined;
    this.memoValue = undefined;
  }

  /** Small enough to be worth keeping for the next batch. */
  get poolable(): boolean {
    return this.edits.length <= 1 << 18 && this.boxes.length <= 1 << 18 && this.inserted.length <= 1 << 20;
  }

  /** The box of `view`, made when it has none; -1 for the request itself. Parents get theirs first. */
  box(view: View): number {
    if (view.box >= 0 || view.up === null) return view.box;
    const parent = this.box(view.up);
    const found = this.find(view);
    if (found >= 0) return found;
    const i = this.boxCount++;
    const o = i * BOXED;
    if (o + BOXED > this.boxes.length) this.boxes = grown(this.boxes);
    const boxes = this.boxes;
    const at = view.at;
    if (at > this.lastBox) this.lastBox = at;
    else if (this.boxAt === undefined) this.indexBoxes(i);
    this.boxAt?.set(at, i);
    boxes[o + AT] = at;
    boxes[o + START] = view.start;
    boxes[o + END] = view.end;
    boxes[o + PARENT] = parent;
    boxes[o + DELTA] = 0;
    boxes[o + REMOVED] = 0;
    view.box = i;
    return i;
  }

  /** The box of `view`, or -1 when nothing in that message was touched. */
  find(view: View): number {
    if (view.box >= 0 || this.boxCount === 0 || view.at > this.lastBox || view.up === null) return view.box;
    const at = view.at;
    if (this.boxAt !== undefined) {
      view.box = this.boxAt.get(at) ?? -1;
      return view.box;
    }
    const boxes = this.boxes;
    let lo = 0;
    let hi = this.boxCount - 1;
    while (lo <= hi) {
      const mid = (lo + hi) >> 1;
      const a = boxes[mid * BOXED]!;
      if (a === at) {
        view.box = mid;
        return mid;
      }
      if (a < at) lo = mid + 1;
      else hi = mid - 1;
    }
    return -1;
  }

  private indexBoxes(count: number): void {
    this.boxesSorted = false;
    this.boxAt = new Map();
    for (let i = 0; i < count; i++) this.boxAt.set(this.boxes[i * BOXED]!, i);
  }

  /** Index of the first edit at or behind `from`. */
  lowerBound(from: number): number {
    const edits = this.edits;
    let lo = 0;
    let hi = this.count;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (edits[mid * EDIT]! < from) lo = mid + 1;
      else hi = mid;
    }
    return lo;
  }

  /** Index of the edit that replaces or deletes the wire field at `at`, or -1. */
  replacementOf(at: number): number {
    if (at > this.lastFrom) return -1;
    const { edits, count } = this;
    for (let i = this.lowerBound(at); i < count && edits[i * EDIT] === at; i++)
      if (edits[i * EDIT + TO]! > at) return i;
    return -1;
  }

  /** Index of the first field appended to `view` among the edits from `i` on, or -1. */
  appendedTo(view: View, i: number): number {
    const { edits, count } = this;
    const end = view.end;
    const box = this.find(view);
    for (; i < count && edits[i * EDIT] === end; i++) {
      const o = i * EDIT;
      if (edits[o + TO] === end && edits[o + BOX] === box && edits[o + LEN]! > 0) return i;
    }
    return -1;
  }

  /** Replaces [from, to) of `view` by `inserted[src, src + len)`. */
  add(view: View, from: number, to: number, src: number, len: number): void {
    const box = this.box(view);
    let o = this.count++ * EDIT;
    if (o + EDIT > this.edits.length) this.edits = grown(this.edits);
    const edits = this.edits;
    if (from > this.lastFrom) this.lastFrom = from;
    else {
      const last = o;
      o = this.place(from, to, box, o);
      if (o < last) edits.copyWithin(o + EDIT, o, last);
    }
    edits[o] = from;
    edits[o + TO] = to;
    edits[o + SRC] = src;
    edits[o + LEN] = len;
    edits[o + BOX] = box;
  }

  /** Where the edit belongs: a short look back, since most edits are made in wire order, then halving. */
  private place(from: number, to: number, box: number, o: number): number {
    const edits = this.edits;
    if (o > 16 * EDIT && edits[o - 16 * EDIT]! > from) o = this.lowerBoundBefore(from + 1, o / EDIT) * EDIT;
    while (o > 0) {
      const q = o - EDIT;
      const f = edits[q]!;
      if (f < from) break;
      if (f === from) {
        const otherBox = edits[q + BOX]!;
        if (otherBox > box || (otherBox === box && edits[q + TO]! <= to)) break;
      }
      o = q;
    }
    return o;
  }

  private lowerBoundBefore(from: number, count: number): number {
    const edits = this.edits;
    let lo = 0;
    let hi = count;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (edits[mid * EDIT]! < from) lo = mid + 1;
      else hi = mid;
    }
    return lo;
  }

  /** Makes room for `size` more inserted bytes and returns where they go. */
  room(size: number): number {
    if (this.used + size > this.inserted.length) {
      const b = Buffer.allocUnsafe(Math.max(this.inserted.length * 2, this.used + size));
      b.set(this.inserted.subarray(0, this.used));
      this.inserted = b;
    }
    return this.used;
  }

  /** Encodes an attribute into the inserted bytes. The same constant written again and again is encoded once. */
  encodeAttribute(tag: number, name: Key, value: AnyValue): void {
    if (name === this.memoKey && value === this.memoValue && tag === this.memoTag && typeof value !== 'object') {
      src = this.memoSrc;
      len = this.memoLen;
      return;
    }
    const bound = attributeBound(name, value);
    src = this.room(bound);
    const end = src + bound;
    const at = putAttribute(this.inserted, end, tag, name, value);
    len = end - at;
    this.inserted.copyWithin(src, at, end);
    this.used += len;
    this.memoKey = name;
    this.memoValue = value;
    this.memoTag = tag;
    this.memoSrc = src;
    this.memoLen = len;
  }
}

/** Where {@link EditLog.encodeAttribute} put its bytes. */
export let src = 0;
/** How many bytes {@link EditLog.encodeAttribute} put there. */
export let len = 0;

function grown(a: Int32Array): Int32Array {
  const b = new Int32Array(a.length * 2);
  b.set(a);
  return b;
}
