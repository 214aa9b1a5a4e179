import { ANY_VALUE_KIND, KEY_VALUE_KIND } from '../door/layout.js';
import { DEFAULT_MAX_DEPTH } from '../door/validate.js';
import { kindOf, messages, requestKind } from '../schema/schema.js';
import { OtlpError } from '../wire/error.js';
import type { Signal } from '../wire/signal.js';
import { width } from '../wire/varint.js';
import {
  BOOL,
  BYTES,
  bitOf,
  childOf,
  DOUBLE,
  expectedOf,
  FIELDS,
  FIXED64,
  fieldNamed,
  fieldOf,
  ID,
  isNamed,
  lengthOf,
  OBJECT,
  repeatedOf,
  STRING,
  tagOf,
} from './names.js';
import { pathAt } from './path.js';
import { base64, hexId, integer, outOfRange, source, string, target } from './scalars.js';
import { Fault } from './source.js';

const nothing = source.bytes;
let maxDepth = DEFAULT_MAX_DEPTH;
/** Bytes that may still be looked through because a name came again: no text may cost more than its size suggests. */
let patience = 0;

// Writers keep to an order: the field that followed another last time, or came first in a message, likely does again.
const successor = new Int16Array(FIELDS + messages.length).fill(-1);

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
  source.begin(bytes);
  source.p = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  maxDepth = depth;
  patience = 4 * bytes.length + 65536;
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
    source.begin(nothing);
  }
}

function object(kind: number, depth: number): void {
  const b = source.bytes;
  const start = target.w;
  let seen = 0;
  let previous = FIELDS + kind;
  source.p++;
  let c = source.space();
  if (c === 0x7d) source.p++;
  else {
    for (;;) {
      if (c !== 0x22) source.fail('expected a name in double quotes');
      let id = successor[previous]!;
      if (id >= 0 && isNamed(id, b, source.p + 1)) source.p += lengthOf[id]! + 2;
      else {
        id = name(kind);
        if (id >= 0) successor[previous] = id;
      }
      if (b[source.p] !== 0x3a && source.space() !== 0x3a) source.fail('expected a colon');
      source.p++;
      if (id < 0) source.skipValue();
      else {
        c = source.space();
        previous = id;
        const bit = bitOf[id]!;
        if ((seen & bit) !== 0) replace(kind, id, start);
        seen |= bit;
        if (c === 0x6e) source.literal('null');
        else if (repeatedOf[id] === 1) array(id, c, depth);
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

/** Takes out what was written of the field, or of its oneof, in the message that begins at `start`. */
function replace(kind: number, id: number, start: number): void {
  patience -= target.w - start;
  if (patience < 0) source.fail('expected each name once in an object', source.p, 'malformed');
  const { number, oneof } = fieldOf[id]!;
  const rivals = messages[kind]!.fields.filter((each) =>
    oneof === '' ? each.number === number : each.oneof === oneof,
  );
  target.remove(
    start,
    rivals.map((each) => each.number),
  );
}

function array(id: number, opening: number, depth: number): void {
  if (opening !== 0x5b) source.fail('expected an array', source.p, 'malformed');
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
  switch (expectedOf[id]) {
    case OBJECT:
      child(childOf[id]!, c, depth);
      return;
    case STRING:
      if (c !== 0x22) source.fail('expected a string', source.p, 'malformed');
      string();
      return;
    case FIXED64:
      source.integer();
      if (source.negative) outOfRange(fieldOf[id]!);
      target.fixed64(source.high, source.low);
      return;
    case DOUBLE:
      target.double(source.double());
      return;
    case BOOL:
      if (c !== 0x74 && c !== 0x66) source.fail('expected true or false', source.p, 'malformed');
      source.literal(c === 0x74 ? 'true' : 'false');
      target.bytes[target.w++] = c === 0x74 ? 1 : 0;
      return;
    case ID:
      hexId(c, fieldOf[id]!.name === 'trace_id' ? 32 : 16);
      return;
    case BYTES:
      base64(c);
      return;
    default:
      integer(fieldOf[id]!);
  }
}

function child(kind: number, c: number, outer: number): void {
  if (c !== 0x7b) source.fail('expected an object', source.p, 'malformed');
  const depth = kind === ANY_VALUE_KIND ? outer + 1 : outer;
  if (depth > maxDepth) source.fail(`values nest more than ${maxDepth} deep`, source.p, 'too-deep');
  const reserved = reserve[kind]! || width((source.bytes.length - source.p) >> 1);
  target.w += reserved;
  const start = target.w;
  object(kind, depth);
  target.close(start, reserved);
}
