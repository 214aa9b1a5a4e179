import { Fields } from '../src/door/fields.js';
import { kindOf, messages, wireTypeOf } from '../src/schema/schema.js';

/** What the bytes break of the promises `validateRequest` makes; '' when nothing. Written apart from the validator. */
export function breach(kind: number, bytes: Buffer): string {
  const { name, fields: known } = messages[kind]!;
  const fields = new Fields(bytes);
  const seen = new Set<string>();
  const order: number[] = [];
  while (fields.next()) {
    order.push(fields.number);
    const tag = minimal(fields.number * 8 + fields.wireType);
    if (!bytes.subarray(fields.at, fields.at + tag.length).equals(tag)) return `${name}: padded tag`;
    if (fields.wireType === 3) return `${name}: group`;
    const value = bytes.subarray(fields.from, fields.to);
    const length = minimal(value.length);
    if (fields.wireType === 2 && fields.from - fields.at !== tag.length + length.length)
      return `${name}: padded length`;
    const field = known.find((each) => each.number === fields.number);
    if (field === undefined) continue;
    if (!field.repeated) {
      const slot = field.oneof || field.name;
      if (seen.has(slot)) return `${name}.${slot} comes twice`;
      seen.add(slot);
    }
    if (field.type === 'message') {
      const inside = breach(kindOf(field.message), value);
      if (inside !== '') return inside;
    } else if (wireTypeOf(field) === 0 && fields.wireType === 0) {
      if (value.length > 1 && value.at(-1) === 0) return `${name}.${field.name}: padded varint`;
      if (field.type === 'bool' && value[0]! > 1) return `${name}.${field.name}: ${value[0]}`;
    }
  }
  if (fields.position !== bytes.length) return `${name}: framing`;
  if (name === 'KeyValue' && !/^1(,2)?$/.test(order.join())) return `KeyValue holds ${order.join()}`;
  if (name === 'AnyValue' && order.length > 1) return `AnyValue holds ${order.join()}`;
  return '';
}

function minimal(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
