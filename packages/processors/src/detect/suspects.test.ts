import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { identitySamples } from '../../test/detect/identities.js';
import { labels, ordinaryTexts } from '../../test/detect/ordinary.js';
import { secretSamples } from '../../test/detect/secrets.js';
import { type Detector, Detectors, highEntropy, piiDetectors, secretDetectors } from './detect.js';
import { Scanner } from './prefilter/scanner.js';

const numRuns = Number(process.env.OTELIER_FUZZ_RUNS ?? 600);
const builtIn: readonly Detector[] = [...secretDetectors, ...piiDetectors, highEntropy()];
const detectors = new Detectors([...secretDetectors, ...piiDetectors]);
const samples = [...secretSamples(), ...identitySamples];
const secrets = samples.map(({ secret }) => secret);

const suspects = (text: string, inside = ''): boolean => {
  const bytes = Buffer.from(inside + text + inside);
  const margin = Buffer.byteLength(inside);
  return detectors.suspects(bytes, margin, bytes.length - margin);
};
const escapeOf = (text: string, i: number): string => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`;

/** Each of the ways to write a text so that it does not stand there in clear; `at` tells where or how much. */
const encodings: Readonly<Record<string, (text: string, at: number) => string>> = {
  clear: (text) => text,
  json: (text) => JSON.stringify(text),
  'json in json': (text) => JSON.stringify(JSON.stringify(text)),
  'json in json in json': (text) => JSON.stringify(JSON.stringify(JSON.stringify(text))),
  'unicode escapes': (text) => [...text].map((_, i) => escapeOf(text, i)).join(''),
  'one unicode escape': (text, at) =>
    text.slice(0, at % text.length) + escapeOf(text, at % text.length) + text.slice((at % text.length) + 1),
  'one escape in json': (text, at) =>
    JSON.stringify(
      text.slice(0, at % text.length) + escapeOf(text, at % text.length) + text.slice((at % text.length) + 1),
    ),
  hexadecimal: (text) => [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  percent: (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  'one percent': (text, at) =>
    [...Buffer.from(text)]
      .map((byte, i) =>
        i === at % text.length || byte > 127 || byte === 37
          ? `%${byte.toString(16).padStart(2, '0').toUpperCase()}`
          : String.fromCharCode(byte),
      )
      .join(''),
  component: (text) => encodeURIComponent(text),
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  'base64 in a longer text': (text, at) =>
    Buffer.from(`${'so it says'.slice(0, at % 9)} ${text} and so on`).toString('base64'),
  'base64 behind a word': (text, at) =>
    `${'path/to/x'.slice(0, 1 + (at % 8))}${Buffer.from(`It is ${text}`).toString('base64')}`,
  'wrapped base64': (text) => Buffer.from(`It is ${text} as told`).toString('base64').replace(/.{20}/g, '$&\n'),
  'wrapped base64 in json': (text) =>
    JSON.stringify(Buffer.from(`It is ${text} as told`).toString('base64').replace(/.{20}/g, '$&\r\n')),
};

describe('the prefilter', () => {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...secrets) },
    { weight: 2, arbitrary: fc.constantFrom(...samples.map(({ text }) => text)) },
    { weight: 2, arbitrary: fc.constantFrom(...labels, ...ordinaryTexts) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        ' ',
        '\n',
        '\\n',
        '"',
        '\\"',
        '=',
        ': ',
        '/',
        '@',
        '.',
        '-',
        '_',
        'a',
        '1',
        'ä',
        '%',
        '\\',
        '\t',
        '\\t',
        '\\u',
        '+',
        '(',
        ',',
        '0',
        'n',
        '://',
        'password',
        'Bearer ',
        '::',
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  );
  const cut = fc.tuple(piece, fc.nat(200), fc.nat(20)).map(([text, from, drop]) => {
    const at = from % (text.length + 1);
    return drop > 10 ? text : text.slice(0, at) + text.slice(at + (drop % 4));
  });
  const text = fc
    .array(fc.oneof(piece, cut), { minLength: 1, maxLength: 6 })
    .map((pieces) => Buffer.from(pieces.join('')).toString());

  test('lets nothing pass in which something would be found, whatever it is encoded in', () => {
    fc.assert(
      fc.property(
        text,
        fc.constantFrom(...Object.keys(encodings)),
        fc.nat(300),
        fc.constantFrom('', 'x', '4', '\\', 'AAAA'),
        (clear, encoding, at, margin) => {
          const encoded = clear === '' ? '' : encodings[encoding]!(clear, at);
          if (detectors.find(encoded).length > 0) expect(suspects(encoded, margin)).toBe(true);
        },
      ),
      { numRuns },
    );
  });

  test('has for each detector a clue wherever that detector finds something', () => {
    const scanner = new Scanner(builtIn.map(({ clue }) => clue));
    fc.assert(
      fc.property(text, (searched) => {
        const hits = new Uint8Array(builtIn.length);
        scanner.mark(Buffer.from(searched), hits);
        for (const [i, detector] of builtIn.entries()) {
          if (hits[i] === 1) continue;
          const found: string[] = [];
          detector.find(searched, (from, to) => found.push(searched.slice(from, to)));
          expect({ rule: detector.name, found }).toEqual({ rule: detector.name, found: [] });
        }
      }),
      { numRuns },
    );
  });

  test('reports in order, inside of the text, and nothing twice', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...Object.keys(encodings)), fc.nat(300), (clear, encoding, at) => {
        const encoded = clear === '' ? '' : encodings[encoding]!(clear, at);
        let end = 0;
        for (const { from, to } of detectors.find(encoded)) {
          expect(from).toBeGreaterThanOrEqual(end);
          expect(to).toBeGreaterThan(from);
          end = to;
        }
        expect(end).toBeLessThanOrEqual(encoded.length);
      }),
      { numRuns },
    );
  });

  test('a UUID is never taken for anything, even one of digits only', () => {
    const part = (length: number): fc.Arbitrary<string> =>
      fc
        .oneof({ weight: 8, arbitrary: fc.constant('0123456789') }, fc.constant('0123456789abcdef'))
        .chain((digits) => fc.string({ unit: fc.constantFrom(...digits), minLength: length, maxLength: length }));
    const uuid = fc.tuple(part(8), part(4), part(4), part(4), part(12)).map((parts) => parts.join('-'));
    fc.assert(
      fc.property(uuid, fc.constantFrom('', 'session ', '"'), (text, before) => {
        expect(detectors.find(`${before}${text}${before}`)).toEqual([]);
      }),
      { numRuns: 10 * numRuns },
    );
  });
});

describe('every sample', () => {
  // In clear a sample is found where it stands; encoded, so is what it is encoded in.
  test.each(Object.keys(encodings))('is found in %s, and nothing of it is left', (encoding) => {
    for (const { text, secret } of samples) {
      for (const at of [0, 1, 2, 3, 5, 8, 13]) {
        const encoded = encodings[encoding]!(text, at);
        const found = detectors.find(encoded);
        expect([text, found.length > 0], encoding).toEqual([text, true]);
        expect([text, suspects(encoded)]).toEqual([text, true]);
        let left = '';
        let end = 0;
        for (const { from, to } of found) {
          left += encoded.slice(end, from);
          end = to;
        }
        left += encoded.slice(end);
        expect(left.includes(secret) || left.includes(encodings[encoding]!(secret, at)), `${encoding}: ${text}`).toBe(
          false,
        );
      }
    }
  });
});
