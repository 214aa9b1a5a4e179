import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkValue, encodeValue } from './baggage-grammar.js';
import { formatResourceAttributes } from './resource-attributes.js';
import { type AttributeFault, repairValue, valueFaults } from './resource-faults.js';
import { type SdkGeneration, simulateSdk } from './sdk-generations.js';

const faults = (value: string) => valueFaults(value).map(({ fault }) => fault);

test.each<[string, AttributeFault[]]>([
  ['platform', []],
  ['', []],
  ["John's_Organization", []],
  ['a=b/c:d', []],
  ['My Company', ['space']],
  ['My\tCompany', ['space']],
  ['"MyCompany"', ['quote']],
  ['"My Company"', ['quote', 'space']],
  ["'MyCompany'", ['quote']],
  ["'My Company'", ['quote', 'space']],
  ['"My', ['quote']],
  ['Company"', ['quote']],
  ['5" disk', ['quote', 'space']],
  ['a,b', ['comma']],
  ['a;b', ['semicolon']],
  ['C:\\dir', ['backslash']],
  ['a\nb', ['control']],
  ['Zürich', ['non-ascii']],
  ['100%', ['percent']],
  ['%ZZ%20', ['percent']],
  ['My%20Company', ['escape']],
  ['%2520', ['escape']],
  ['v'.repeat(255), []],
  ['v'.repeat(256), ['too-long']],
  ['%41'.repeat(100), ['escape']],
  ['$TEAM', ['unexpanded']],
  [`x-\${TEAM}`, ['unexpanded']],
  ['$(whoami)', ['unexpanded']],
  ['US$5', []],
  ['a$', []],
  ['Zürich AG; "x"', ['quote', 'space', 'semicolon', 'non-ascii']],
])('%j has %j', (value, expected) => {
  expect(faults(value)).toEqual(expected);
});

test.each([
  ['"My', 'a shell or client split the text inside quotes'],
  ['"x"', 'quotes around a value are part of it'],
  ['a"b', undefined],
  ['a b', 'it was not percent-encoded'],
  ['a%20b', 'it was encoded twice, or by a client that does not decode'],
  ['$TEAM', 'the text stood in single quotes or in a file that no shell reads'],
])('of %j it suspects: %s', (value, cause) => {
  expect(valueFaults(value)[0]?.cause).toBe(cause);
});

/** What reaches the wire of texts that people write, and whether a value alone tells. */
test.each<[string, SdkGeneration, string, AttributeFault[]]>([
  ["b=John's Organization", 'js-2.9', "John's Organization", ['space']],
  ['b="My Company"', 'js-2.6', '"My Company"', ['quote', 'space']],
  ['b="quoted"', 'js-1', 'quoted', []],
  ['b=100%', 'go', '100%', ['percent']],
  ['b=café', 'claude-code-2.1.330', 'café', ['non-ascii']],
  ['b=My%2520Company', 'js-1', 'My%20Company', ['escape']],
  ['b=C:\\dir', 'js-2.9', 'C:\\dir', ['backslash']],
  [`b=${'v'.repeat(256)}`, 'go', 'v'.repeat(256), ['too-long']],
])('%s by %s arrives as %j: %j', (text, generation, value, expected) => {
  expect(simulateSdk(text, generation).attributes.get('b')).toBe(value);
  expect(faults(value)).toEqual(expected);
});

describe('repair', () => {
  const anyValue = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(...'"\'%=,;\\ é😀a12$\n'), maxLength: 12 }),
    fc.constantFrom('%20', '%2520', '"\'a b\'"', '%22a%22', '%27a b%27', '100%25', '%C3', '""'),
  );
  const allFaults: AttributeFault[] = [
    'quote',
    'space',
    'comma',
    'semicolon',
    'backslash',
    'control',
    'non-ascii',
    'percent',
  ];
  const someFaults = fc.subarray([...allFaults, 'escape' as const]);

  test.each([
    ['"My Company"', 'My%20Company'],
    ["'MyCompany'", 'MyCompany'],
    ['"My', '%22My'],
    ['100%', '100%25'],
    ['done%20already', 'done%20already'],
    ['Zürich', 'Z%C3%BCrich'],
  ])('of %j is %j', (value, expected) => {
    expect(repairValue(value, (fault) => fault !== 'escape')).toBe(expected);
  });

  test.each([
    ['My%20Company', 'My Company'],
    ['My%2520Company', 'My Company'],
    ['100%', '100%'],
    ['%C3', '%C3'],
  ])('by decoding, of %j is %j', (value, expected) => {
    expect(repairValue(value, (fault) => fault === 'escape')).toBe(expected);
  });

  test('leaves only what is valid', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(checkValue(repairValue(value, () => true))).toBeUndefined();
      }),
    );
  });

  test('is idempotent, whatever it is told to repair, and changes nothing that is right', () => {
    fc.assert(
      fc.property(anyValue, someFaults, (value, told) => {
        const repairs = (fault: AttributeFault) => told.includes(fault);
        const once = repairValue(value, repairs);
        expect(repairValue(once, repairs)).toBe(once);
        if (!faults(value).some(repairs)) expect(once).toBe(value);
      }),
      { numRuns: 500 },
    );
  });

  test('finds nothing in a value of a text that formatResourceAttributes wrote and a strict client left encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 12 }), (value) => {
        const encoded = formatResourceAttributes({ a: value }).slice(2);
        expect(
          faults(encoded).filter((fault) => fault !== 'escape' && fault !== 'unexpanded' && fault !== 'quote'),
        ).toEqual([]);
        expect(encodeValue(encoded)).toBe(encoded);
      }),
    );
  });
});
