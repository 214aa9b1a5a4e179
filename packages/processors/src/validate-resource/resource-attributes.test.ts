import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatResourceAttributes,
  parseResourceAttributes,
  type ResourceAttributesSpec,
} from './resource-attributes.js';
import { sdkGenerations, simulateSdk } from './sdk-generations.js';

const specs: readonly ResourceAttributesSpec[] = ['any', 'baggage', 'percent'];
const read = (text: string, spec: ResourceAttributesSpec = 'any') => {
  const { attributes, mistakes } = parseResourceAttributes(text, { spec });
  return { attributes: Object.fromEntries(attributes), mistakes };
};
const faults = (text: string, spec: ResourceAttributesSpec) =>
  read(text, spec).mistakes.map(({ fault, part, at }) => `${fault} ${part} ${at}`);

describe('the examples of the Claude Code monitoring page', () => {
  test("org.name=John's Organization is wrong: it holds a blank", () => {
    const { attributes, mistakes } = read("org.name=John's Organization");
    expect(attributes).toEqual({});
    expect(mistakes).toMatchObject([{ fault: 'space', part: 'value', at: 15, key: 'org.name' }]);
    expect(simulateSdk("org.name=John's Organization", 'js-1').lost).toBe(true);
  });

  test.each([
    ['org.name=Johns_Organization', 'Johns_Organization'],
    ['org.name=JohnsOrganization', 'JohnsOrganization'],
    ['org.name=John%27s%20Organization', "John's Organization"],
  ])('%s is right under every specification and SDK generation', (text, value) => {
    for (const spec of specs) expect(read(text, spec)).toEqual({ attributes: { 'org.name': value }, mistakes: [] });
    for (const { id } of sdkGenerations) expect(simulateSdk(text, id).attributes.get('org.name')).toBe(value);
  });

  test('user.organizationName=My Company is wrong: it holds a blank', () => {
    expect(faults('user.organizationName=My Company', 'any')).toEqual(['space value 24']);
  });

  test('org.name="My Company" is wrong: quotes protect nothing and become part of the value', () => {
    expect(read('org.name="My Company"').mistakes).toMatchObject([{ fault: 'quote', at: 9, key: 'org.name' }]);
    expect(simulateSdk('org.name="My Company"', 'js-2.9').attributes.get('org.name')).toBe('"My Company"');
  });

  test('department=engineering,team.id=platform,cost_center=eng-123 is right', () => {
    expect(read('department=engineering,team.id=platform,cost_center=eng-123')).toEqual({
      attributes: { department: 'engineering', 'team.id': 'platform', cost_center: 'eng-123' },
      mistakes: [],
    });
  });
});

/** What each specification says of a text, with the place of the mistake. */
test.each([
  ['', [], [], []],
  ['a=1', [], [], []],
  ['a=1, b = 2 ', [], [], []],
  ['a=', [], [], []],
  ["org.name=John's Organization", ['space value 15'], ['space value 15'], []],
  ['b="quoted"', ['quote value 2'], ['quote value 2'], []],
  ['a=1,b,c=3', ['no-value pair 4'], ['no-value pair 4'], ['no-value pair 4']],
  ['a=1,,c=3', ['empty pair 4'], ['empty pair 4'], ['empty pair 4']],
  ['a=1,', ['empty pair 4'], ['empty pair 4'], ['empty pair 4']],
  ['a=1,b=x=y', ['delimiter value 7'], [], ['delimiter value 7']],
  ['a=1,=v', ['empty key 4'], ['empty key 4'], ['empty key 4']],
  ['b=100%', ['percent value 5'], ['percent value 5'], ['percent value 5']],
  ['b=x%E0%A4', ['percent value 3'], ['percent value 3'], ['percent value 3']],
  ['b=café', ['non-ascii value 5'], ['non-ascii value 5'], []],
  ['b=x;y', ['semicolon value 3'], ['semicolon value 3'], []],
  ['b=C:\\dir', ['backslash value 4'], ['backslash value 4'], []],
  ['b=x\ny', ['control value 3'], ['control value 3'], []],
  ['a b=1', ['space key 1'], ['space key 1'], []],
  ['a/b=1', ['delimiter key 1'], ['delimiter key 1'], []],
  ['k%20x=1', ['percent key 1'], [], []],
  ['k%=1', ['percent key 1'], [], ['percent key 1']],
  [`b=${'v'.repeat(255)}`, [], [], []],
  [`b=${'v'.repeat(256)}`, ['too-long value 2'], ['too-long value 2'], ['too-long value 2']],
  [`b=${'%41'.repeat(86)}`, ['too-long value 2'], ['too-long value 2'], []],
  [`${'k'.repeat(256)}=1`, ['too-long key 0'], ['too-long key 0'], ['too-long key 0']],
])('%j: any %j, baggage %j, percent %j', (text, ...expected) => {
  expect(specs.map((spec) => faults(text, spec))).toEqual(expected);
});

