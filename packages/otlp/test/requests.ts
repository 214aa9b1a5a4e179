import fc from 'fast-check';
import type { Signal } from '../src/wire/signal.js';

// Requests written field by field, so that they show what encoders may send but ours would not: explicit zeros, unknown fields,
// fields in any order, unpacked numbers, names twice, long names.

const EMPTY = Buffer.alloc(0);

function varint(value: bigint): Buffer {
  const out: number[] = [];
  let v = BigInt.asUintN(64, value);
  for (; v > 127n; v >>= 7n) out.push(Number(v & 127n) | 128);
  out.push(Number(v));
  return Buffer.from(out);
}

function tag(field: number, wireType: number): Buffer {
  return varint(BigInt(field * 8 + wireType));
}

function delimited(field: number, content: Uint8Array): Buffer {
  return Buffer.concat([tag(field, 2), varint(BigInt(content.length)), content]);
}

function eight(write: (b: Buffer) => void): Buffer {
  const b = Buffer.alloc(8);
  write(b);
  return b;
}

const uint64: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(0n, 1n, 127n, 128n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt(0n, 2n ** 64n - 1n),
);
const uint32 = fc.oneof(fc.constantFrom(0, 1, 127, 128, 2 ** 32 - 1), fc.nat(2 ** 31 - 1));
const names = fc.constantFrom(
  'a',
  'b',
  'session.id',
  'é',
  'key with spaces',
  'k'.repeat(130),
  'k'.repeat(131),
  'user.id',
  '__proto__',
);
const strings = fc.oneof(
  fc.constantFrom('', 'a', 'user_prompt', 'x'.repeat(127), 'y'.repeat(128), 'ü€😀'),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);

const text = (field: number) => strings.map((s) => delimited(field, Buffer.from(s)));
const bytes = (field: number, length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((b) => delimited(field, b));
const fixed64 = (field: number) =>
  uint64.map((v) => Buffer.concat([tag(field, 1), eight((b) => b.writeBigUInt64LE(v))]));
const fixed32 = (field: number) =>
  uint32.map((v) => {
    const b = Buffer.alloc(4);
    b.writeUInt32LE(v);
    return Buffer.concat([tag(field, 5), b]);
  });
const double = (field: number) =>
  fc.double().map((v) => Buffer.concat([tag(field, 1), eight((b) => b.writeDoubleLE(v))]));
const int = (field: number) => uint32.map((v) => Buffer.concat([tag(field, 0), varint(BigInt(v))]));
const choice = (field: number, most: number) =>
  fc.nat(most).map((v) => Buffer.concat([tag(field, 0), varint(BigInt(v))]));
const flag = (field: number) => fc.boolean().map((v) => Buffer.concat([tag(field, 0), varint(v ? 1n : 0n)]));
const sint = (field: number) =>
  fc.integer().map((v) => Buffer.concat([tag(field, 0), varint(BigInt(((v << 1) ^ (v >> 31)) >>> 0))]));
const nested = (field: number, content: fc.Arbitrary<Buffer>) => content.map((b) => delimited(field, b));
const repeated = (part: fc.Arbitrary<Buffer>, maxLength = 3) =>
  fc.array(part, { maxLength }).map((parts) => Buffer.concat(parts));

/** 64-bit fields and varints as one packed field, or one by one. */
function numbers(field: number, kind: 'fixed64' | 'double' | 'uint64'): fc.Arbitrary<Buffer> {
  const one: fc.Arbitrary<Buffer> =
    kind === 'uint64'
      ? uint64.map(varint)
      : kind === 'double'
        ? fc.double({ noNaN: true }).map((v) => eight((b) => b.writeDoubleLE(v)))
        : uint64.map((v) => eight((b) => b.writeBigUInt64LE(v)));
  return fc
    .tuple(fc.array(one, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([values, packed]) =>
      packed
        ? delimited(field, Buffer.concat(values))
        : Buffer.concat(values.flatMap((v) => [tag(field, kind === 'uint64' ? 0 : 1), v])),
    );
}

const unknown = fc.oneof(
  fc.tuple(fc.constantFrom(20, 300, 5000), strings).map(([field, s]) => delimited(field, Buffer.from(s))),
  fc.constantFrom(20, 300, 5000).map((field) => Buffer.concat([tag(field, 0), varint(300n)])),
  fc.constantFrom(20, 5000, 32).map((field) => Buffer.concat([tag(field, 5), Buffer.alloc(4, 7)])),
  fc.constantFrom(20, 300).map((field) => Buffer.concat([tag(field, 1), Buffer.alloc(8, 9)])),
);

/** Any of the fields, starting anywhere among them, now and then with one that nobody knows. */
function message(...fields: fc.Arbitrary<Buffer>[]): fc.Arbitrary<Buffer> {
  const each = fields.map((field) => fc.option(field, { nil: EMPTY, freq: 4 }));
  return fc
    .tuple(fc.tuple(...each), fc.nat(fields.length), fc.option(unknown, { nil: EMPTY, freq: 1 }))
    .map(([parts, turn, odd]) => Buffer.concat([...parts.slice(turn), odd, ...parts.slice(0, turn)]));
}

const anyValue: fc.Arbitrary<Buffer> = fc.letrec<{ value: Buffer; leaf: Buffer }>((tie) => ({
  leaf: fc.oneof(
    text(1),
    text(1),
    flag(2),
    fc.oneof(uint64, fc.bigInt(-1000n, 1000n)).map((v) => Buffer.concat([tag(3, 0), varint(v)])),
    double(4),
    fc.uint8Array({ maxLength: 5 }).map((b) => delimited(7, b)),
    fc.constant(EMPTY),
  ),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 8, arbitrary: tie('leaf') },
    { weight: 1, arbitrary: nested(5, repeated(nested(1, tie('value')))) },
    {
      weight: 1,
      arbitrary: nested(
        6,
        fc
          .uniqueArray(fc.tuple(names, tie('value')), { maxLength: 3, selector: ([name]) => name })
          .map((entries) => Buffer.concat(entries.map(([name, value]) => delimited(1, keyValue(name, value))))),
      ),
    },
  ),
})).value;

