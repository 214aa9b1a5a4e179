import { ANY_VALUE_KIND, KEY_VALUE_KIND } from '../door/layout.js';
import { DEFAULT_MAX_DEPTH } from '../door/validate.js';
import { type Field, kindOf, messages, requestKind } from '../schema/schema.js';
import { OtlpError } from '../wire/error.js';
import type { Signal } from '../wire/signal.js';
import { width } from '../wire/varint.js';
import { bitOf, childOf, fieldNamed, fieldOf, tagOf } from './names.js';
import { pathAt } from './path.js';
import { Fault, hexDigit, Source } from './source.js';
import { Target } from './target.js';

// One text is parsed at a time, from one source to one target.
const source = new Source();
const target = new Target();
const nothing = source.bytes;
let maxDepth = DEFAULT_MAX_DEPTH;

/** Bytes to leave for the length of a message of each kind; a wrong guess costs a move. 0: ask the text's length. */
const reserve: Uint8Array = new Uint8Array(messages.length).fill(2);
for (const name of ['KeyValue', 'AnyValue', 'SpanStatus', 'ValueAtQuantile', 'InstrumentationScope'])
  reserve[kindOf(name)] = 1;
for (const { name } of messages) if (/^(Resource|Scope)[A-Z]/.test(name)) reserve[kindOf(name)] = 0;

/**
 * OTLP/JSON to OTLP protobuf in canonical form, in one scan and without objects between: trace and span ids are hex,
 * other bytes base64, 64-bit integers are exact as number or string, enums are integers, names are lowerCamelCase,
 * unknown names are passed over, null is absence, and of a repeated name the last wins. A lone surrogate becomes U+FFFD.
 *
 * @throws OtlpError `not-json` for text that is no JSON object, `malformed` for JSON that is not OTLP, `too-deep` for
 * values that nest more than `depth` deep.
 */
export function jsonToProtobuf(signal: Signal, json: string | Uint8Array, depth: number = DEFAULT_MAX_DEPTH): Buffer {
  const bytes =
    typeof json === 'string' ? Buffer.from(json) : Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  source.bytes = bytes;
  source.p = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  maxDepth = depth;
  target.begin(bytes.length + 64);
  try {
    if (source.space() !== 0x7b) source.fail('expected a JSON object');
    object(requestKind[signal], 0);
    if (source.space() !== -1) source.fail('expected the end of the text');
    return target.finish();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const where = `at byte ${error.at} in ${pathAt(bytes, error.at)}`;
    throw new OtlpError(error.code, `malformed OTLP/JSON ${signal} request: ${error.what}, ${where}`, error.at);
  } finally {
    source.bytes = nothing;
  }
}

function object(kind: number, depth: number): void {
  const b = source.bytes;
  const start = target.w;
  let seen = 0;
  source.p++;
  let c = source.space();
  if (c === 0x7d) source.p++;
  else {
    for (;;) {
      if (c !== 0x22) source.fail('expected a name in double quotes');
      const id = name(kind);
      if (b[source.p] !== 0x3a && source.space() !== 0x3a) source.fail('expected a colon');
      source.p++;
      if (id < 0) source.skipValue();
      else {
        c = source.space();
        const bit = bitOf[id]!;
        if ((seen & bit) !== 0) target.remove(start, rivals(kind, id));
        seen |= bit;
        if (c === 0x6e) source.literal('null');
        else if (c === 0x5b && fieldOf[id]!.repeated) array(id, depth);
        else if (fieldOf[id]!.repeated) source.fail('expected an array', source.p, 'malformed');
        else {
          target.room(32);
          target.tag(tagOf[id]!);
          value(id, c, depth);
        }
      }
      c = source.space();
      source.p++;
      if (c === 0x2c) c = source.space();
      else if (c === 0x7d) break;
      else source.fail('expected a comma or }', source.p - 1);
    }
  }
  if (kind === KEY_VALUE_KIND && (target.w === start || target.bytes[start] === 0x12)) target.orderKeyValue(start);
}

