import { type AnyValue, Double } from './any-value.js';
import { type Key, key } from './key.js';
import { putText } from './text.js';
import { putVarint, width } from './varint.js';

// Values are written from back to front: a message's length is known when its prefix is due, so nothing is measured twice.
let out: Uint8Array = new Uint8Array(0);
let p = 0;
const scratch = new DataView(new ArrayBuffer(8));

/** Writes the KeyValue (name, value) under `tag`, ending before `end`; returns where it starts. The caller made room for {@link attributeBound} bytes. */
export function putAttribute(b: Uint8Array, end: number, tag: number, name: Key, value: AnyValue): number {
  out = b;
  p = end;
  keyValue(name, value);
  length(end - p);
  b[--p] = tag;
  return p;
}

/** Writes the AnyValue under `tag`, ending before `end`; returns where it starts. The caller made room for {@link valueBound} + 16 bytes. */
export function putValue(b: Uint8Array, end: number, tag: number, value: AnyValue): number {
  out = b;
  p = end;
  anyValue(value);
  length(end - p);
  b[--p] = tag;
  return p;
}

/** At most this many bytes does the attribute take. */
export function attributeBound(name: Key, value: AnyValue): number {
  return valueBound(value) + name.size + 24;
}

/** At most this many bytes does the value's payload take. */
export function valueBound(value: AnyValue): number {
  if (typeof value === 'string') return value.length < 256 ? value.length * 3 + 8 : Buffer.byteLength(value) + 8;
  if (typeof value !== 'object' || value === null) return 16;
  if (value instanceof Uint8Array) return value.length + 16;
  if (value instanceof Double) return 16;
  let n = 16;
  if (Array.isArray(value)) for (const x of value) n += 16 + valueBound(x);
  else for (const name in value) n += 40 + name.length * 3 + valueBound(value[name]);
  return n;
}

function keyValue(name: Key, value: AnyValue): void {
  const end = p;
  anyValue(value);
  length(end - p);
  out[--p] = 0x12;
  const wire = name.wire;
  const n = name.size;
  p -= n;
  for (let i = 0; i < n; i++) out[p + i] = wire[i]!;
}

function anyValue(value: AnyValue): void {
  const end = p;
  switch (typeof value) {
    case 'string':
      string(value);
      length(end - p);
      out[--p] = 0x0a;
      return;
    case 'boolean':
      out[--p] = value ? 1 : 0;
      out[--p] = 0x10;
      return;
    case 'bigint':
      int64(value);
      out[--p] = 0x18;
      return;
    case 'number':
      if (!Number.isSafeInteger(value)) float64(value);
      else {
        if (value >= 0 && value < 0x7fffffff) length(value);
        else int64(BigInt(value));
        out[--p] = 0x18;
      }
      return;
    case 'undefined':
      return;
    case 'object':
      // null reaches this from untyped callers and is an empty AnyValue, like undefined.
      if (value !== null) composite(value, end);
      return;
    default:
      throw new TypeError(
        `an attribute value must be a string, number, bigint, boolean, Uint8Array, array or plain object, not a ${typeof value}`,
      );
  }
}

function composite(value: Exclude<AnyValue, string | number | bigint | boolean | undefined>, end: number): void {
  if (value instanceof Double) {
    float64(value.value);
    return;
  }
  if (value instanceof Uint8Array) {
    p -= value.length;
    out.set(value, p);
    length(value.length);
    out[--p] = 0x3a;
    return;
  }
  if (Array.isArray(value)) {
    for (let i = value.length - 1; i >= 0; i--) {
      const itemEnd = p;
      anyValue(value[i]);
      length(itemEnd - p);
      out[--p] = 0x0a;
    }
    length(end - p);
    out[--p] = 0x2a;
    return;
  }
  const names = Object.keys(value);
  for (let i = names.length - 1; i >= 0; i--) {
    const entryEnd = p;
    keyValue(key(names[i]!), value[names[i]!]);
    length(entryEnd - p);
    out[--p] = 0x0a;
  }
  length(end - p);
  out[--p] = 0x32;
}

function length(n: number): void {
  if (n < 128) out[--p] = n;
  else {
    p -= width(n);
    putVarint(out, p, n);
  }
}

function string(s: string): void {
  const n = s.length;
  if (n < 24) {
    let q = p - n;
    let i = 0;
    for (; i < n; i++) {
      const c = s.charCodeAt(i);
      if (c > 127) break;
      out[q++] = c;
    }
    if (i === n) {
      p -= n;
      return;
    }
  }
  p -= Buffer.byteLength(s);
  putText(out, p, s);
}

function float64(value: number): void {
  scratch.setFloat64(0, value, true);
  for (let i = 7; i >= 0; i--) out[--p] = scratch.getUint8(i);
  out[--p] = 0x21;
}

function int64(value: bigint): void {
  if (BigInt.asIntN(64, value) !== value)
    throw new RangeError('an attribute value of type bigint must fit in 64 signed bits');
  let rest = BigInt.asUintN(64, value);
  let n = 1;
  for (let v = rest >> 7n; v > 0n; v >>= 7n) n++;
  p -= n;
  for (let i = 0; i < n; i++) {
    out[p + i] = Number(rest & 127n) | (i < n - 1 ? 128 : 0);
    rest >>= 7n;
  }
}
