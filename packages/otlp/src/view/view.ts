import { putText, text } from '../wire/text.js';
import { after, putVarint, skip, varint, varint32 } from '../wire/varint.js';
import { BOXED, type EditLog, PARENT, REMOVED } from './edit-log.js';
import { FieldCursor } from './field-cursor.js';
import type { Shape } from './shape.js';
import { type Store, stale } from './store.js';

/** Shared by all look-ups that finish before any other code runs. */
export const cursor: FieldCursor = new FieldCursor();

/** Eight bytes on their way into a field. */
export const scratch: DataView = new DataView(new ArrayBuffer(8));

/** The buffer in which {@link View.locate} found a field: the batch's, or that of insertions. */
export let foundIn: Buffer = Buffer.alloc(0);
/** The edit that wrote the field found last, or -1. */
export let foundEdit = -1;

/**
 * One message of a batch: a range of its bytes. Making one costs about 10 ns and parses nothing; reads scan the wire when asked.
 *
 * This one class stands for every message type; `kind` tells them apart, and the faces of each signal install their accessors here.
 * Fields are assigned in the constructor: class-field initialisers made the same work five times as slow.
 */
export class View {
  declare readonly root: Store;
  declare readonly bytes: Buffer;
  /** Position of this message's tag; -1 for a whole request. */
  declare readonly at: number;
  declare readonly start: number;
  declare readonly end: number;
  declare readonly up: View | null;
  declare readonly shape: Shape;
  /** Index in the edit log, once known. */
  declare box: number;
  /** A holder's resource or scope, once asked for: every record below asks again. */
  declare memo: View | null;

  constructor(root: Store, bytes: Buffer, at: number, start: number, end: number, up: View | null, shape: Shape) {
    this.root = root;
    this.bytes = bytes;
    this.at = at;
    this.start = start;
    this.end = end;
    this.up = up;
    this.shape = shape;
    this.box = -1;
    this.memo = null;
  }

  /** Takes this message out of its parent. */
  remove(): void {
    const root = this.root;
    const log = root.edit(this);
    const boxes = log.box(this) * BOXED;
    if (log.boxes[boxes + REMOVED] === 1) return;
    if (root.count >= 0) {
      const role = this.shape.role;
      if (role === 'item') {
        if (!insideRemoved(log, boxes)) root.count--;
      } else if (role !== 'part') root.count = -1;
    }
    log.boxes[boxes + REMOVED] = 1;
  }

  /** True when this message was removed in this traversal. */
  get removed(): boolean {
    const log = this.root.log;
    if (log === null) return false;
    const box = log.find(this);
    return box >= 0 && log.boxes[box * BOXED + REMOVED] === 1;
  }

  /** The log, when this very message was touched in this traversal; null when its bytes tell all. Throws when the view is stale. */
  changes(): EditLog | null {
    const root = this.root;
    if (this.bytes !== root.bytes) throw stale();
    const log = root.log;
    return log === null || this.start > log.lastFrom || (this.up !== null && log.find(this) < 0) ? null : log;
  }

  /** Finds singular field `tag`: its payload's position in {@link foundIn}, or -1. The last one counts, as protobuf demands. */
  locate(tag: number): number {
    const log = this.changes();
    if (log !== null) return this.locateEdited(log, tag, tag);
    const b = this.bytes;
    const end = this.end;
    let p = this.start;
    let hit = -1;
    while (p < end) {
      const t = b[p++]!;
      if (t === tag) hit = p;
      p = skip(b, p, t);
    }
    foundIn = b;
    foundEdit = -1;
    return hit;
  }

  locateEdited(log: EditLog, tag: number, other: number): number {
    const c = cursor.of(this, log);
    let hit = -1;
    foundEdit = -1;
    foundIn = this.bytes;
    while (c.next()) {
      if (c.tag !== tag && c.tag !== other) continue;
      hit = c.p;
      foundIn = c.bytes;
      foundEdit = c.edit;
    }
    return hit;
  }

  /** Replaces singular field `tag` (or `other`, its sibling in a oneof) by `inserted[src, src + len)`; a field that is sent twice loses its earlier copies. */
  put(log: EditLog, tag: number, src: number, len: number, other: number = tag): void {
    const c = cursor.of(this, log);
    let copies = 0;
    while (c.next()) if (c.tag === tag || c.tag === other) copies++;
    if (copies === 0) {
      log.add(this, this.end, this.end, src, len);
      return;
    }
    c.of(this, log);
    while (copies > 0 && c.next()) {
      if (c.tag !== tag && c.tag !== other) continue;
      if (copies-- > 1) c.delete(log);
      else c.replace(log, src, len);
    }
  }

  /** Deletes all fields of these tags. */
  clear(tag: number, other: number = tag): void {
    let log = this.root.log;
    const c = cursor.of(this, this.changes());
    while (c.next()) {
      if (c.tag !== tag && c.tag !== other) continue;
      log ??= this.root.edit(this);
      c.delete(log);
    }
  }

  has(tag: number): boolean {
    return this.locate(tag) >= 0;
  }

  string(tag: number): string {
    let p = this.locate(tag);
    if (p < 0) return '';
    const b = foundIn;
    let n = b[p++]!;
    if (n > 127) {
      n = varint(b, p - 1);
      p = after;
    }
    return text(b, p, p + n);
  }

  setString(tag: number, value: string): void {
    if (value === '') {
      this.clear(tag);
      return;
    }
    const log = this.root.edit(this);
    const n = Buffer.byteLength(value);
    const src = log.room(n + 6);
    log.inserted[src] = tag;
    log.used = putText(log.inserted, putVarint(log.inserted, src + 1, n), value);
    this.put(log, tag, src, log.used - src);
  }