/** The field named at `p`, -1 when the message has none of that name; ends behind the closing quote. */
function name(kind: number): number {
  const b = source.bytes;
  const from = source.p + 1;
  let q = from;
  for (let c = b[q]!; c !== 0x22; c = b[++q]!) {
    if (c === 0x5c || !(c >= 0x20)) {
      source.skipString();
      const text = Buffer.from(JSON.parse(b.toString('utf8', from - 1, source.p)) as string); // skipString checked it
      return fieldNamed(kind, text, 0, text.length);
    }
  }
  source.p = q + 1;
  return fieldNamed(kind, b, from, q - from);
}

/** Numbers of the field and of those in the same oneof. */
function rivals(kind: number, id: number): number[] {
  const { number, oneof } = fieldOf[id]!;
  if (oneof === '') return [number];
  return messages[kind]!.fields.filter((each) => each.oneof === oneof).map((each) => each.number);
}

function array(id: number, depth: number): void {
  source.p++;
  if (source.space() === 0x5d) {
    source.p++;
    return;
  }
  const child = childOf[id]!;
  const { type } = fieldOf[id]!;
  const packed = child < 0 && type !== 'string';
  target.room(32);
  if (packed) {
    target.tag(tagOf[id]!);
    target.w += 2;
  }
  const start = target.w;
  for (;;) {
    target.room(32);
    let c = source.space();
    if (!packed) target.tag(tagOf[id]!);
    // An empty AnyValue is how an array spells null.
    if (c === 0x6e && child === ANY_VALUE_KIND) {
      source.literal('null');
      target.bytes[target.w++] = 0;
    } else value(id, c, depth);
    c = source.space();
    source.p++;
    if (c === 0x5d) break;
    if (c !== 0x2c) source.fail('expected a comma or ]', source.p - 1);
  }
  if (packed) target.close(start, 2);
}

/** One value of the field, whose tag is written; there is room for a scalar. */
function value(id: number, c: number, depth: number): void {
  const child = childOf[id]!;
  if (child >= 0) {
    if (c !== 0x7b) source.fail('expected an object', source.p, 'malformed');
    const inner = child === ANY_VALUE_KIND ? depth + 1 : depth;
    if (inner > maxDepth) source.fail(`values nest more than ${maxDepth} deep`, source.p, 'too-deep');
    const reserved = reserve[child]! || width((source.bytes.length - source.p) >> 1);
    target.w += reserved;
    const start = target.w;
    object(child, inner);
    target.close(start, reserved);
    return;
  }
  const field = fieldOf[id]!;
  switch (field.type) {
    case 'string':
      if (c !== 0x22) source.fail('expected a string', source.p, 'malformed');
      string();
      return;
    case 'fixed64':
      source.integer();
      if (source.negative) outOfRange(field);
      target.fixed64(source.high, source.low);
      return;
    case 'double':
      target.double(source.double());
      return;
    case 'bool':
      if (c !== 0x74 && c !== 0x66) source.fail('expected true or false', source.p, 'malformed');
      source.literal(c === 0x74 ? 'true' : 'false');
      target.bytes[target.w++] = c === 0x74 ? 1 : 0;
      return;
    case 'id':
      id128(c, field.name === 'trace_id' ? 32 : 16);
      return;
    case 'bytes':
      base64(c);
      return;
    default:
      integer(field);
  }
}

