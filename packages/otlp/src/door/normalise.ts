import { type Field, kindOf, messages, wireTypeOf } from '../schema/schema.js';
import { Fields } from './fields.js';
import { Growing } from './growing.js';
import { ANY_VALUE_KIND, KEY_VALUE_KIND } from './layout.js';

/**
 * Rebuilds a validated message in canonical form, with the meaning protobuf gives it: of a repeated singular scalar or a
 * oneof the last wins, repeated singular messages are merged, tags and lengths are minimal, a KeyValue is key and then
 * value (a missing key is written as empty). Unknown fields survive byte for byte, but not groups, nor unknown fields
 * inside a KeyValue or beside an AnyValue's member.
 */
export function normalise(kind: number, message: Uint8Array): Buffer {
  const out = new Growing(message.length + 64);
  rebuild(kind, message, 0, message.length, out);
  return out.bytes();
}

/** What is left of a singular field, or of a oneof: the field that won and the ranges of its value. */
interface Winner {
  field: Field | undefined;
  /** Where the winning field, or the first of those to be merged, begins. */
  at: number;
  wireType: number;
  number: number;
  /** from, to, from, to …: more than one range only for messages. */
  ranges: number[];
}

function rebuild(kind: number, source: Uint8Array, start: number, end: number, out: Growing): void {
  const winners = findWinners(kind, source, start, end);
  if (kind === KEY_VALUE_KIND) {
    const key = winners.get('1');
    if (key !== undefined) write(key, source, out);
    else {
      out.varint(0x0a);
      out.varint(0);
    }
    const value = winners.get('2');
    if (value !== undefined) write(value, source, out);
    return;
  }
  if (kind === ANY_VALUE_KIND) {
    const member = winners.get('value') ?? winners.get('');
    if (member !== undefined) write(member, source, out);
    return;
  }
  const known = messages[kind]!.fields;
  const fields = new Fields(source, start, end);
  while (fields.next()) {
    if (fields.wireType === 3) continue;
    const field = known.find((each) => each.number === fields.number);
    if (field === undefined || field.repeated) {
      out.varint(fields.number * 8 + fields.wireType);
      value(field, fields.wireType, source, fields.from, fields.to, out);
    } else {
      const winner = winners.get(slotOf(field))!;
      if (winner.at === fields.at) write(winner, source, out);
    }
  }
}

/** By slot; '' holds the last unknown field, which matters in an AnyValue alone. */
function findWinners(kind: number, source: Uint8Array, start: number, end: number): Map<string, Winner> {
  const known = messages[kind]!.fields;
  const winners = new Map<string, Winner>();
  const fields = new Fields(source, start, end);
  while (fields.next()) {
    const { number, wireType, at, from, to } = fields;
    if (wireType === 3) continue;
    const field = known.find((each) => each.number === number);
    if (field?.repeated) continue;
    const slot = field === undefined ? '' : slotOf(field);
    const former = winners.get(slot);
    if (former === undefined) winners.set(slot, { field, at, wireType, number, ranges: [from, to] });
    else if (field?.type === 'message' && former.field === field) {
      if (to > from) former.ranges.push(from, to);
    } else {
      former.field = field;
      former.at = at;
      former.wireType = wireType;
      former.number = number;
      former.ranges = [from, to];
    }
  }
  return winners;
}

const slotOf = (field: Field): string => (field.oneof === '' ? String(field.number) : field.oneof);

function write({ field, number, wireType, ranges }: Winner, source: Uint8Array, out: Growing): void {
  out.varint(number * 8 + wireType);
  if (ranges.length === 2) {
    value(field, wireType, source, ranges[0]!, ranges[1]!, out);
    return;
  }
  const parts: Uint8Array[] = [];
  for (let i = 0; i < ranges.length; i += 2) parts.push(source.subarray(ranges[i], ranges[i + 1]));
  const merged = Buffer.concat(parts);
  value(field, wireType, merged, 0, merged.length, out);
}

/** The value in [from, to), its length before it when the wire type asks for one. */
function value(
  field: Field | undefined,
  wireType: number,
  source: Uint8Array,
  from: number,
  to: number,
  out: Growing,
): void {
  const isVarint = field !== undefined && wireTypeOf(field) === 0;
  if (wireType !== 2) {
    if (isVarint) varints(field, source, from, to, out);
    else out.copy(source, from, to);
    return;
  }
  const mark = out.open(to - from);
  if (field?.type === 'message') rebuild(kindOf(field.message), source, from, to, out);
  else if (isVarint) varints(field, source, from, to, out);
  else out.copy(source, from, to);
  out.close(mark, to - from);
}

function varints(field: Field, source: Uint8Array, from: number, to: number, out: Growing): void {
  for (let p = from; p < to; ) {
    let byte = source[p++]!;
    if (byte < 128) {
      out.varint(field.type === 'bool' && byte > 1 ? 1 : byte);
      continue;
    }
    let bits = BigInt(byte & 127);
    for (let shift = 7n; byte > 127; shift += 7n) {
      byte = source[p++]!;
      bits |= BigInt(byte & 127) << shift;
    }
    out.bigVarint(canonicalValue(field, bits));
  }
}

/** Cuts a varint's bits to what a reader of this type keeps. */
function canonicalValue(field: Field, bits: bigint): bigint {
  switch (field.type) {
    case 'bool':
      return BigInt.asUintN(64, bits) === 0n ? 0n : 1n;
    case 'enum':
    case 'int32':
      return BigInt.asUintN(64, BigInt.asIntN(32, bits));
    case 'uint32':
    case 'sint32':
      return BigInt.asUintN(32, bits);
    default:
      return BigInt.asUintN(64, bits);
  }
}
