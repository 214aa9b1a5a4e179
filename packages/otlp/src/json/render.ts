import { type Field, kindOf, messages, requestKind, wireTypeOf } from '../schema/schema.js';
import type { Signal } from '../wire/signal.js';
import { hex, text } from '../wire/text.js';
import { after, skip, varint, varint32, varint64 } from '../wire/varint.js';

/** What rendering asks of a field, by kind and field number. */
interface Column {
  readonly field: Field;
  readonly name: string;
  readonly child: number;
  readonly packable: boolean;
}

const columns: readonly (readonly (Column | undefined)[])[] = messages.map(({ fields }) => {
  const row: (Column | undefined)[] = [];
  for (const field of fields) {
    const child = field.message === '' ? -1 : kindOf(field.message);
    row[field.number] = { field, name: `"${field.json}":`, child, packable: field.repeated && wireTypeOf(field) !== 2 };
  }
  return row;
});

const ARRAY = kindOf('ArrayValue');
const KVLIST = kindOf('KeyValueList');

/**
 * OTLP protobuf to OTLP/JSON text: ids as lower-case hex, other bytes as base64, 64-bit integers as strings, enums as
 * integers, NaN and infinities as strings. What is on the wire is rendered, explicit zeros too; what is not is left out.
 * Fields keep the order of the wire, the elements of a repeated one standing where its first does. Fields outside the
 * schema are dropped, and bytes that are no UTF-8 become U+FFFD, since JSON has neither. Trusts its input: validate first.
 */
export function protobufToJson(signal: Signal, bytes: Buffer): string {
  return renderMessage(requestKind[signal], bytes, 0, bytes.length);
}

/** {@link protobufToJson} for the message of this kind in [start, end). */
export function renderMessage(kind: number, b: Buffer, start: number, end: number): string {
  // A reader of `arrayValue.values` should find a list even when it is empty.
  if (start === end) return kind === ARRAY || kind === KVLIST ? '{"values":[]}' : '{}';
  const row = columns[kind]!;
  let json = '';
  // Repeated fields already rendered, one bit per number.
  let done = 0;
  for (let p = start; p < end; ) {
    const tag = b[p]!;
    const next = skip(b, p + 1, tag);
    let number = tag >>> 3;
    let from = p + 1;
    if (tag > 127) {
      number = varint(b, p) >>> 3;
      from = after;
    }
    const column = row[number];
    if (column !== undefined) {
      if (!column.field.repeated) json += `${json === '' ? '' : ','}${column.name}${value(column, b, from)}`;
      else if ((done & (1 << number)) === 0) {
        done |= 1 << number;
        json += `${json === '' ? '' : ','}${column.name}[${elements(column, b, p, end)}]`;
      }
    }
    p = next;
  }
  return `{${json}}`;
}

/** All elements of a repeated field, packed or not, from p on. */
function elements(column: Column, b: Buffer, start: number, end: number): string {
  let json = '';
  for (let p = start; p < end; ) {
    const tag = b[p]!;
    const next = skip(b, p + 1, tag);
    if (tag >>> 3 === column.field.number && tag < 128) {
      if (column.packable && (tag & 7) === 2) {
        varint(b, p + 1);
        for (let q = after; q < next; q = skip(b, q, wireTypeOf(column.field))) {
          json += `${json === '' ? '' : ','}${value(column, b, q)}`;
        }
      } else json += `${json === '' ? '' : ','}${value(column, b, p + 1)}`;
    }
    p = next;
  }
  return json;
}

/** The value at p, behind its tag. */
function value({ field, child }: Column, b: Buffer, p: number): string {
  switch (field.type) {
    case 'message': {
      const length = varint(b, p);
      const from = after;
      return renderMessage(child, b, from, from + length);
    }
    case 'string': {
      const length = varint(b, p);
      return JSON.stringify(text(b, after, after + length));
    }
    case 'id': {
      const length = varint(b, p);
      return `"${hex(b, after, after + length)}"`;
    }
    case 'bytes': {
      const length = varint(b, p);
      return `"${b.toString('base64', after, after + length)}"`;
    }
    case 'bool':
      return b[p] === 0 ? 'false' : 'true';
    case 'double':
      return double(b.readDoubleLE(p));
    case 'fixed64':
      return `"${decimal(b.readUInt32LE(p + 4), b.readUInt32LE(p))}"`;
    case 'sfixed64':
      return `"${b.readBigInt64LE(p)}"`;
    case 'int64':
      return `"${b[p]! < 128 ? b[p] : BigInt.asIntN(64, varint64(b, p))}"`;
    case 'uint64':
      return `"${b[p]! < 128 ? b[p] : varint64(b, p)}"`;
    case 'fixed32':
      return String(b.readUInt32LE(p));
    case 'sint32': {
      const bits = varint32(b, p);
      return String((bits >>> 1) ^ -(bits & 1));
    }
    case 'uint32':
      return String(varint32(b, p));
    case 'int32':
    case 'enum':
      return String(varint32(b, p) | 0);
  }
}

function double(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return `"${value}"`;
}

/** high · 2^32 + low in decimal, by long division through 10^9, since no BigInt is needed for a timestamp. */
function decimal(high: number, low: number): string {
  if (high === 0) return String(low);
  let quotient = 0;
  let rest = 0;
  for (let i = 0; i < 4; i++) {
    const limb = i === 0 ? high >>> 16 : i === 1 ? high & 65535 : i === 2 ? low >>> 16 : low & 65535;
    const current = rest * 65536 + limb;
    const digit = Math.floor(current / 1e9);
    rest = current - digit * 1e9;
    quotient = quotient * 65536 + digit;
  }
  return quotient === 0 ? String(rest) : `${quotient}${String(rest).padStart(9, '0')}`;
}