  /** A uint32. */
  uint(tag: number): number {
    const p = this.locate(tag);
    return p < 0 ? 0 : foundIn[p]! < 128 ? foundIn[p]! : varint32(foundIn, p);
  }

  /** An enum, which protobuf holds in 32 signed bits. */
  enumValue(tag: number): number {
    return this.uint(tag) | 0;
  }

  /** Writes an enum or uint32; one byte over one byte in place. */
  setUint(tag: number, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
      throw new RangeError(`expected an integer from 0 to 4294967295, got ${value}`);
    const p = this.locate(tag);
    if (p >= 0 && value < 128 && foundIn[p]! < 128 && this.writable()) {
      foundIn[p] = value;
      return;
    }
    const log = this.root.edit(this);
    const src = log.room(6);
    log.inserted[src] = tag;
    log.used = putVarint(log.inserted, src + 1, value);
    this.put(log, tag, src, log.used - src);
  }

  /** A sint32. */
  sint(tag: number): number {
    const n = this.uint(tag);
    return (n >>> 1) ^ -(n & 1);
  }

  setSint(tag: number, value: number): void {
    if ((value | 0) !== value) throw new RangeError(`expected an integer that fits in 32 signed bits, got ${value}`);
    this.setUint(tag, ((value << 1) ^ (value >> 31)) >>> 0);
  }

  /** A fixed64 timestamp as milliseconds, exact to a quarter of a microsecond. */
  ms(tag: number): number {
    const p = this.locate(tag);
    if (p < 0) return 0;
    const b = foundIn;
    if (foundEdit < 0) {
      const view = this.root.view;
      return (view.getUint32(p + 4, true) * 4294967296 + view.getUint32(p, true)) / 1e6;
    }
    return Number(load(b, p).getBigUint64(0, true)) / 1e6;
  }

  fixed64(tag: number): bigint {
    const p = this.locate(tag);
    return p < 0 ? 0n : load(foundIn, p).getBigUint64(0, true);
  }

  setFixed64(tag: number, value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) throw new RangeError('expected a bigint from 0 to 2^64 - 1');
    scratch.setBigUint64(0, value, true);
    this.setEight(this.locate(tag), tag, tag);
  }

  fixed32(tag: number): number {
    const p = this.locate(tag);
    if (p < 0) return 0;
    const b = foundIn;
    return (b[p]! | (b[p + 1]! << 8) | (b[p + 2]! << 16) | (b[p + 3]! << 24)) >>> 0;
  }

  float64(tag: number): number | undefined {
    const p = this.locate(tag);
    if (p < 0) return undefined;
    return foundEdit < 0 ? this.root.view.getFloat64(p, true) : load(foundIn, p).getFloat64(0, true);
  }

  setFloat64(tag: number, value: number): void {
    scratch.setFloat64(0, value, true);
    this.setEight(this.locate(tag), tag, tag);
  }

  /** Writes a double, or deletes the field. */
  setOptional(tag: number, value: number | undefined): void {
    if (value === undefined) this.clear(tag);
    else this.setFloat64(tag, value);
  }

  /** Eight bytes from `scratch` into the field found at `p`, which may become its sibling in a oneof. */
  setEight(p: number, tag: number, sibling: number): void {
    if (p >= 0 && this.writable()) {
      const b = foundIn;
      b[p - 1] = tag;
      for (let i = 0; i < 8; i++) b[p + i] = scratch.getUint8(i);
      return;
    }
    const log = this.root.edit(this);
    const src = log.room(9);
    log.inserted[src] = tag;
    for (let i = 0; i < 8; i++) log.inserted[src + 1 + i] = scratch.getUint8(i);
    log.used += 9;
    this.put(log, tag, src, 9, sibling);
  }

  /** A oneof of double and sfixed64: position of its eight bytes, the tag before them telling which, or -1. */
  locateNumber(doubleTag: number, intTag: number): number {
    const log = this.changes();
    if (log !== null) return this.locateEdited(log, doubleTag, intTag);
    const b = this.bytes;
    const end = this.end;
    let p = this.start;
    let hit = -1;
    while (p < end) {
      const t = b[p++]!;
      if (t === doubleTag || t === intTag) hit = p;
      p = skip(b, p, t);
    }
    foundIn = b;
    foundEdit = -1;
    return hit;
  }

  /** Where the payload of length-delimited field `tag` is. */
  range(tag: number): { readonly bytes: Buffer; readonly start: number; readonly end: number } | undefined {
    let p = this.locate(tag);
    if (p < 0) return undefined;
    const b = foundIn;
    const n = varint(b, p);
    p = after;
    return { bytes: b, start: p, end: p + n };
  }

  /** True when the field found last may be changed where it is. */
  writable(): boolean {
    if (foundEdit >= 0) return true;
    if (!this.root.owned) return false;
    this.root.patched();
    return true;
  }
}

function insideRemoved(log: EditLog, box: number): boolean {
  const boxes = log.boxes;
  for (let up = boxes[box + PARENT]!; up >= 0; up = boxes[up * BOXED + PARENT]!)
    if (boxes[up * BOXED + REMOVED] === 1) return true;
  return false;
}

/** Eight bytes of `b` in {@link scratch}. */
export function load(b: Uint8Array, p: number): DataView {
  for (let i = 0; i < 8; i++) scratch.setUint8(i, b[p + i]!);
  return scratch;
}

/** Gives View the accessors of `faces`: subclasses would each get a hidden class of their own. */
export function install(...faces: (abstract new (...args: never) => View)[]): void {
  for (const face of faces) {
    const { constructor: _, ...accessors } = Object.getOwnPropertyDescriptors(face.prototype);
    Object.defineProperties(View.prototype, accessors);
  }
}
