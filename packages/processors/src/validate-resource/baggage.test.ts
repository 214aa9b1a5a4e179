import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BaggageMember, checkBaggage, formatBaggage, parseBaggage } from './baggage.js';

const special = '\t "\';=asdf!@#$%^&*()';
const encoded = encodeURIComponent(special).replace(
  /[!'()*]/g,
  (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
);

type Properties = BaggageMember['properties'];
const member = (key: string, value: string, ...properties: Properties): BaggageMember => ({ key, value, properties });
const [one, two] = [
  [
    member('SomeKey', 'SomeValue', { key: 'SomeProp' }),
    member('SomeKey2', 'SomeValue2', { key: 'ValueProp', value: 'PropVal' }),
  ],
  [
    member('SomeKey', 'SomeValue', { key: 'SomePropKey', value: 'SomePropValue' }),
    member('SomeKey2', 'SomeValue2', { key: 'SomePropKey2', value: 'SomePropValue2' }),
  ],
];
const spaced = (text: string) => text.replace(/[,;=]/g, ' \t $& \t ');

/** What the tests in the repository of the specification read, by their names. */
const cases: readonly (readonly [name: string, text: string, members: readonly BaggageMember[]])[] = [
  ['BaggageTest.test_parse_simple', 'SomeKey=SomeValue', [member('SomeKey', 'SomeValue')]],
  ['BaggageTest.test_parse_multiple', 'SomeKey=SomeValue;SomeProp,SomeKey2=SomeValue2;ValueProp=PropVal', one!],
  [
    'BaggageTest.test_parse_multiple_ows',
    spaced('SomeKey=SomeValue;SomeProp,SomeKey2=SomeValue2;ValueProp=PropVal'),
    one!,
  ],
  [
    'BaggageTest.test_parse_multiple_kv_property',
    'SomeKey=SomeValue;SomePropKey=SomePropValue,SomeKey2=SomeValue2;SomePropKey2=SomePropValue2',
    two!,
  ],
  [
    'BaggageTest.test_parse_multiple_kv_property_ows',
    spaced('SomeKey=SomeValue;SomePropKey=SomePropValue,SomeKey2=SomeValue2;SomePropKey2=SomePropValue2'),
    two!,
  ],
  ['BaggageEntryTest.test_parse_simple', 'SomeKey=SomeValue', [member('SomeKey', 'SomeValue')]],
  ['BaggageEntryTest.test_parse_multiple_equals', 'SomeKey=SomeValue=equals', [member('SomeKey', 'SomeValue=equals')]],
  ['BaggageEntryTest.test_parse_percent_encoded', `SomeKey=${encoded}`, [member('SomeKey', special)]],
  [
    'BaggageEntryTest.test_parse_property',
    'SomeKey=SomeValue;SomeProp',
    [member('SomeKey', 'SomeValue', { key: 'SomeProp' })],
  ],
  [
    'BaggageEntryTest.test_parse_multi_property',
    'SomeKey=SomeValue;SomeProp;SecondProp=PropValue',
    [member('SomeKey', 'SomeValue', { key: 'SomeProp' }, { key: 'SecondProp', value: 'PropValue' })],
  ],
  [
    'BaggageEntryTest.test_parse_multiple_properties_same_name',
    'SomeKey=SomeValue;SomeProp=Value1;SomeProp=Value2',
    [member('SomeKey', 'SomeValue', { key: 'SomeProp', value: 'Value1' }, { key: 'SomeProp', value: 'Value2' })],
  ],
  [
    'BaggageEntryTest.test_parse_kv_property',
    'SomeKey=SomeValue;SomePropKey=SomePropValue',
    [member('SomeKey', 'SomeValue', { key: 'SomePropKey', value: 'SomePropValue' })],
  ],
  ['BaggageEntryTest.test_parse_simple_ows', 'SomeKey \t = \t SomeValue \t ', [member('SomeKey', 'SomeValue')]],
  ['BaggageEntryTest.test_parse_percent_encoded_ows', `SomeKey \t = \t ${encoded} \t `, [member('SomeKey', special)]],
  [
    'BaggageEntryTest.test_parse_property_ows',
    'SomeKey \t = \t SomeValue \t ; \t SomeProp',
    [member('SomeKey', 'SomeValue', { key: 'SomeProp' })],
  ],
  [
    'BaggageEntryTest.test_parse_multi_property_ows',
    spaced('SomeKey=SomeValue;SomeProp;SecondProp=PropValue'),
    [member('SomeKey', 'SomeValue', { key: 'SomeProp' }, { key: 'SecondProp', value: 'PropValue' })],
  ],
  [
    'BaggageEntryTest.test_parse_kv_property_ows',
    spaced('SomeKey=SomeValue;SomePropKey=SomePropValue'),
    [member('SomeKey', 'SomeValue', { key: 'SomePropKey', value: 'SomePropValue' })],
  ],
  [
    'BaggageEntryTest.test_parse_percent_encoded_property',
    `SomeKey=SomeValue;SomePropKey=${encoded}`,
    [member('SomeKey', 'SomeValue', { key: 'SomePropKey', value: special })],
  ],
  [
    'BaggageEntryTest.test_parse_property_without_value_no_percent_decoding',
    'SomeKey=SomeValue;ValueProp%20%09%20%3D%20%09%20PropVal',
    [member('SomeKey', 'SomeValue', { key: 'ValueProp%20%09%20%3D%20%09%20PropVal' })],
  ],
];

describe("the specification's own cases", () => {
  test('BaggageTest.test_ctor_default: nothing is written as nothing', () => {
    expect(formatBaggage([])).toBe('');
  });

  test('BaggageEntryTest.test_ctor_default: a member has no properties of its own accord', () => {
    expect(formatBaggage([{ key: 'SomeKey', value: 'SomeValue' }])).toBe('SomeKey=SomeValue');
  });

  test.each(cases)('%s', (_, text, members) => {
    expect(parseBaggage(text)).toEqual({ members, mistakes: [] });
    expect(parseBaggage(formatBaggage(members))).toEqual({ members, mistakes: [] });
  });

  test('LimitsTest.test_serialize_at_least_64', () => {
    const members = Array.from({ length: 64 }, (_, i) => ({ key: `key${i}`, value: 'value' }));
    const text = formatBaggage(members);
    expect(text.split(',')).toHaveLength(64);
    expect(checkBaggage(text)).toEqual([]);
  });

  test('LimitsTest.test_serialize_long_entry', () => {
    const text = formatBaggage([{ key: 'a', value: '0123456789'.repeat(819) }]);
    expect(text).toHaveLength(8192);
    expect(checkBaggage(text)).toEqual([]);
  });

  test('LimitsTest.test_serialize_many_entries: all are written, though only 64 must be passed on', () => {
    const members = Array.from({ length: 512 }, (_, i) => ({ key: String(i).padStart(3, '0'), value: '0123456789a' }));
    const text = `${formatBaggage(members)}b`;
    expect(text).toHaveLength(8192);
    expect(parseBaggage(text).members).toHaveLength(512);
    expect(checkBaggage(text)).toEqual([{ fault: 'too-many', member: -1 }]);
  });
});

test('what is written reads back the same, in order', () => {
  const key = fc.string({ unit: fc.constantFrom(..."!#$%&'*+-.^_`|~09azAZ"), minLength: 1, maxLength: 5 });
  const value = fc.string({ unit: 'grapheme', maxLength: 8 });
  const properties = fc.array(fc.oneof(fc.record({ key, value }), fc.record({ key })), { maxLength: 3 });
  fc.assert(
    fc.property(fc.array(fc.record({ key, value, properties }), { minLength: 1, maxLength: 5 }), (members) => {
      expect(parseBaggage(formatBaggage(members))).toEqual({ members, mistakes: [] });
    }),
  );
});

test('a key that is no token cannot be written', () => {
  expect(() => formatBaggage([{ key: 'a b', value: '' }])).toThrow('formatBaggage: members[0]');
});
