import { messages, requestKind } from '../schema/schema.js';
import { OtlpError } from '../wire/error.js';
import type { Signal } from '../wire/signal.js';
import {
  ANY_VALUE,
  ANY_VALUE_KIND,
  ARRAY_KIND,
  BOOL,
  BYTES,
  entryOf,
  FIXED32,
  FIXED64,
  KEY_VALUE,
  KEY_VALUE_KIND,
  KVLIST_KIND,
  layout,
  MESSAGE,
  PACKED_FIXED64,
  PACKED_VARINT,
  SIGNED32,
  UNSIGNED32,
  VARINT64,
} from './layout.js';
import { locate } from './locate.js';
import { normalise } from './normalise.js';
import { overlong32 } from './overlong.js';
import { plainAttributes } from './plain-attributes.js';

/** Values nested in values: deeper requests are refused. Real telemetry nests two or three deep. */
export const DEFAULT_MAX_DEPTH = 64;

// One request is validated at a time, so what every step needs lies here and not in arguments.
const nothing: Uint8Array = new Uint8Array(0);
let bytes: Uint8Array = nothing;
let words: DataView = new DataView(nothing.buffer);
let root = 0;
let label = '';
let maxDepth = DEFAULT_MAX_DEPTH;
/** Not 0 once something legal but not canonical was seen. */
let odd = 0;
/** Where the last multi-byte varint, rare tag or unknown field ended. */
let after = 0;

/**
 * Checks the framing of one export request and returns it in canonical form: the same Buffer when it already is, which
 * is what real clients send, else a new one of the same meaning (see `normalise`).
 *
 * Afterwards a scan may trust that lengths fit, that known fields have their wire type and a minimal tag, that singular
 * fields come once and a oneof has one member, that a KeyValue is `key` and then at most `value`, and that an AnyValue
 * has at most one field. Text is passed on as it is, UTF-8 or not.
 *
 * @throws OtlpError `malformed`, or `too-deep` when values nest more than `depth` deep.
 */
export function validateRequest(signal: Signal, request: Buffer, depth: number = DEFAULT_MAX_DEPTH): Buffer {
  return validateMessage(requestKind[signal], `OTLP ${signal} request`, request, depth);
}

/** {@link validateRequest} for any message of the schema. */
export function validateMessage(kind: number, name: string, message: Buffer, depth: number): Buffer {
  bytes = message;
  words = new DataView(message.buffer, message.byteOffset, message.length);
  root = kind;
  label = name;
  maxDepth = depth;
  odd = 0;
  fields(kind, 0, message.length, 0);
  bytes = nothing;
  return odd === 0 ? message : normalise(kind, message);
}

/** The fields of a message of this kind in [p, end). */
function fields(kind: number, p: number, end: number, depth: number): void {
  const b = bytes;
  const base = kind << 8;
  let seen = 0;
  let twice = 0;
  while (p < end) {
    const at = p;
    let entry = layout[base | b[p++]!]!;
    if (entry === KEY_VALUE && depth < maxDepth) {
      p = plainAttributes(b, words, at, end);
      if (p > at) continue;
      p = at + 1;
    }
    if (entry === 0) {
      entry = rareField(kind, at, end);
      p = after;
      if (entry === 0) {
        if (kind === KEY_VALUE_KIND) odd = 1;
        if (kind === ANY_VALUE_KIND) {
          twice |= seen;
          seen |= 1;
        }
        continue;
      }
    }
    const bit = entry >>> 8;
    twice |= seen & bit;
    seen |= bit;
    const action = entry & 255;
    switch (action) {
      case FIXED64:
        p += 8;
        break;
      case FIXED32:
        p += 4;
        break;
      case BOOL:
        if (b[p]! > 1) odd = 1;
        p = varint(p, end);
        break;
      case VARINT64:
      case UNSIGNED32:
      case SIGNED32:
        if (b[p]! < 128) p++;
        else {
          const from = p;
          p = minimalVarint(p, end);
          if (action !== VARINT64 && p - from > 4) odd |= overlong32(b, from, p, action);
        }
        break;
      default: {
        let n = b[p]!;
        if (n < 128) p++;
        else {
          n = length(p, end);
          p = after;
        }
        const stop = p + n;
        if (stop > end) pastEnd(kind, at, stop, end);
        if (action === KEY_VALUE) keyValue(p, stop, depth);
        else if (action === ANY_VALUE) anyValue(p, stop, depth);
        else if (action >= MESSAGE) fields(action - MESSAGE, p, stop, depth);
        else if (action === PACKED_FIXED64) {
          if (((stop - p) & 7) !== 0) fail(`packed field of ${stop - p} bytes, expected a multiple of 8`, at);
        } else if (action === PACKED_VARINT) {
          while (p < stop) p = minimalVarint(p, stop);
        } else if (action !== BYTES) fail('field of unknown layout', at);
        p = stop;
      }
    }
  }
  if (p !== end) fail(`${nameOf(kind)} ends at byte ${end} inside a field`, end);
  if (twice !== 0) odd = 1;
}

/** `0a length key [12 length value]`, nothing else; any other order or number of fields takes the slow path. */
function keyValue(from: number, end: number, depth: number): void {
  const b = bytes;
  let p = from;
  if (p < end && b[p] === 0x0a) {
    let n = b[++p]!;
    if (n < 128) p++;
    else {
      n = length(p, end);
      p = after;
    }
    p += n;
    if (p === end) return;
    if (p < end && b[p] === 0x12) {
      n = b[++p]!;
      if (n < 128) p++;
      else {
        n = length(p, end);
        p = after;
      }
      if (p + n === end) {
        anyValue(p, end, depth);
        return;
      }
    }
  }
  odd = 1;
  fields(KEY_VALUE_KIND, from, end, depth);
}

