import type { AnyValue, ValueKind } from './any-value.js';
import { keyText } from './key.js';
import { text } from './text.js';
import { after, skip, varint, varint64 } from './varint.js';

const scratch = new DataView(new ArrayBuffer(8));

/** The double at [p, p + 8) of any buffer; hot fields use the batch's own DataView instead. */
export function float64(b: Uint8Array, p: number): number {
  for (let k = 0; k < 8; k++) scratch.setUint8(k, b[p + k]!);
  return scratch.getFloat64(0, true);
}

/** Start of the AnyValue payload in the KeyValue [p, end), or `end` when there is none. */
export function valueStart(b: Uint8Array, p: number, end: number): number {
  if (p < end && b[p] === 0x0a) p = skip(b, p + 1, 0x0a);
  if (p >= end) return end;
  if (b[p + 1]! < 128) return p + 2;
  varint(b, p + 1);
  return after;
}

/** The name in the KeyValue [p, end). */
export function entryName(b: Uint8Array, p: number, end: number): string {
  if (p >= end || b[p] !== 0x0a) return '';
  let n = b[p + 1]!;
  if (n < 128) return keyText(b, p + 2, n);
  n = varint(b, p + 1);
  return keyText(b, after, n);
}

/** Decodes the AnyValue payload [p, end). When several fields are set the last one counts, as protobuf demands of a oneof. */
export function anyValue(b: Uint8Array, p: number, end: number): AnyValue {
  let out: AnyValue;
  while (p < end) {
    const tag = b[p++]!;
    let n = 0;
    if ((tag & 7) === 2 && tag < 128) {
      n = b[p++]!;
      if (n > 127) {
        n = varint(b, p - 1);
        p = after;
      }
    }
    switch (tag) {
      case 0x0a:
        out = text(b, p, p + n);
        break;
      case 0x10:
        out = varint(b, p) !== 0;
        n = after - p;
        break;
      case 0x18:
        out = int64(b, p);
        n = after - p;
        break;
      case 0x21:
        out = float64(b, p);
        n = 8;
        break;
      case 0x2a:
        out = arrayValue(b, p, p + n);
        break;
      case 0x32:
        out = objectOf(b, p, p + n, 0x0a);
        break;
      case 0x3a:
        // A copy: the batch may compact its bytes in place later.
        out = new Uint8Array(b.subarray(p, p + n));
        break;
      default:
        if ((tag & 7) !== 2 || tag > 127) n = skip(b, p, tag) - p;
    }
    p += n;
  }
  return out;
}

const KINDS: { readonly [tag: number]: ValueKind } = {
  10: 'string',
  16: 'bool',
  24: 'int',
  33: 'double',
  42: 'array',
  50: 'kvlist',
  58: 'bytes',
};

/** Which field of the AnyValue payload [p, end) is set. */
export function valueKind(b: Uint8Array, p: number, end: number): ValueKind {
  let kind: ValueKind = 'empty';
  while (p < end) {
    const tag = b[p++]!;
    kind = KINDS[tag] ?? kind;
    p = skip(b, p, tag);
  }
  return kind;
}

/** Reads KeyValues under `tag` in [p, end) into a plain object. Of duplicated names the first counts. */
export function objectOf(b: Uint8Array, p: number, end: number, tag: number): { [key: string]: AnyValue } {
  const out: { [key: string]: AnyValue } = {};
  while (p < end) {
    const t = b[p++]!;
    const next = skip(b, p, t);
    if (t === tag) {
      const start = payload(b, p);
      define(out, entryName(b, start, next), anyValue(b, valueStart(b, start, next), next));
    }
    p = next;
  }
  return out;
}

/** Adds an entry unless the name is there. */
export function define(out: { [key: string]: AnyValue }, name: string, value: AnyValue): void {
  if (Object.hasOwn(out, name)) return;
  if (name === '__proto__')
    Object.defineProperty(out, name, { value, enumerable: true, configurable: true, writable: true });
  else out[name] = value;
}

/** Start of the payload of a length-delimited field whose length is at `p`. */
export function payload(b: Uint8Array, p: number): number {
  while (b[p++]! > 127);
  return p;
}

function arrayValue(b: Uint8Array, p: number, end: number): AnyValue[] {
  const out: AnyValue[] = [];
  while (p < end) {
    const tag = b[p++]!;
    const next = skip(b, p, tag);
    if (tag === 0x0a) out.push(anyValue(b, payload(b, p), next));
    p = next;
  }
  return out;
}

function int64(b: Uint8Array, p: number): number | bigint {
  const lead = b[p]!;
  if (lead < 128) {
    varint(b, p);
    return lead;
  }
  const n = varint(b, p);
  if (n <= Number.MAX_SAFE_INTEGER) return n;
  const exact = BigInt.asIntN(64, varint64(b, p));
  const rounded = Number(exact);
  return Number.isSafeInteger(rounded) ? rounded : exact;
}
