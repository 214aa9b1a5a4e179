import { type Field, kindOf, messages, wireTypeOf } from '../src/schema/schema.js';

/** A small seeded generator (mulberry32): the same seed makes the same message. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * A message of this kind that is legal protobuf; `oddity` from 0 to 1 is how often it is spelled as no writer would:
 * padded varints, repeated and reordered fields, several members of a oneof, unknown fields, groups, unpacked numbers.
 */
export function makeMessage(kind: number, next: () => number, oddity: number, depth = 0): Buffer {
  const parts: Buffer[] = [];
  const odd = (): boolean => next() < oddity;
  for (const field of shuffled(messages[kind]!.fields, odd() ? next : undefined)) {
    const isValue = messages[kind]!.name === 'KeyValue' || messages[kind]!.name === 'AnyValue';
    if (next() < (isValue && field.oneof === '' ? 0.05 : 0.5) && !(field.name === 'key' && !odd())) continue;
    if (depth > 8 && field.type === 'message') continue;
    if (field.oneof !== '' && parts.length > 0 && !odd()) continue;
    const times = field.repeated ? Math.floor(next() * 3) : odd() ? 2 : 1;
    for (let i = 0; i < times; i++) parts.push(encodeField(field, next, odd, oddity, depth));
    if (odd()) parts.push(unknownField(next, odd));
  }
  return Buffer.concat(parts);
}

function encodeField(field: Field, next: () => number, odd: () => boolean, oddity: number, depth: number): Buffer {
  const wireType = wireTypeOf(field);
  if (wireType === 2) {
    const value =
      field.type === 'message'
        ? makeMessage(kindOf(field.message), next, oddity, depth + 1)
        : field.type === 'id' && !odd()
          ? Buffer.alloc(field.name === 'trace_id' ? 16 : 8, Math.floor(next() * 256))
          : randomText(next);
    return delimited(field.number, value, odd);
  }
  if (!field.repeated) return Buffer.concat([varint(field.number * 8 + wireType, odd), scalar(field, next, odd)]);
  if (next() < 0.3) return Buffer.concat([varint(field.number * 8 + wireType, odd), scalar(field, next, odd)]);
  const values = Array.from({ length: Math.floor(next() * 4) }, () => scalar(field, next, odd));
  return delimited(field.number, Buffer.concat(values), odd);
}

function delimited(number: number, value: Buffer, odd: () => boolean): Buffer {
  return Buffer.concat([varint(number * 8 + 2, odd), varint(value.length, odd), value]);
}

function scalar(field: Field, next: () => number, odd: () => boolean): Buffer {
  switch (wireTypeOf(field)) {
    case 1: {
      const bytes = Buffer.alloc(8);
      if (next() < 0.8) bytes.writeDoubleLE(Math.floor(next() * 1e6) / 64);
      return bytes;
    }
    case 5:
      return Buffer.from([Math.floor(next() * 256), 0, 0, 1]);
    default: {
      if (field.type === 'bool') return varint(odd() ? 300 : Math.floor(next() * 2), odd);
      if (odd()) return bigVarint(BigInt(Math.floor(next() * 2 ** 32)) << BigInt(Math.floor(next() * 40)), odd);
      if ((field.type === 'int64' || field.type === 'enum') && next() < 0.2)
        return bigVarint(BigInt.asUintN(64, -5n), odd);
      return varint(Math.floor(next() * 300), odd);
    }
  }
}

function unknownField(next: () => number, odd: () => boolean, depth = 0): Buffer {
  const number = 500 + Math.floor(next() * 20);
  switch (Math.floor(next() * 5)) {
    case 0:
      return Buffer.concat([varint(number * 8, odd), varint(Math.floor(next() * 1000), odd)]);
    case 1:
      return Buffer.concat([varint(number * 8 + 1, odd), Buffer.alloc(8, 7)]);
    case 2:
      return delimited(number, randomText(next), odd);
    case 3: {
      const inside = depth < 3 ? unknownField(next, odd, depth + 1) : Buffer.alloc(0);
      return Buffer.concat([varint(number * 8 + 3, odd), inside, varint(number * 8 + 4, odd)]);
    }
    default:
      return Buffer.concat([varint(number * 8 + 5, odd), Buffer.alloc(4, 9)]);
  }
}

function randomText(next: () => number): Buffer {
  const length = next() < 0.1 ? 100 + Math.floor(next() * 200) : Math.floor(next() * 12);
  return Buffer.from(Array.from({ length }, () => 97 + Math.floor(next() * 26)));
}

const varint = (value: number, odd: () => boolean): Buffer => bigVarint(BigInt(value), odd);

function bigVarint(value: bigint, odd: () => boolean): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  if (bytes.length < 4 && odd()) {
    bytes[bytes.length - 1]! |= 128;
    bytes.push(0);
  }
  return Buffer.from(bytes);
}

function shuffled<T>(items: readonly T[], next: (() => number) | undefined): T[] {
  const copy = [...items];
  if (next !== undefined) copy.sort(() => next() - 0.5);
  return copy;
}
