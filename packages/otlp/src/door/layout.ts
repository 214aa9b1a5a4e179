import { type Field, kindOf, messages, wireTypeOf } from '../schema/schema.js';

// What the validator does with a field, found by its message's kind and its tag byte.
export const VARINT64 = 1;
export const UNSIGNED32 = 2;
export const SIGNED32 = 3;
export const BOOL = 4;
export const FIXED64 = 5;
export const FIXED32 = 6;
export const BYTES = 7;
export const PACKED_FIXED64 = 8;
export const PACKED_VARINT = 9;
export const KEY_VALUE = 10;
export const ANY_VALUE = 11;
/** Actions from here on: a message of kind `action - MESSAGE`. */
export const MESSAGE = 12;

export const KEY_VALUE_KIND: number = kindOf('KeyValue');
export const ANY_VALUE_KIND: number = kindOf('AnyValue');
export const ARRAY_KIND: number = kindOf('ArrayValue');
export const KVLIST_KIND: number = kindOf('KeyValueList');

/**
 * One entry per kind and one-byte tag, at `kind << 8 | tag`: the action in the low 8 bits; above them one bit for each
 * singular field, shared by the members of a oneof, so that a second occurrence shows. 0: no known field.
 */
export const layout: Int32Array = new Int32Array(messages.length << 8);

/** The entry for a known field in this wire type; 0 when the field never has this wire type. */
export function entryOf(kind: number, field: Field, wireType: number): number {
  return action(field, wireType) | (action(field, wireType) === 0 ? 0 : singularBit(kind, field) << 8);
}

function action(field: Field, wireType: number): number {
  const own = wireTypeOf(field);
  if (wireType !== own) {
    if (!field.repeated || own === 2 || wireType !== 2) return 0;
    return own === 1 ? PACKED_FIXED64 : PACKED_VARINT;
  }
  switch (field.type) {
    case 'bool':
      return BOOL;
    case 'enum':
    case 'int32':
      return SIGNED32;
    case 'uint32':
    case 'sint32':
      return UNSIGNED32;
    case 'int64':
    case 'uint64':
      return VARINT64;
    case 'fixed32':
      return FIXED32;
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return FIXED64;
    case 'message':
      if (field.message === 'KeyValue') return KEY_VALUE;
      return field.message === 'AnyValue' ? ANY_VALUE : MESSAGE + kindOf(field.message);
    default:
      return BYTES;
  }
}

function singularBit(kind: number, field: Field): number {
  if (field.repeated) return 0;
  const fields = messages[kind]!.fields;
  const slot = field.oneof === '' ? fields.indexOf(field) : fields.findIndex((each) => each.oneof === field.oneof);
  return 1 << slot;
}

for (let kind = 0; kind < messages.length; kind++) {
  for (const field of messages[kind]!.fields) {
    if (field.number > 15) continue;
    for (const wireType of [0, 1, 2, 5]) {
      layout[(kind << 8) | (field.number << 3) | wireType] = entryOf(kind, field, wireType);
    }
  }
}
