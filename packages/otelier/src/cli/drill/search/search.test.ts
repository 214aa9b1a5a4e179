import { random } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encoded, encodings, escaped } from '../canaries/encodings.js';
import type { Planted } from '../planting.js';
import { Needles } from './needles.js';
import { Search } from './search.js';

const piece = fc.string({ unit: fc.constantFrom(...'abXY12-_. '), minLength: 8, maxLength: 14 });
const planted = (pieces: readonly string[], all = false): Planted => ({
  ...{ signal: 'logs', item: 'user_prompt', field: 'prompt', class: 'content', kind: 'prompt', encoding: 'clear' },
  ...{ pieces, all },
});
const finds = (pieces: readonly string[], text: string, all = false): boolean =>
  new Search([planted(pieces, all)]).in([Buffer.from(text)]).size === 1;

describe('needles', () => {
  test('are found exactly where a plain search finds them', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(piece, { minLength: 1, maxLength: 8 }),
        fc.array(fc.oneof(piece, fc.string({ maxLength: 10 }), fc.nat(7)), { maxLength: 12 }),
        (texts, parts) => {
          // Some parts are needles, or beginnings of them.
          const hay = Buffer.from(
            parts.map((part) => (typeof part === 'number' ? texts[part % texts.length]! : part)).join(''),
          );
          const needles = new Needles();
          for (const text of texts) needles.add(text);
          const found = new Set<number>();
          needles.find(hay, (number) => found.add(number));
          expect([...found].sort()).toEqual([...texts.keys()].filter((i) => hay.includes(texts[i]!)).sort());
        },
      ),
      { numRuns: 500 },
    );
  });

  test('refuse what is too short to be told apart', () => {
    expect(() => new Needles().add('1234567')).toThrow('a needle has at least 8 characters');
  });
});

describe('a canary is found', () => {
  const text = fc.tuple(fc.string({ maxLength: 9 }), piece, fc.string({ maxLength: 9 }));
  test.each(encodings)('however it was planted: %s', (encoding) => {
    fc.assert(
      fc.property(text, fc.nat(), ([before, own, after], seed) => {
        expect(finds([own], encoded(before + own + after, encoding, random(seed)))).toBe(true);
      }),
    );
  });

  const spellings: Record<string, (text: string) => string> = {
    'JSON escapes with capitals': (own) => escaped(own).toUpperCase().replaceAll('\\U', '\\u'),
    'JSON escapes in JSON in JSON': (own) =>
      JSON.stringify({ a: JSON.stringify({ b: '?' }) }).replace('?', escaped(own)),
    'percent escapes, small': (own) => encoded(own, 'percent', random(1)).toLowerCase(),
    'percent escapes of some characters': (own) => `%20${own}%20`,
    base64url: (own) => Buffer.from(`???${own}>>>`).toString('base64url'),
    'base64 glued to what stands before it': (own) => `x${Buffer.from(`  ${own}`).toString('base64')}`,
    'base64 in a line of a form': (own) => `data=${Buffer.from(own).toString('base64')}&more=1`,
  };
  test.each(Object.entries(spellings))('in %s', (_, spell) => {
    fc.assert(
      fc.property(piece, (own) => {
        expect(finds([own], spell(own))).toBe(true);
      }),
    );
  });

  test('by any of its pieces, but by both when it was split', () => {
    const [one, other] = ['first-half', 'other-half'];
    expect(finds([one, other], `- ${other} -`)).toBe(true);
    expect(finds([one, other], `- ${other} -`, true)).toBe(false);
    expect(finds([one, other], `- ${other} - ${one}`, true)).toBe(true);
    // In different requests, as in one.
    const search = new Search([planted([one, other], true)]);
    expect(search.in([Buffer.from(one), Buffer.from(other)]).size).toBe(1);
  });
});

test('what is not there is not found', () => {
  const own = 'gone-for-good';
  const masked = [own.slice(0, 7), own.slice(-4), '***', Buffer.from(own.slice(0, 7)).toString('base64')];
  expect(finds([own], masked.join(' '))).toBe(false);
});
