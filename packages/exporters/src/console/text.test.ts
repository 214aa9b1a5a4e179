import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columns, cut, visible } from './text.js';

test.each([
  ['plain', 5],
  ['äöü', 3],
  ['日本', 4],
  ['👍', 2],
  ['e\u0301', 1],
  ['한글', 4],
])('%s takes %i columns', (text, width) => {
  expect(columns(text)).toBe(width);
});

test.each([
  ['plain', 5, 'plain'],
  ['plain', 4, 'pla…'],
  ['日本語', 4, '日…'],
  ['日本語', 5, '日本…'],
  ['plain', 0, ''],
])('%s cut to %i columns is %s', (text, max, shown) => {
  expect(cut(text, max)).toBe(shown);
});

test('a cut text never takes more columns than it may', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, max) => {
      expect(columns(cut(visible(text), max))).toBeLessThanOrEqual(max);
    }),
  );
});

test('making a text visible twice changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(visible(visible(text))).toBe(visible(text));
    }),
  );
});
