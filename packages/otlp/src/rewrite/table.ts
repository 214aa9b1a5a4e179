import { type Field, kindOf, messages, wireTypeOf } from '../schema/schema.js';

/** A string or bytes field that is no part of an attribute: `span.name`, `metric.unit`, `resource_logs.schema_url`. */
export interface TextField {
  /** Message and field in snake case: `log_record.severity_text`. */
  readonly name: string;
  readonly message: string;
  readonly field: string;
  /** `id` has a fixed length in bytes. */
  readonly type: 'string' | 'bytes' | 'id';
}

/** Every {@link TextField} of OTLP requests; a sink gets the position in this list. */
export const textFields: readonly TextField[] = messages.flatMap(({ name, fields }) =>
  fields.flatMap(({ name: field, type }) =>
    isText(type) && name !== 'AnyValue' && name !== 'KeyValue'
      ? [{ name: `${snake(name)}.${field}`, message: name, field, type }]
      : [],
  ),
);

/** Messages that carry attributes, by the name of the message; a sink gets the position in this list. */
export const owners: readonly string[] = messages
  .filter(({ name, fields }) => name !== 'KeyValueList' && fields.some(({ message }) => message === 'KeyValue'))
  .map(({ name }) => name);

// What the walk does with a field; the low 3 bits, with a position in one of the lists above them.
export const UNKNOWN = 0;
export const SKIP = 1;
export const TEXT = 2;
export const ATTRIBUTE = 3;
export const VALUE = 4;
export const MESSAGE = 5;

/** Entries at `kind << 8 | tag` for tags of one byte. */
export const actions: Int32Array = new Int32Array(messages.length << 8);

/** What the walk does with a known field in this wire type; UNKNOWN when it never has that. */
export function actionOf(kind: number, number: number, wireType: number): number {
  const message = messages[kind]!;
  const field = message.fields.find((each) => each.number === number);
  if (field === undefined) return UNKNOWN;
  const own = wireTypeOf(field);
  if (own !== wireType) return field.repeated && own !== 2 && wireType === 2 ? SKIP : UNKNOWN;
  if (own !== 2) return SKIP;
  if (field.type !== 'message')
    return TEXT | (textFields.findIndex((each) => each.message === message.name && each.field === field.name) << 3);
  if (field.message === 'KeyValue') return ATTRIBUTE | (owners.indexOf(message.name) << 3);
  if (field.message === 'AnyValue') return VALUE | (textFields.length << 3);
  return MESSAGE | (kindOf(field.message) << 3);
}

function isText(type: Field['type']): type is TextField['type'] {
  return type === 'string' || type === 'bytes' || type === 'id';
}

function snake(name: string): string {
  return name.replace(/(?!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}

for (let kind = 0; kind < messages.length; kind++)
  for (const { number } of messages[kind]!.fields)
    if (number < 16)
      for (const wireType of [0, 1, 2, 5])
        actions[(kind << 8) | (number << 3) | wireType] = actionOf(kind, number, wireType);
