import { type Field, kindOf, messages, wireTypeOf } from '../../otlp/src/schema/schema.js';

/** What stands in the text places of a request that is made from the schema. */
export interface Filling {
  /** Text of every string and bytes field, keys of attributes apart. */
  readonly text: string;
  /** Keys of attributes; each message that has attributes has one for each. */
  readonly keys: readonly string[];
  /** What the values of attributes and bodies are, encoded as AnyValue. */
  readonly values: readonly Buffer[];
  /** Which member of a oneof is set, of those of AnyValue apart. */
  readonly member: number;
  /** Ids have their right length; false: they hold the text. */
  readonly ids: boolean;
}

/** A message of this kind in which every field that the schema knows is set, and one that it does not know. */
export function everywhere(kind: number, filling: Filling): Buffer {
  const { name, fields } = messages[kind]!;
  if (name === 'KeyValue') throw new Error('attributes are written by the message that has them');
  if (name === 'AnyValue') return filling.values[0]!;
  const parts: Buffer[] = [];
  for (const field of fields) {
    const others = fields.filter(({ oneof }) => oneof !== '' && oneof === field.oneof);
    if (others.length > 0 && others[filling.member % others.length] !== field) continue;
    for (const content of contents(field, filling)) parts.push(Buffer.concat([varint(tag(field)), content]));
  }
  parts.push(delimited(1000, Buffer.from(filling.text)));
  return Buffer.concat(parts);
}

function contents(field: Field, filling: Filling): Buffer[] {
  const { text, keys, values, ids } = filling;
  switch (wireTypeOf(field)) {
    case 0:
      return [Buffer.from([1])];
    case 1:
      return [Buffer.alloc(8, 1)];
    case 5:
      return [Buffer.alloc(4, 1)];
  }
  if (field.message === 'KeyValue') return keys.flatMap((key) => values.map((value) => sized(keyValue(key, value))));
  if (field.message === 'AnyValue') return values.map(sized).slice(0, field.repeated ? undefined : 1);
  if (field.message !== '') return [sized(everywhere(kindOf(field.message), filling))];
  if (field.type === 'id' && ids) return [sized(Buffer.alloc(field.name === 'trace_id' ? 16 : 8, 7))];
  return [sized(Buffer.from(text))];
}

function keyValue(key: string, value: Buffer): Buffer {
  return Buffer.concat([delimited(1, Buffer.from(key)), delimited(2, value)]);
}

/** AnyValues that hold these texts: as text, bytes, list, map (as key and as value), and maps in lists. */
export function valuesOf(text: string, parts: readonly string[]): Buffer[] {
  const leaf = string(text);
  const list = (...elements: Buffer[]) => delimited(5, Buffer.concat(elements.map((each) => delimited(1, each))));
  const map = (key: string, value: Buffer) => delimited(6, delimited(1, keyValue(key, value)));
  return [
    leaf,
    delimited(7, Buffer.from(text)),
    list(leaf, string('x')),
    list(...parts.map(string)),
    map('key', leaf),
    map(text, string('x')),
    list(map('a.b', list(leaf))),
  ];
}

export function string(text: string): Buffer {
  return delimited(1, Buffer.from(text));
}

export function delimited(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), sized(content)]);
}

function sized(content: Buffer): Buffer {
  return Buffer.concat([varint(content.length), content]);
}

function tag(field: Field): number {
  return field.number * 8 + wireTypeOf(field);
}

function varint(n: number): Buffer {
  const bytes: number[] = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
  return Buffer.from([...bytes, n]);
}