/** One member or none; the usual ones are recognised here, the rest takes the slow path. */
function anyValue(from: number, end: number, outer: number): void {
  if (from === end) return;
  const depth = outer + 1;
  if (depth > maxDepth) fail(`values nest more than ${maxDepth} deep`, from, 'too-deep');
  const b = bytes;
  let p = from;
  switch (b[p++]) {
    case 0x0a: // string_value
    case 0x3a: // bytes_value
    case 0x2a: // array_value
    case 0x32: {
      // kvlist_value
      let n = b[p]!;
      if (n < 128) p++;
      else {
        n = length(p, end);
        p = after;
      }
      if (p + n === end) {
        if (b[from] === 0x2a) fields(ARRAY_KIND, p, end, depth);
        else if (b[from] === 0x32) fields(KVLIST_KIND, p, end, depth);
        return;
      }
      break;
    }
    case 0x10: // bool_value
      if (p + 1 === end && b[p]! < 2) return;
      break;
    case 0x18: // int_value
      if (p + 1 === end && b[p]! < 128) return;
      break;
    case 0x21: // double_value
      if (p + 8 === end) return;
      break;
  }
  fields(ANY_VALUE_KIND, from, end, depth);
}

/**
 * A field whose first byte is no known one-byte tag: a field number above 15, an oddly encoded tag, or an unknown field.
 * Returns the entry of a known field, `after` behind its tag; 0 for an unknown one, `after` behind its value.
 */
function rareField(kind: number, at: number, end: number): number {
  const tag = tagAt(at, end);
  const number = tag >>> 3;
  const wireType = tag & 7;
  for (const field of messages[kind]!.fields) {
    if (field.number !== number) continue;
    const entry = entryOf(kind, field, wireType);
    if (entry === 0) fail(`${nameOf(kind)} has ${field.name} in wire type ${wireType}`, at);
    return entry;
  }
  skip(wireType, number, at, end, 1);
  return 0;
}

/** Sets `after` behind the value of an unknown field; `after` is behind its tag before. */
function skip(wireType: number, number: number, at: number, end: number, groups: number): void {
  let stop = after;
  switch (wireType) {
    case 0:
      stop = varint(after, end);
      break;
    case 1:
      stop += 8;
      break;
    case 2: {
      const n = length(after, end);
      stop = after + n;
      break;
    }
    case 3:
      odd = 1;
      if (groups > maxDepth) fail(`groups nest more than ${maxDepth} deep`, at, 'too-deep');
      for (;;) {
        const inner = after;
        if (inner >= end) fail(`group of field ${number} has no end`, at);
        const tag = tagAt(inner, end);
        if ((tag & 7) === 4) {
          if (tag >>> 3 !== number) fail(`group of field ${number} is closed as field ${tag >>> 3}`, inner);
          return;
        }
        skip(tag & 7, tag >>> 3, inner, end, groups + 1);
      }
    case 5:
      stop += 4;
      break;
    default:
      fail(`field ${number} has wire type ${wireType}, expected 0 to 3 or 5`, at);
  }
  if (stop > end) fail(`field ${number} ends at byte ${stop}, past its parent's end ${end}`, at);
  after = stop;
}

function tagAt(p: number, end: number): number {
  const stop = minimalVarint(p, end);
  after = stop;
  if (stop - p > 5 || (stop - p === 5 && bytes[p + 4]! > 15)) fail('field number above 2^29', p);
  let tag = 0;
  for (let i = stop - 1; i >= p; i--) tag = (tag << 7) | (bytes[i]! & 127);
  tag >>>= 0;
  if (tag < 8) fail('field number 0', p);
  return tag;
}

/** The length at p; sets `after`. Beyond 2^53 it is rounded, and no buffer is that long. */
function length(p: number, end: number): number {
  after = minimalVarint(p, end);
  let value = 0;
  for (let i = after - 1; i >= p; i--) value = value * 128 + (bytes[i]! & 127);
  return value;
}

/** End of the varint at p, noting an encoding longer than needed or beyond 64 bits. */
function minimalVarint(p: number, end: number): number {
  const stop = varint(p, end);
  const last = bytes[stop - 1]!;
  if ((last === 0 && stop - p > 1) || (stop - p === 10 && last > 1)) odd = 1;
  return stop;
}

function varint(p: number, end: number): number {
  const b = bytes;
  const limit = p + 10 < end ? p + 10 : end;
  for (let q = p; q < limit; ) if (b[q++]! < 128) return q;
  return fail(limit === p + 10 ? 'varint of more than 10 bytes' : `varint runs past its parent's end ${end}`, p);
}

const nameOf = (kind: number): string => messages[kind]!.name;

function pastEnd(kind: number, at: number, stop: number, end: number): never {
  const field = messages[kind]!.fields.find((each) => each.number === bytes[at]! >>> 3);
  const what = field === undefined ? nameOf(kind) : `${nameOf(kind)}.${field.name}`;
  return fail(`${what} ends at byte ${stop}, past its parent's end ${end}`, at);
}

function fail(what: string, at: number, code: 'malformed' | 'too-deep' = 'malformed'): never {
  const path = locate(root, bytes, at);
  bytes = nothing;
  throw new OtlpError(code, `malformed ${label}: ${what}, at byte ${at}${path === '' ? '' : ` in ${path}`}`, at);
}
