import type { Signal } from '@otelier/core';
import { FuzzedDoor } from '../door.js';
import { expectSameAsJson } from '../json-oracle.js';
import { mutateBytes, splice } from '../mutate.js';
import { expectSound } from '../oracle.js';
import type { Random } from '../random.js';
import { requestSeeds } from '../seeds.js';
import type { Target, Verdict } from '../target.js';

const words: readonly Buffer[] = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\', '\\u0000', '\\ud83d', '\\"', '{}', '[]', '""', 'null', 'true', 'false'],
  ...['0', '-0', '1e3', '1e400', '1.5', '-1', '9223372036854775808', '"9223372036854775807"', '18446744073709551615'],
  ...[
    '"NaN"',
    '"Infinity"',
    '"-Infinity"',
    '4294967296',
    '2147483648',
    '"attributes":[]',
    '"body":{}',
    '"unknown":[{}]',
  ],
  ...['"intValue":"1"', '"doubleValue":1', '"boolValue":true', '"arrayValue":{"values":[]}', '"bytesValue":"AA=="'],
  ...[
    '"kvlistValue":{"values":[{"key":"a"}]}',
    '"traceId":"00000000000000000000000000000001"',
    '"spanId":""',
    '\ufeff',
  ],
].map((word) => Buffer.from(word));

/** JSON bodies of one signal. */
export class JsonTarget implements Target {
  readonly name: string;
  readonly share: number = 9;
  private readonly signal: Signal;
  private readonly door: FuzzedDoor = new FuzzedDoor();

  constructor(signal: Signal) {
    this.signal = signal;
    this.name = `json ${signal}`;
  }

  seeds(random: Random): Buffer[] {
    return requestSeeds(this.signal, 'json', random);
  }

  mutate(input: Buffer, other: Buffer, random: Random): Buffer {
    if (random.below(4) === 0) return mutateBytes(input, other, random);
    let text = input;
    for (let edits = 1 + (random.bits() & random.bits() & 3); edits > 0; edits--) text = editText(text, other, random);
    return text;
  }

  run(input: Buffer, isDeep: boolean): Verdict {
    const came = Buffer.from(input);
    const batch = this.door.receive(this.signal, input, 'json');
    if (batch === undefined) return 'refused';
    if (batch === 'empty') return 'taken';
    expectSound(batch, batch.bytes(), isDeep);
    expectSameAsJson(batch, came, isDeep);
    return 'taken';
  }
}

/** An edit at the borders of JSON's words, so that many mutants are still JSON. */
function editText(text: Buffer, other: Buffer, random: Random): Buffer {
  const from = border(text, random);
  const to = random.below(3) === 0 ? from : border(text.subarray(0, Math.min(text.length, from + 200)), random, from);
  switch (random.below(5)) {
    case 0:
      return splice(text, from, to, Buffer.alloc(0));
    case 1:
      return splice(text, from, from, text.subarray(from, to));
    case 2: {
      const start = border(other, random);
      return splice(text, from, to, other.subarray(start, border(other.subarray(0, start + 300), random, start)));
    }
    case 3:
      return splice(text, from, from, Buffer.concat([random.pick(words), Buffer.from(',')]));
    default:
      return splice(text, from, to, random.pick(words));
  }
}

const borders = new Set(Buffer.from('{}[],:"'));

/** A position before a mark of JSON's grammar, at `from` or later. */
function border(text: Buffer, random: Random, from = 0): number {
  let at = from + random.below(text.length - from + 1);
  while (at < text.length && !borders.has(text[at] as number)) at++;
  return at;
}
