import { randomBytes } from 'node:crypto';
import type { AnyBatch } from '@otelier/core';
import { LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';
import { describe, expect, test } from 'vitest';
import { messages, requestKind } from '../../../otlp/src/schema/schema.js';
import { meaning } from '../../../otlp/test/oracle.js';
import { encodings, readable } from '../../test/encodings.js';
import { delimited, everywhere, string, valuesOf } from '../../test/everywhere.js';
import { base62, crc32 } from '../detect/secrets/checksums.js';
import { promptOptions } from '../redact-prompts/redact-prompts.js';
import { type RedactOptions, redactBatch, strict } from './redact.js';

const batches = { logs: LogsBatch, metrics: MetricsBatch, traces: TracesBatch } as const;
const signals = ['logs', 'metrics', 'traces'] as const;
type Signal = (typeof signals)[number];

const random = 'q7Zp3LmXr9TkWv2BnHc8JdYs5Gf4Ea';
const base64url = (text: string) => Buffer.from(text).toString('base64url');
const pem = `-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\nMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\n-----END PRIVATE KEY-----`;
const jwt = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url('{"sub":"1234567890","name":"Ada Lovelace","iat":1516239022}')}.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c`;

/** What must not leave, and the part of it that is looked for: less than all of it would do harm. */
const secrets: { readonly [name: string]: readonly [text: string, part: string] } = {
  'a GitHub token': [`ghp_${random}${base62(crc32(random))}`, random.slice(4, 24)],
  'an Anthropic key': [`sk-ant-api03-${random}${random}`, random],
  'a private key': [pem, 'MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu'],
  'a JWT': [jwt, jwt.slice(-43)],
  'an e-mail address': ['ada.lovelace@analytical-engines.org', 'lovelace@analytical'],
  'a card': ['4539 1488 0343 6467', '0343 6467'],
};
const prose = `Please look at the quarterly numbers of the north plant, which nobody outside of the board has seen,
and tell me – in plain words – why Mr. Kowalczyk's team in Łódź is so far behind the others this year.`;

const presets: { readonly [name: string]: RedactOptions } = {
  'redact()': {},
  'redactPrompts()': promptOptions(),
  'with fixed masks': promptOptions({ mask: 'fixed', payloads: 'whole' }),
  'that removes': promptOptions({ mask: 'remove', report: { attributes: true } }),
  'strict, with a key': strict({ keys: [{ id: 'k1', value: randomBytes(32) }] }),
  'strict, without one': strict(),
};

/** Attributes that nobody knows, that are labels, and that are content; those of identities are for identities. */
const keys = ['x', 'model', 'prompt', 'tool_input', 'department'];

const parsed = (signal: Signal, bytes: Buffer): AnyBatch => batches[signal].parse(bytes);

function* requestsWith(signal: Signal, text: string, nth = 0): Generator<Buffer> {
  const half = Math.floor(text.length / 2);
  const values = valuesOf(text, [text.slice(0, half), text.slice(half)]);
  // Gauge, sum, histogram, exponential histogram, summary: all in clear, and one after the other in other forms.
  const members = signal !== 'metrics' ? [0] : nth === 0 ? [0, 1, 2, 3, 4] : [nth % 5];
  for (const member of members)
    yield everywhere(requestKind[signal], { text, keys: [...keys, text], values, member, ids: nth % 2 === 1 });
}

describe.each(Object.entries(presets))('after %s', (_, options) => {
  describe.each(signals)('no %s hold', (signal) => {
    test.each(Object.entries(secrets))('%s, in whatever field and form', (_, [secret, part]) => {
      for (const [nth, [name, encode]] of Object.entries(encodings).entries()) {
        for (const request of requestsWith(signal, encode(secret), nth)) {
          const batch = parsed(signal, request);
          expect(readable(batch.bytes(), part), `${name}, before`).toBeDefined();
          const count = batch.count;
          const after = redactBatch(batch, options).bytes();
          expect(readable(after, part), name).toBeUndefined();
          expect(parsed(signal, after).count).toBe(count);
          meaning(requestKind[signal], after);
          expect(redactBatch(parsed(signal, after), options).bytes().equals(after), `${name}, again`).toBe(true);
        }
      }
    });

    test('prose, in whatever field and form', () => {
      for (const [nth, [name, encode]] of Object.entries(encodings).entries()) {
        for (const request of requestsWith(signal, encode(prose), nth)) {
          const after = redactBatch(parsed(signal, request), options).bytes();
          for (const part of ['quarterly numbers of the north plant', 'team in Łódź is so far behind'])
            expect(readable(after, part), name).toBeUndefined();
        }
      }
    });

    test('a secret cut in two', () => {
      for (const [secret] of Object.values(secrets).slice(0, 2)) {
        const [one, two] = [secret.slice(0, 20), secret.slice(20)];
        const attribute = (key: string, text: string) => Buffer.concat([string(key), delimited(2, string(text))]);
        const list = delimited(5, Buffer.concat([one, two].map((each) => delimited(1, string(each)))));
        for (const attributes of [
          [attribute('part.one', one), attribute('part.two', two)],
          [Buffer.concat([string('args'), delimited(2, list)])],
        ]) {
          const request = holding(signal, attributes);
          const after = redactBatch(parsed(signal, request), options).bytes();
          expect(after.includes(one) && after.includes(two)).toBe(false);
        }
      }
    });
  });
});

/** A request with these attributes on its resource, its scope and its item. */
function holding(signal: Signal, attributes: readonly Buffer[]): Buffer {
  const listed = (number: number) => Buffer.concat(attributes.map((each) => delimited(number, each)));
  const item = {
    logs: () => delimited(2, listed(6)),
    metrics: () => delimited(2, Buffer.concat([delimited(1, Buffer.from('m')), delimited(5, delimited(1, listed(7)))])),
    traces: () => delimited(2, listed(9)),
  }[signal]();
  const scope = delimited(2, Buffer.concat([delimited(1, listed(3)), item]));
  return delimited(1, Buffer.concat([delimited(1, listed(1)), scope]));
}

test('the requests that are made here fill every field of every message', () => {
  const filled = new Set<string>();
  for (const signal of signals)
    for (const request of requestsWith(signal, 'CANARY')) collect(messages[requestKind[signal]]!.name, request, filled);
  const missing = [...filled].filter((each) => each.startsWith('!'));
  expect(missing).toEqual([]);
  expect(filled.size).toBeGreaterThan(100);
});

/** Names of the fields that the other decoder sees; none of the schema's is to be missing. */
function collect(root: string, request: Buffer, filled: Set<string>): void {
  const visit = (name: string, value: unknown): void => {
    if (Array.isArray(value)) for (const each of value) visit(name, each);
    else if (typeof value === 'object' && value !== null)
      for (const [key, held] of Object.entries(value)) {
        const field = messages.find((each) => each.name === name)?.fields.find(({ json }) => json === key);
        filled.add(field === undefined ? `!${name}.${key}` : `${name}.${key}`);
        if (field !== undefined && field.message !== '') visit(field.message, held);
      }
  };
  visit(
    root,
    meaning(
      messages.findIndex(({ name }) => name === root),
      request,
      'bytes',
    ),
  );
}
