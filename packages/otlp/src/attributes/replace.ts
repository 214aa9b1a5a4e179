import { type EditLog, len, src } from '../view/edit-log.js';
import { FieldCursor } from '../view/field-cursor.js';
import type { View } from '../view/view.js';
import { type AnyValue, Double } from '../wire/any-value.js';
import { type KeySet, key } from '../wire/key.js';
import { anyValue, define, entryName, float64, payload, valueStart } from '../wire/read-value.js';
import { after, skip, varint } from '../wire/varint.js';

/** What a replacement gets and gives: the same value leaves the attribute as it is, undefined deletes it. */
export type Replacement = (name: string, value: AnyValue) => AnyValue;

/** {@link Attributes.replace} on the KeyValues under `tag` of a message. */
export function replaceAttributes(
  of: View,
  tag: number,
  names: KeySet,
  replacement: Replacement,
  deep: boolean,
): number {
  const changed = of.changes();
  if (changed !== null) return replaceEdited(of, tag, names, replacement, deep, changed);
  const b = of.bytes;
  const end = of.end;
  let count = 0;
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
    if (names.matches(b, p, next) || (deep && mayHold(b, valueStart(b, p, next), next, names))) {
      const name = entryName(b, p, next);
      const value = exactValue(b, valueStart(b, p, next), next);
      const other = replacement(name, value);
      if (other !== value) {
        const log = of.root.edit(of);
        if (other === undefined) log.add(of, at, next, 0, 0);
        else {
          log.encodeAttribute(tag, key(name), other);
          log.add(of, at, next, src, len);
        }
        count++;
      }
    }
    p = next;
  }
  return count;
}

function replaceEdited(
  of: View,
  tag: number,
  names: KeySet,
  replacement: Replacement,
  deep: boolean,
  log: EditLog,
): number {
  let count = 0;
  // A cursor of its own: the replacement may look things up with the shared one.
  const c = new FieldCursor().of(of, log);
  while (c.next()) {
    if (c.tag !== tag) continue;
    const p = payload(c.bytes, c.p);
    const start = valueStart(c.bytes, p, c.end);
    if (!names.matches(c.bytes, p, c.end) && !(deep && mayHold(c.bytes, start, c.end, names))) continue;
    const name = entryName(c.bytes, p, c.end);
    const value = exactValue(c.bytes, start, c.end);
    const other = replacement(name, value);
    if (other === value) continue;
    if (other === undefined) c.delete(log);
    else {
      log.encodeAttribute(tag, key(name), other);
      c.replace(log, src, len);
    }
    count++;
  }
  return count;
}

/** True when the AnyValue payload [p, end) holds one of these names at any depth, or text that may be JSON and hold one. */
function mayHold(b: Uint8Array, p: number, end: number, names: KeySet): boolean {
  if (p >= end) return false;
  const tag = b[p];
  if (tag !== 0x0a && tag !== 0x2a && tag !== 0x32) return false;
  p = payload(b, p + 1);
  if (tag === 0x0a) {
    const first = p < end ? b[p]! : 0;
    // A brace, a bracket, a quotation mark, or the blanks that may stand before them.
    return first === 0x7b || first === 0x5b || first === 0x22 || first === 0x20 || (first >= 9 && first <= 13);
  }
  while (p < end) {
    const t = b[p++]!;
    const next = skip(b, p, t);
    if (t === 0x0a) {
      const start = payload(b, p);
      if (tag === 0x2a ? mayHold(b, start, next, names) : names.matches(b, start, next)) return true;
      if (tag === 0x32 && mayHold(b, valueStart(b, start, next), next, names)) return true;
    }
    p = next;
  }
  return false;
}

/** Like anyValue(), but a double inside a list or map stays one when it is written again. */
function exactValue(b: Uint8Array, p: number, end: number): AnyValue {
  return p < end && (b[p] === 0x2a || b[p] === 0x32) ? exactMember(b, p, end) : anyValue(b, p, end);
}

function exactMember(b: Uint8Array, p: number, end: number): AnyValue {
  const tag = p < end ? b[p]! : 0;
  if (tag === 0x21) return new Double(float64(b, p + 1));
  if (tag !== 0x2a && tag !== 0x32) return anyValue(b, p, end);
  const list: AnyValue[] = [];
  const map: { [key: string]: AnyValue } = {};
  for (p = payload(b, p + 1); p < end; ) {
    const t = b[p++]!;
    const next = skip(b, p, t);
    if (t === 0x0a) {
      const start = payload(b, p);
      if (tag === 0x2a) list.push(exactMember(b, start, next));
      else define(map, entryName(b, start, next), exactMember(b, valueStart(b, start, next), next));
    }
    p = next;
  }
  return tag === 0x2a ? list : map;
}
