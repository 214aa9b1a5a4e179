import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkBaggage, parseBaggage } from './baggage.js';
import { checkKey, checkValue, encodeKey, encodeValue, unquote } from './baggage-grammar.js';

// The grammar as written down: RFC 7230 §3.2.6 `tchar`, W3C Baggage `baggage-octet` ranges.
const tchars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ranges = [
  [0x21, 0x21],
  [0x23, 0x2b],
  [0x2d, 0x3a],
  [0x3c, 0x5b],
  [0x5d, 0x7e],
] as const;

describe('all 256 octets', () => {
  for (let octet = 0; octet < 256; octet++) {
    const text = String.fromCharCode(octet);
    test(`0x${octet.toString(16).padStart(2, '0')}`, () => {
      const inValue = ranges.some(([from, to]) => octet >= from && octet <= to);
      expect(checkKey(`k${text}k`) === undefined).toBe(tchars.includes(text));
      // A lone percent sign is an octet of the grammar, but has to be encoded itself.
      expect(checkValue(`v${text}v`) === undefined).toBe(inValue && text !== '%');
      expect(checkValue(encodeValue(text))).toBeUndefined();
      expect(checkKey(encodeKey(text))).toBeUndefined();
    });
  }
});

test.each([
  ['', undefined, 'empty'],
  ['a b', 'space', 'space'],
  ['a\tb', 'space', 'space'],
  ['a\nb', 'control', 'control'],
  ['a\u007f', 'control', 'control'],
  ['"a"', 'quote', 'quote'],
  ['a;b', 'semicolon', 'semicolon'],
  ['a,b', 'comma', 'comma'],
  ['C:\\dir', 'backslash', 'delimiter'],
  ['a=b', undefined, 'delimiter'],
  ['a/b', undefined, 'delimiter'],
  ['Zürich', 'non-ascii', 'non-ascii'],
  ['100%', 'percent', undefined],
  ['%ZZ', 'percent', undefined],
  ['a%2', 'percent', undefined],
  ['John%27s%20Organization', undefined, undefined],
])('%j as value: %s, as key: %s', (text, asValue, asKey) => {
  expect(checkValue(text)).toBe(asValue);
  expect(checkKey(text)).toBe(asKey);
});

test.each([
  ["John's Organization", "John's%20Organization"],
  ['Zürich', 'Z%C3%BCrich'],
  ['a,b;c\\d"e', 'a%2Cb%3Bc%5Cd%22e'],
  ['100%', '100%25'],
  ['done%20already', 'done%20already'],
  ['😀', '%F0%9F%98%80'],
  ['\ud800', '%EF%BF%BD'],
  ['a\n', 'a%0A'],
])('encodes %j', (value, encoded) => {
  expect(encodeValue(value)).toBe(encoded);
});

test.each([
  ['"My Company"', 'My Company'],
  ['"', '"'],
  ['""', ''],
  ['a"b"', 'a"b"'],
])('unquotes %j', (value, bare) => {
  expect(unquote(value)).toBe(bare);
});

test('what is encoded is valid, reads back the same, and is not encoded again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const value = encodeValue(text.replaceAll('%', ''));
      expect(checkValue(value)).toBeUndefined();
      expect(encodeValue(value)).toBe(value);
      expect(parseBaggage(`k=${value}`).members[0]?.value).toBe(text.replaceAll('%', ''));
    }),
  );
});

describe('parseBaggage', () => {
  test.each([
    ['a=1', [['a', '1']]],
    [
      'a=1,b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      ' a \t=\t1 , b = 2 ',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['a=', [['a', '']]],
    ['a=x=y', [['a', 'x=y']]],
    [
      'a=1,a=2',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['a=%20%22%3B', [['a', ' ";']]],
    ['a=%E0%A4', [['a', '\ufffd']]],
    ['k%20x=1', [['k%20x', '1']]],
  ])('reads %j', (text, pairs) => {
    expect(parseBaggage(text)).toMatchObject({ members: pairs.map(([key, value]) => ({ key, value })), mistakes: [] });
  });

  test('reads properties, in order', () => {
    expect(parseBaggage('a=1;flag;p=2 ; p = %20').members[0]?.properties).toEqual([
      { key: 'flag' },
      { key: 'p', value: '2' },
      { key: 'p', value: ' ' },
    ]);
  });

  test.each([
    ['org.name=My Company,team.id=platform', { fault: 'space', member: 0, key: 'org.name' }],
    ['org.name="My Company"', { fault: 'quote', member: 0, key: 'org.name' }],
    ['a=1,justakey', { fault: 'no-value', member: 1, key: 'justakey' }],
    ['a=1,', { fault: 'empty', member: 1 }],
    ['=v', { fault: 'empty', member: 0 }],
    ['a b=1', { fault: 'space', member: 0 }],
    ['bad=%ZZ,team.id=platform', { fault: 'percent', member: 0, key: 'bad' }],
    ['city=Zürich', { fault: 'non-ascii', member: 0, key: 'city' }],
    ['a=1;x y', { fault: 'space', member: 0, key: 'a' }],
  ])('finds the mistake in %j', (text, mistake) => {
    expect(checkBaggage(text)).toEqual([mistake]);
  });

  test('keeps to the limits of the specification', () => {
    const members = (count: number) => Array.from({ length: count }, (_, i) => `k${i}=v`).join(',');
    expect(checkBaggage(members(64))).toEqual([]);
    expect(checkBaggage(members(65))).toEqual([{ fault: 'too-many', member: -1 }]);
    expect(checkBaggage(`k=${'v'.repeat(8190)}`)).toEqual([]);
    expect(checkBaggage(`k=${'v'.repeat(8191)}`)).toEqual([{ fault: 'too-long', member: -1 }]);
  });

  test('never throws and never tells a value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const mistake of checkBaggage(`k=secret value${text}`))
          expect(JSON.stringify(mistake)).not.toContain('secret');
      }),
    );
  });
});