test('keys are decoded where the specification says so, the last of two pairs counts, good pairs stand beside bad ones', () => {
  expect(read('k%20x=1', 'percent').attributes).toEqual({ 'k x': '1' });
  expect(read('k%20x=1', 'baggage').attributes).toEqual({ 'k%20x': '1' });
  expect(read('a=1,a=2,b c').attributes).toEqual({ a: '2' });
});

test.each([
  ['a=1,org.name=My Company', 'pair 2, character 16: expected no blank in the value of "org.name" (write %20)'],
  ['a=1,', 'pair 2, character 5: expected a pair: there is a comma too many'],
  ['a=x=y', 'pair 1, character 4: expected one "=" in the pair of "a" (write %3D)'],
  [
    'a=100%',
    'pair 1, character 6: expected two hexadecimal digits of UTF-8 after "%" in the value of "a" (write %25 for a percent sign)',
  ],
  ['a=b,rest', 'pair 2, character 5: expected key=value: there is no "=" (a comma inside a value is written %2C)'],
  ['a b=1', 'pair 1, character 2: expected no blank in the key (write %20)'],
])('of %j it says %j', (text, message) => {
  expect(read(text).mistakes.map((mistake) => mistake.message)).toEqual([message]);
});

describe('what formatResourceAttributes writes', () => {
  const key = fc.string({ unit: fc.constantFrom(..."!#$&'*+-.^_`|~09azAZ"), minLength: 1, maxLength: 9 });
  // An object in JavaScript does not keep this name, so its SDKs lose it.
  const ordinary = key.filter((name) => name !== '__proto__');
  const value = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(...'=,%;\\" \t\u00a0é😀a1$\'\n\0'), maxLength: 12 }),
    fc.constantFrom('%20', '100%', ' padded ', '"quoted"', '%E0%A4', ''),
  );

  test('reads back the same under every specification and from every SDK generation', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(ordinary, value), { selector: ([name]) => name, maxLength: 6 }),
        (entries) => {
          const attributes = new Map(entries);
          const text = formatResourceAttributes(attributes);
          expect(formatResourceAttributes(Object.fromEntries(entries))).toHaveLength(text.length);
          const asObject = Object.fromEntries(entries);
          for (const spec of specs) expect(read(text, spec)).toEqual({ attributes: asObject, mistakes: [] });
          for (const { id } of sdkGenerations) {
            const { attributes: sent, copies, lost } = simulateSdk(text, id);
            expect({ sent: Object.fromEntries(sent), lost }, id).toEqual({ sent: asObject, lost: false });
            if (copies !== undefined) expect(Object.fromEntries(copies)).toEqual(asObject);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('with any key at all reads back from the generations that decode keys', () => {
    const any = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((name) => name !== '__proto__');
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(any, value), { selector: ([name]) => name, maxLength: 6 }), (entries) => {
        const text = formatResourceAttributes(new Map(entries), { spec: 'percent' });
        for (const id of ['js-2.6', 'js-2.9'] as const)
          expect(Object.fromEntries(simulateSdk(text, id).attributes)).toEqual(Object.fromEntries(entries));
        expect(read(text, 'percent')).toEqual({ attributes: Object.fromEntries(entries), mistakes: [] });
      }),
    );
  });

  test('encodes what must be encoded and nothing else', () => {
    expect(formatResourceAttributes({ a: "John's Org", b: 'x=y,z', c: '100%' })).toBe(
      "a=John's%20Org,b=x%3Dy%2Cz,c=100%25",
    );
  });

  test.each([
    [{ 'a b': '1' }, {}, 'formatResourceAttributes: a b: expected a key of letters'],
    [{ 'a%20': '1' }, {}, 'formatResourceAttributes: a%20'],
    [{ '': '1' }, { spec: 'percent' }, 'formatResourceAttributes: attribute 1: expected a key that is not empty'],
    [{ a: 'x'.repeat(256) }, {}, 'at most 255 characters'],
    [{ a: 'é'.repeat(100) }, {}, 'at most 255 characters once percent-encoded'],
    [{ a: '\ud800' }, {}, 'formatResourceAttributes: a: expected well-formed Unicode'],
  ] as const)('cannot write %j %j', (attributes, options, message) => {
    expect(() => formatResourceAttributes(attributes as Record<string, string>, options)).toThrow(message);
  });

  test('a value that is long only once encoded is written for generations that decode first', () => {
    const value = 'é'.repeat(100);
    const text = formatResourceAttributes({ a: value }, { spec: 'percent' });
    expect(simulateSdk(text, 'js-2.9').attributes.get('a')).toBe(value);
    expect(simulateSdk(text, 'js-1').lost).toBe(true);
  });
});

test('never throws, points into the text, and never tells a value', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...specs), (rest, spec) => {
      const text = `k=secret value${rest.replaceAll('=', '')}`;
      for (const mistake of parseResourceAttributes(text, { spec }).mistakes) {
        expect(JSON.stringify(mistake)).not.toContain('secret');
        expect(mistake.at).toBeLessThanOrEqual(text.length);
      }
    }),
  );
});