function integer(field: Field): void {
  source.integer();
  let { high, low } = source;
  const { negative } = source;
  const wide = field.type === 'int64' || field.type === 'sfixed64';
  if (wide || field.type === 'enum' || field.type === 'int32' || field.type === 'sint32') {
    const limit = wide ? high : high === 0 ? low : 4294967295;
    if (limit > 2147483648 || (limit === 2147483648 && !(negative && (!wide || low === 0)))) outOfRange(field);
  } else if (negative || (high > 0 && field.type !== 'uint64')) outOfRange(field);
  if (field.type === 'sint32') low = negative ? low * 2 - 1 : low * 2;
  else if (negative) {
    low = -low >>> 0;
    high = (low === 0 ? -high : ~high) >>> 0;
  }
  if (field.type === 'sfixed64') target.fixed64(high, low);
  else if (field.type === 'fixed32') {
    target.view.setUint32(target.w, low, true);
    target.w += 4;
  } else target.varint(high, low);
}

function outOfRange(field: Field): never {
  return source.fail(`expected a number within the range of ${field.type}`, source.p, 'malformed');
}

function string(): void {
  const b = source.bytes;
  const from = source.p + 1;
  let q = from;
  for (let c = b[q]!; c !== 0x22; c = b[++q]!) {
    if (c === 0x5c || !(c >= 0x20)) {
      escapedString(from);
      return;
    }
  }
  target.text(b, from, q);
  source.p = q + 1;
}

/** A string with escapes, or one that is broken. */
function escapedString(from: number): void {
  const b = source.bytes;
  source.skipString();
  const to = source.p - 1;
  const reserved = width(to - from);
  target.room(to - from + reserved);
  target.w += reserved;
  const start = target.w;
  let run = from;
  for (let p = b.indexOf(0x5c, from); p >= 0 && p < to; p = b.indexOf(0x5c, run)) {
    target.w += b.copy(target.bytes, target.w, run, p);
    run = writeEscape(p);
  }
  target.w += b.copy(target.bytes, target.w, run, to);
  target.close(start, reserved);
}

/** Writes what the escape at p stands for and returns where it ends. */
function writeEscape(p: number): number {
  const b = source.bytes;
  const letter = b[p + 1]!;
  if (letter !== 0x75) {
    const index = 'bfnrt'.indexOf(String.fromCharCode(letter));
    target.bytes[target.w++] = index < 0 ? letter : '\b\f\n\r\t'.charCodeAt(index);
    return p + 2;
  }
  let code = source.codeUnit(p + 2);
  let end = p + 6;
  if (code >= 0xd800 && code < 0xe000) {
    const low = code < 0xdc00 && b[end] === 0x5c && b[end + 1] === 0x75 ? source.codeUnit(end + 2) : -1;
    if (low >= 0xdc00 && low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      end += 6;
    } else code = 0xfffd;
  }
  target.w += target.bytes.write(String.fromCodePoint(code), target.w);
  return end;
}

/** A trace or span id of this many hex digits; empty stays empty. */
function id128(c: number, digits: number): void {
  const b = source.bytes;
  const from = source.p + 1;
  if (c !== 0x22) source.fail('expected a string of hex digits', source.p, 'malformed');
  if (b[from] === 0x22) {
    target.bytes[target.w++] = 0;
    source.p = from + 1;
    return;
  }
  target.bytes[target.w++] = digits >> 1;
  for (let q = from; q < from + digits; q += 2) {
    const high = hexDigit(b[q]);
    const low = hexDigit(b[q + 1]);
    if (high < 0 || low < 0) source.fail(`expected ${digits} hex digits`, from, 'malformed');
    target.bytes[target.w++] = (high << 4) | low;
  }
  if (b[from + digits] !== 0x22) source.fail(`expected ${digits} hex digits`, from, 'malformed');
  source.p = from + digits + 1;
}

function base64(c: number): void {
  const b = source.bytes;
  const from = source.p + 1;
  if (c !== 0x22) source.fail('expected a string of base64', source.p, 'malformed');
  source.skipString();
  // A slash may be escaped.
  const text = b.toString('latin1', from, source.p - 1).replaceAll('\\/', '/');
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1) {
    source.fail('expected base64', from - 1, 'malformed');
  }
  const decoded = Buffer.from(text, 'base64');
  target.text(decoded, 0, decoded.length);
}
