import { Growing } from '../door/growing.js';
import { type Field, kindOf, messages, wireTypeOf } from '../schema/schema.js';
import type { AnyValue } from '../wire/any-value.js';
import { key } from '../wire/key.js';
import { attributeBound, putAttribute, putValue, valueBound } from '../wire/write-value.js';

/** Plain data under the names of the schema or the friendlier ones below. */
export interface Data {
  readonly [name: string]: unknown;
}

const points = { points: 'dataPoints' };
const counted = { ...points, temporality: 'aggregationTemporality', monotonic: 'isMonotonic' };

/** Friendlier names of fields, by message; `value` of a point picks asDouble or asInt. */
const renamed: { readonly [message: string]: { readonly [name: string]: string } } = {
  ScopeLogs: { records: 'logRecords' },
  Gauge: points,
  Sum: counted,
  Histogram: counted,
  ExponentialHistogram: counted,
  Summary: points,
};
const TEMPORALITIES: readonly unknown[] = ['unspecified', 'delta', 'cumulative'];

/** Encodes one message; `path` names the data in errors, which are TypeErrors. */
export function encode(kind: number, data: unknown, path: string): Buffer {
  const out = new Growing(1024);
  message(kind, data, path, out);
  return out.bytes();
}

function message(kind: number, given: unknown, path: string, out: Growing): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) fail(path, 'an object', given);
  const { name, fields } = messages[kind]!;
  const data = given as Data; // an object, checked above; each field is checked below
  const values = new Map<string, { value: unknown; path: string }>();
  for (const own of Object.keys(data)) {
    let value = data[own];
    if (value === undefined) continue;
    let json = renamed[name]?.[own] ?? own;
    if (own === 'value' && (name === 'NumberDataPoint' || name === 'Exemplar')) {
      json = typeof value === 'bigint' ? 'asInt' : 'asDouble';
    }
    if (own === 'temporality') {
      const index = TEMPORALITIES.indexOf(value);
      if (index < 0) fail(`${path}.${own}`, "'unspecified', 'delta' or 'cumulative'", value);
      value = index;
    }
    if (!fields.some((field) => field.json === json)) {
      throw new TypeError(`${path}.${own} is not a field of ${name}`);
    }
    values.set(json, { value, path: `${path}.${own}` });
  }
  const oneofs = new Set<string>();
  for (const field of fields) {
    const entry = values.get(field.json);
    if (entry === undefined) continue;
    if (field.oneof !== '') {
      if (oneofs.has(field.oneof)) throw new TypeError(`${entry.path}: ${name} takes only one kind of ${field.oneof}`);
      oneofs.add(field.oneof);
    }
    if (field.message === 'KeyValue') attributes(field, entry.value, entry.path, out);
    else if (field.repeated) repeated(field, entry.value, entry.path, out);
    else {
      out.varint(tag(field));
      single(field, entry.value, entry.path, out);
    }
  }
}

const tag = (field: Field): number => (field.number << 3) | wireTypeOf(field);

function repeated(field: Field, value: unknown, path: string, out: Growing): void {
  if (!Array.isArray(value)) fail(path, 'an array', value);
  if (value.length === 0) return;
  if (wireTypeOf(field) === 2) {
    value.forEach((each, index) => {
      out.varint(tag(field));
      single(field, each, `${path}[${index}]`, out);
    });
    return;
  }
  out.varint((field.number << 3) | 2);
  const start = out.open(8 * value.length);
  value.forEach((each, index) => {
    single(field, each, `${path}[${index}]`, out);
  });
  out.close(start, 8 * value.length);
}

function attributes(field: Field, value: unknown, path: string, out: Growing): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'an object', value);
  for (const [name, each] of Object.entries(value)) {
    const name_ = key(name);
    const scratch = Buffer.allocUnsafe(attributeBound(name_, each as AnyValue) + 16); // putAttribute checks what it is given
    out.copy(scratch, putAttribute(scratch, scratch.length, tag(field), name_, each as AnyValue), scratch.length);
  }
}

function single(field: Field, value: unknown, path: string, out: Growing): void {
  switch (field.type) {
    case 'message': {
      if (field.message === 'AnyValue') {
        const scratch = Buffer.allocUnsafe(valueBound(value as AnyValue) + 16); // putValue checks what it is given
        // The tag is written already.
        out.copy(scratch, putValue(scratch, scratch.length, 0, value as AnyValue) + 1, scratch.length);
        return;
      }
      const start = out.open(64);
      message(kindOf(field.message), value, path, out);
      out.close(start, 64);
      return;
    }
    case 'string':
      if (typeof value !== 'string') fail(path, 'a string', value);
      out.block(Buffer.from(value));
      return;
    case 'id': {
      const digits = field.name === 'trace_id' ? 32 : 16;
      const isId =
        typeof value === 'string' && (value === '' || (value.length === digits && /^[0-9a-f]+$/i.test(value)));
      if (!isId) fail(path, `${digits} hex digits`, value);
      out.block(Buffer.from(value, 'hex'));
      return;
    }
    case 'bool':
      if (typeof value !== 'boolean') fail(path, 'a boolean', value);
      out.varint(value ? 1 : 0);
      return;
    case 'double': {
      if (typeof value !== 'number') fail(path, 'a number', value);
      const bytes = Buffer.allocUnsafe(8);
      bytes.writeDoubleLE(value);
      out.copy(bytes, 0, 8);
      return;
    }
    default:
      integer(field, value, path, out);
  }
}

const RANGES: { readonly [type: string]: readonly [low: bigint, high: bigint] } = {
  enum: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
};

function integer(field: Field, value: unknown, path: string, out: Growing): void {
  const [low, high] = RANGES[field.type]!;
  // Times are bigint only: a number that looks like nanoseconds has lost some of them.
  const isTime = field.name.endsWith('_nano');
  if (typeof value !== 'bigint' && (isTime || !Number.isSafeInteger(value))) {
    fail(path, isTime ? 'a bigint of nanoseconds' : 'an integer', value);
  }
  const exact = BigInt(value as bigint | number); // one of the two, checked above
  if (exact < low || exact > high) throw new TypeError(`${path} must be from ${low} to ${high}`);
  if (field.type === 'sint32') out.bigVarint(BigInt.asUintN(32, (exact << 1n) ^ (exact >> 31n)));
  else if (wireTypeOf(field) === 0) out.bigVarint(BigInt.asUintN(64, exact));
  else {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, exact));
    out.copy(bytes, 0, wireTypeOf(field) === 5 ? 4 : 8);
  }
}

function fail(path: string, expected: string, value: unknown): never {
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
  throw new TypeError(`${path} must be ${expected}, found ${found}`);
}
