import { type Field, kindOf, messages, wireTypeOf } from '../schema/schema.js';

// Fields are numbered through all messages; these columns hold what the parser asks of one.
const all: { kind: number; field: Field }[] = messages.flatMap((message, kind) =>
  message.fields.map((field) => ({ kind, field })),
);

/** The JSON names' bytes. */
const names: readonly Buffer[] = all.map(({ field }) => Buffer.from(field.json));

/** Fields there are. */
export const FIELDS: number = all.length;

/** The schema's row. */
export const fieldOf: readonly Field[] = all.map(({ field }) => field);

/** One bit per field of its message, shared by the members of a oneof: a second occurrence replaces the first. */
export const bitOf: Int32Array = Int32Array.from(all, ({ kind, field }) => {
  const fields = messages[kind]!.fields;
  return 1 << (field.oneof === '' ? fields.indexOf(field) : fields.findIndex((each) => each.oneof === field.oneof));
});

// What the parser expects as a field's value.
export const OBJECT = 0;
export const STRING = 1;
export const FIXED64 = 2;
export const DOUBLE = 3;
export const BOOL = 4;
export const ID = 5;
export const BYTES = 6;
export const INTEGER = 7;
const expected: { readonly [type in Field['type']]?: number } = {
  message: OBJECT,
  string: STRING,
  fixed64: FIXED64,
  double: DOUBLE,
  bool: BOOL,
  id: ID,
  bytes: BYTES,
};
export const expectedOf: Int8Array = Int8Array.from(all, ({ field }) => expected[field.type] ?? INTEGER);

/** 1 for repeated fields. */
export const repeatedOf: Int8Array = Int8Array.from(all, ({ field }) => (field.repeated ? 1 : 0));

/** Kind of the message the field holds, -1 for scalars. */
export const childOf: Int32Array = Int32Array.from(all, ({ field }) =>
  field.message === '' ? -1 : kindOf(field.message),
);

/** Tag on the wire; of a repeated number that of the packed form. */
export const tagOf: Int32Array = Int32Array.from(
  all,
  ({ field }) => (field.number << 3) | (field.repeated ? 2 : wireTypeOf(field)),
);

// Each message has a table of 64 slots in which its names, hashed by length and three bytes, do not collide.
const slots = new Int16Array(messages.length << 6).fill(-1);
const factors = new Int32Array(messages.length);

for (let kind = 0; kind < messages.length; kind++) {
  const own = names.map((_, id) => id).filter((id) => all[id]!.kind === kind);
  let factor = 1;
  const slotsOf = (): number[] => own.map((id) => hash(factor, names[id]!, 0, names[id]!.length));
  while (new Set(slotsOf()).size < own.length) {
    factor += 2;
    if (factor > 100_000) throw new RangeError(`no hash tells the names of ${messages[kind]!.name} apart`);
  }
  factors[kind] = factor;
  slotsOf().forEach((slot, index) => {
    slots[(kind << 6) | slot] = own[index]!;
  });
}

function hash(factor: number, b: Uint8Array, from: number, n: number): number {
  const mixed = Math.imul(n + b[from]! * 31 + b[from + n - 1]! * 8209 + b[from + (n >> 1)]! * 2097169, factor);
  return ((mixed >>> 20) ^ (mixed >>> 9)) & 63;
}

/** Whether the name of this field and a closing quote stand at b[from]. */
export function isNamed(id: number, b: Uint8Array, from: number): boolean {
  const name = names[id]!;
  let q = from;
  for (let i = 0; i < name.length; i++) if (b[q++] !== name[i]) return false;
  return b[q] === 0x22;
}

/** Length of the field's name. */
export const lengthOf: Int8Array = Int8Array.from(names, (name) => name.length);

/** Number of the field called b[from, from + n) in messages of this kind, -1 for none. */
export function fieldNamed(kind: number, b: Uint8Array, from: number, n: number): number {
  if (n === 0) return -1;
  const id = slots[(kind << 6) | hash(factors[kind]!, b, from, n)]!;
  if (id < 0) return -1;
  const name = names[id]!;
  if (name.length !== n) return -1;
  for (let i = 0; i < n; i++) if (name[i] !== b[from + i]) return -1;
  return id;
}