function keyValue(name: string, value: Buffer): Buffer {
  return Buffer.concat([delimited(1, Buffer.from(name)), delimited(2, value)]);
}

const attributes = (field: number) =>
  repeated(
    fc.tuple(names, anyValue).map(([name, value]) => delimited(field, keyValue(name, value))),
    6,
  );

const resource = nested(1, message(attributes(1), int(2)));
const scope = nested(1, message(text(1), text(2), attributes(3), int(4)));

function request(item: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const scopes = nested(2, message(scope, repeated(nested(2, item), 4), text(3)));
  return repeated(nested(1, message(resource, repeated(scopes, 3), text(3))), 3);
}

const logRecord = message(
  fixed64(1),
  choice(2, 24),
  text(3),
  nested(5, anyValue),
  attributes(6),
  int(7),
  fixed32(8),
  bytes(9, 16),
  bytes(10, 8),
  fixed64(11),
  text(12),
);

const numberValue = (doubleField: number) =>
  fc.oneof(
    double(doubleField),
    uint64.map((v) => Buffer.concat([tag(6, 1), eight((b) => b.writeBigUInt64LE(v))])),
  );
const exemplar = message(attributes(7), fixed64(2), numberValue(3), bytes(4, 8), bytes(5, 16));
const exemplars = (field: number) => repeated(nested(field, exemplar), 2);
const times = [fixed64(2), fixed64(3)];
const number = message(attributes(7), ...times, numberValue(4), exemplars(5), int(8));
const histogram = message(
  attributes(9),
  ...times,
  fixed64(4),
  double(5),
  numbers(6, 'fixed64'),
  numbers(7, 'double'),
  exemplars(8),
  int(10),
  double(11),
  double(12),
);
const buckets = message(sint(1), numbers(2, 'uint64'));
const exponential = message(
  attributes(1),
  ...times,
  fixed64(4),
  double(5),
  sint(6),
  fixed64(7),
  nested(8, buckets),
  nested(9, buckets),
  int(10),
  exemplars(11),
  double(12),
  double(13),
  double(14),
);
const summary = message(
  attributes(7),
  ...times,
  fixed64(4),
  double(5),
  repeated(nested(6, message(double(1), double(2))), 3),
  int(8),
);
const points = (point: fc.Arbitrary<Buffer>) => repeated(nested(1, point), 3);
const data = fc.oneof(
  nested(5, message(points(number))),
  nested(7, message(points(number), choice(2, 2), flag(3))),
  nested(9, message(points(histogram), choice(2, 2))),
  nested(10, message(points(exponential), choice(2, 2))),
  nested(11, message(points(summary))),
);
const metric = message(text(1), text(2), text(3), data, attributes(12));

const event = message(fixed64(1), text(2), attributes(3), int(4));
const link = message(bytes(1, 16), bytes(2, 8), text(3), attributes(4), int(5), fixed32(6));
const span = message(
  bytes(1, 16),
  bytes(2, 8),
  text(3),
  bytes(4, 8),
  text(5),
  choice(6, 5),
  fixed64(7),
  fixed64(8),
  attributes(9),
  int(10),
  repeated(nested(11, event), 2),
  int(12),
  repeated(nested(13, link), 2),
  int(14),
  nested(15, message(text(2), choice(3, 2))),
  fixed32(16),
);

/** Requests of each signal as bytes, in the form that the door lets through. */
export const requests: { readonly [signal in Signal]: fc.Arbitrary<Buffer> } = {
  logs: request(logRecord),
  metrics: request(metric),
  traces: request(span),
};

/** Runs per property: OTELIER_FUZZ_RUNS for a long night. */
export const numRuns = Number(process.env.OTELIER_FUZZ_RUNS ?? 60);
