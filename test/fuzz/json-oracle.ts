import { isUtf8 } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import type { AnyBatch } from '@otelier/core';
import { type Field, kindOf, messages, requestKind } from '../../packages/otlp/src/schema/schema.js';
import { meaning, meaningOfJson } from '../../packages/otlp/test/oracle.js';
import type { Plain } from '../../packages/otlp/test/reading.js';
import { countOf } from './oracle.js';
import { Broken, expectTrue } from './target.js';

/** What standard JSON decoders cannot say: which of two equal names counts, a 64-bit number without quotes, half a surrogate pair. */
class NotComparable extends Error {}

/**
 * Holds a batch that came as OTLP/JSON to two decoders that share no code with ours: `JSON.parse` must take the text and find as many
 * items; deeply, protobuf-es must find the same meaning in the bytes as in the text, told in standard protobuf JSON.
 *
 * @throws {Broken}
 */
export function expectSameAsJson(batch: AnyBatch, came: Buffer, isDeep: boolean): void {
  if (!isUtf8(came)) return;
  const text = came.toString();
  let tree: Plain;
  try {
    tree = JSON.parse(text);
  } catch {
    throw new Broken('what is taken is JSON');
  }
  if (hasRepeatedNames(text, tree)) return;
  expectTrue(batch.count === countOf(batch.signal, tree), 'as many items as JSON.parse finds');
  if (!isDeep || /[^"\d.]\d{16}|\\u[dD][89a-fA-F]/.test(text)) return;
  const kind = requestKind[batch.signal];
  let standard: string;
  try {
    standard = JSON.stringify(message(kind, tree));
  } catch (error) {
    if (error instanceof NotComparable) return;
    throw error;
  }
  const theirs = meaningOfJson(kind, standard);
  expectTrue(isDeepStrictEqual(meaning(kind, batch.bytes()), theirs), 'the bytes mean what the text means');
}

/** Two equal names in one object make fewer names in the tree than in the text. */
function hasRepeatedNames(text: string, tree: Plain): boolean {
  const inText = text.replace(/"(?:[^"\\]|\\.)*"(\s*:)?/gs, (_, colon) => (colon === undefined ? '' : '\u0001'));
  let names = 0;
  for (let at = inText.indexOf('\u0001'); at !== -1; at = inText.indexOf('\u0001', at + 1)) names++;
  return names !== countNames(tree);
}

function countNames(value: Plain): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inside = Object.values(value);
  return inside.reduce((sum: number, each) => sum + countNames(each), Array.isArray(value) ? 0 : inside.length);
}

/** OTLP/JSON as standard protobuf JSON: ids in base64, unknown names left out, the last member of a oneof. */
function message(kind: number, tree: Plain): Plain {
  const out: Record<string, unknown> = {};
  const members = new Map<string, string>();
  const { fields } = messages[kind]!;
  for (const [name, value] of Object.entries(tree)) {
    const field = fields.find(({ json }) => json === name);
    if (field === undefined || value === null) continue;
    if (field.oneof !== '') {
      const earlier = members.get(field.oneof);
      if (earlier !== undefined) delete out[earlier];
      members.set(field.oneof, name);
    }
    out[name] = field.repeated ? (value as Plain[]).map((each) => single(field, each)) : single(field, value);
  }
  return out;
}

function single(field: Field, value: Plain): Plain {
  if (value === null) {
    if (field.message === 'AnyValue') return {};
    throw new NotComparable();
  }
  if (field.type === 'message') return message(kindOf(field.message), value);
  if (field.type === 'id') return Buffer.from(value, 'hex').toString('base64');
  // Integers with an exponent or a fraction of zero are integers to protobuf's JSON mapping, but not to every reader of it.
  return value;
}
