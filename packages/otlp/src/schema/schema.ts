import type { Signal } from '../wire/signal.js';
import { type Row, rows } from './rows.js';

/**
 * How a field is encoded. `id` is `bytes` that OTLP/JSON writes as hex (trace and span ids), `enum` is an int32;
 * the rest are protobuf's own names.
 */
export type ScalarType =
  | 'string'
  | 'bytes'
  | 'id'
  | 'bool'
  | 'double'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'enum'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64';

/** One field of one message. */
export interface Field {
  readonly number: number;
  /** Name in the .proto file: `time_unix_nano`. */
  readonly name: string;
  /** Name in OTLP/JSON: `timeUnixNano`. */
  readonly json: string;
  /** `message` or how the scalar is encoded. */
  readonly type: ScalarType | 'message';
  /** Name of the message, '' for scalars. */
  readonly message: string;
  readonly repeated: boolean;
  /** Name of the oneof it belongs to, '' for none. */
  readonly oneof: string;
  /** Declared `optional`: an explicit zero differs from absence. */
  readonly optional: boolean;
}

/** One message: its name and its fields in order of number. */
export interface Message {
  readonly name: string;
  readonly fields: readonly Field[];
}

function field([number, name, type]: Row): Field {
  const words = type.split(' ');
  const last = words.at(-1) as string;
  const isMessage = last in rows;
  return {
    number,
    name,
    json: name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    type: isMessage ? 'message' : (last as ScalarType), // the table above holds no other words
    message: isMessage ? last : '',
    repeated: words[0] === 'repeated',
    oneof: words[0] === 'in' ? (words[1] as string) : '',
    optional: words[0] === 'optional',
  };
}

/** Every message OTLP's logs, metrics and traces are made of, by name; the index is the message's `kind`. */
export const messages: readonly Message[] = Object.entries(rows).map(([name, list]) => ({
  name,
  fields: list.map(field),
}));

/** Position of a message in {@link messages}. */
export function kindOf(message: string): number {
  const kind = messages.findIndex((each) => each.name === message);
  if (kind < 0) throw new RangeError(`no OTLP message is called ${message}`);
  return kind;
}

/** Kind of the export request of each signal. */
export const requestKind: { readonly [signal in Signal]: number } = {
  logs: kindOf('ExportLogsServiceRequest'),
  metrics: kindOf('ExportMetricsServiceRequest'),
  traces: kindOf('ExportTraceServiceRequest'),
};

/** Wire type of a single (not packed) value: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
export function wireTypeOf(field: Field): 0 | 1 | 2 | 5 {
  switch (field.type) {
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return 1;
    case 'fixed32':
      return 5;
    case 'string':
    case 'bytes':
    case 'id':
    case 'message':
      return 2;
    default:
      return 0;
  }
}
