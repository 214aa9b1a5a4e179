import { EDIT, type EditLog, LEN, len, SRC, src } from '../view/edit-log.js';
import { FieldCursor } from '../view/field-cursor.js';
import { cursor, type View } from '../view/view.js';
import type { AnyValue, ValueKind } from '../wire/any-value.js';
import { type Key, KeySet, key } from '../wire/key.js';
import { anyValue, define, entryName, payload, valueKind, valueStart } from '../wire/read-value.js';
import { after, skip, varint } from '../wire/varint.js';
import type { Attributes } from './attributes.js';
import { type Replacement, replaceAttributes } from './replace.js';

// Where a look-up found an attribute: its buffer, its tag's position, its end, and its AnyValue's payload.
let foundIn: Buffer = Buffer.alloc(0);
let foundAt = 0;
let foundEnd = 0;
let foundValue = 0;

/** Attributes as KeyValues under one tag of a message. Trusts the door: each KeyValue is its key, then its value. */
export class AttributeList implements Attributes {
  declare private readonly of: View;
  declare private readonly tag: number;

  constructor(of: View, tag: number) {
    this.of = of;
    this.tag = tag;
  }

  get(name: string | Key): AnyValue {
    return this.find(typeof name === 'string' ? key(name) : name) ? anyValue(foundIn, foundValue, foundEnd) : undefined;
  }

  has(name: string | Key): boolean {
    return this.find(typeof name === 'string' ? key(name) : name);
  }

  is(name: string | Key, text: string | Key): boolean {
    if (!this.find(typeof name === 'string' ? key(name) : name)) return false;
    const wanted = typeof text === 'string' ? key(text) : text;
    const b = foundIn;
    const p = foundValue;
    // A lone string value has the wire form of a key: tag 1, length, text. Anything else is rare enough to decode.
    if (p >= foundEnd) return false;
    if (b[p] !== 0x0a || skip(b, p + 1, 0x0a) !== foundEnd) return anyValue(b, p, foundEnd) === wanted.name;
    const size = wanted.size;
    if (p + size !== foundEnd) return false;
    const wire = wanted.wire;
    for (let i = 1; i < size; i++) if (b[p + i] !== wire[i]) return false;
    return true;
  }

  kindOf(name: string | Key): ValueKind | undefined {
    return this.find(typeof name === 'string' ? key(name) : name)
      ? valueKind(foundIn, foundValue, foundEnd)
      : undefined;
  }

  set(name: string | Key, value: AnyValue): this {
    const k = typeof name === 'string' ? key(name) : name;
    const of = this.of;
    const changed = of.changes() !== null;
    const log = of.root.edit(of);
    log.encodeAttribute(this.tag, k, value);
    let written = false;
    let p = of.start;
    while ((p = scan(of.bytes, p, of.end, this.tag, k)) >= 0) {
      const i = changed ? log.replacementOf(foundAt) : -1;
      if (i < 0) log.add(of, foundAt, foundEnd, src, written ? 0 : len);
      else if (log.edits[i * EDIT + LEN] === 0) continue;
      else rewrite(log, i, written);
      written = true;
    }
    if (changed && log.lastFrom >= of.end)
      for (let i = this.appended(log, k, 0); i >= 0; i = this.appended(log, k, i + 1)) {
        rewrite(log, i, written);
        written = true;
      }
    if (!written) log.add(of, of.end, of.end, src, len);
    return this;
  }

  delete(name: string | Key | KeySet): boolean {
    if (name instanceof KeySet) return this.deleteWhere(name, true) > 0;
    const k = typeof name === 'string' ? key(name) : name;
    const of = this.of;
    if (of.changes() !== null) return this.deleteEdited(k, true) > 0;
    let p = of.start;
    let hit = false;
    while ((p = scan(of.bytes, p, of.end, this.tag, k)) >= 0) {
      of.root.edit(of).add(of, foundAt, foundEnd, 0, 0);
      hit = true;
    }
    return hit;
  }

  keep(names: KeySet): number {
    return this.deleteWhere(names, false);
  }

  replace(names: KeySet, replacement: Replacement, deep = false): number {
    return replaceAttributes(this.of, this.tag, names, replacement, deep);
  }

  toObject(): { [key: string]: AnyValue } {
    const out: { [key: string]: AnyValue } = {};
    const c = new FieldCursor().of(this.of, this.of.changes());
    while (c.next()) {
      if (c.tag !== this.tag) continue;
      const p = payload(c.bytes, c.p);
      define(out, entryName(c.bytes, p, c.end), anyValue(c.bytes, valueStart(c.bytes, p, c.end), c.end));
    }
    return out;
  }

  *[Symbol.iterator](): Generator<[string, AnyValue], undefined, undefined> {
    const c = new FieldCursor().of(this.of, this.of.changes());
    while (c.next()) {
      if (c.tag !== this.tag) continue;
      const p = payload(c.bytes, c.p);
      yield [entryName(c.bytes, p, c.end), anyValue(c.bytes, valueStart(c.bytes, p, c.end), c.end)];
    }
  }

  /** Deletes attributes whose name is, or is not, in the set; returns how many. */
  private deleteWhere(names: KeySet, inside: boolean): number {
    const of = this.of;
    if (of.changes() !== null) return this.deleteEdited(names, inside);
    const b = of.bytes;
    const end = of.end;
    const tag = this.tag;
    const heads = names.heads;
    // A number: to compare two booleans takes a call.
    const spared = inside ? 0 : 1;
    let count = 0;
    let log: EditLog | null = null;
    let p = of.start;
    while (p < end) {
      const at = p;
      const t = b[p++]!;
      if (t !== tag) {
        p = skip(b, p, t);
        continue;
      }
      let n = b[p++]!;
      if (n > 127) {
        n = varint(b, p - 1);
        p = after;
      }
      const next = p + n;
      const found = ((heads >>> (b[p + 1]! & 31)) & 1) === 1 && names.matches(b, p, next) ? 1 : 0;
      if (found !== spared) {
        log ??= of.root.edit(of);
        log.add(of, at, next, 0, 0);
        count++;
      }
      p = next;
    }
    return count;
  }

  private deleteEdited(names: KeySet | Key, inside: boolean): number {
    const of = this.of;
    const log = of.root.edit(of);
    const c = cursor.of(of, log);
    let count = 0;
    while (c.next()) {
      if (c.tag !== this.tag || names.matches(c.bytes, payload(c.bytes, c.p), c.end) !== inside) continue;
      c.delete(log);
      count++;
    }
    return count;
  }

  private find(k: Key): boolean {
    const of = this.of;
    const log = of.changes();
    foundIn = of.bytes;
    let p = of.start;
    while ((p = scan(of.bytes, p, of.end, this.tag, k)) >= 0) {
      const i = log === null ? -1 : log.replacementOf(foundAt);
      if (i < 0) return true;
      if (log!.edits[i * EDIT + LEN]! > 0) return this.inserted(log!, i, k);
    }
    if (log === null || log.lastFrom < of.end) return false;
    const i = this.appended(log, k, 0);
    return i >= 0 && this.inserted(log, i, k);
  }

  /** Index of the first attribute named `k` that was appended, from edit `i` on, or -1. */
  private appended(log: EditLog, k: Key, i: number): number {
    const of = this.of;
    for (
      i = log.appendedTo(of, i === 0 ? log.lowerBound(of.end) : i);
      i >= 0 && !this.inserted(log, i, k);
      i = log.appendedTo(of, i + 1)
    );
    return i;
  }

  /** True when edit `i` inserts an attribute named `k`; found is where it is. */
  private inserted(log: EditLog, i: number, k: Key): boolean {
    const at = log.edits[i * EDIT + SRC]!;
    foundIn = log.inserted;
    return scan(foundIn, at, at + log.edits[i * EDIT + LEN]!, this.tag, k) >= 0;
  }
}

/** Gives edit `i` the attribute encoded last, or deletes it. */
function rewrite(log: EditLog, i: number, drop: boolean): void {
  log.edits[i * EDIT + SRC] = src;
  log.edits[i * EDIT + LEN] = drop ? 0 : len;
}

/** The next KeyValue named `k` under `tag` in [p, end): returns its end, or -1. */
function scan(b: Buffer, p: number, end: number, tag: number, k: Key): number {
  const size = k.size;
  if (size === 2) return scanUnnamed(b, p, end, tag, k);
  const wire = k.wire;
  const { head, last } = k;
  while (p < end) {
    const at = p;
    const t = b[p++]!;
    if (t !== tag) {
      p = skip(b, p, t);
      continue;
    }
    let n = b[p++]!;
    if (n > 127) {
      n = varint(b, p - 1);
      p = after;
    }
    const next = p + n;
    if (b[p + 1] === head && b[p + size - 1] === last && b[p] === 0x0a) {
      let i = 2;
      while (i < size && b[p + i] === wire[i]) i++;
      if (i === size) {
        foundAt = at;
        foundEnd = next;
        foundValue = valueAfter(b, p + size, next);
        return next;
      }
    }
    p = next;
  }
  return -1;
}

/** {@link scan} for the empty name, which encoders leave out. */
function scanUnnamed(b: Buffer, p: number, end: number, tag: number, k: Key): number {
  while (p < end) {
    const at = p;
    const t = b[p++]!;
    const next = skip(b, p, t);
    if (t === tag) {
      const start = payload(b, p);
      if (k.matches(b, start, next)) {
        foundAt = at;
        foundEnd = next;
        foundValue = valueStart(b, start, next);
        return next;
      }
    }
    p = next;
  }
  return -1;
}

function valueAfter(b: Buffer, p: number, end: number): number {
  if (p >= end) return end;
  if (b[p + 1]! < 128) return p + 2;
  varint(b, p + 1);
  return after;
}
