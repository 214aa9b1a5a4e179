import { envDetector as newest } from '@opentelemetry/resources';
import fc from 'fast-check';
import { envDetector as v25 } from 'resources-25';
import { envDetector as v26 } from 'resources-26';
import { envDetectorSync as v130 } from 'resources-130';
import { afterEach, describe, expect, test } from 'vitest';
import { generationOfClaudeCode, type SdkGeneration, sdkGenerations, simulateSdk } from './sdk-generations.js';

const columns = ['js-1', 'js-2.6', 'js-2.9', 'go'] as const;
type Attributes = Record<string, string>;

const read = (text: string, generation: SdkGeneration) => Object.fromEntries(simulateSdk(text, generation).attributes);

const long = 'v'.repeat(256);
const ac = { a: '1', c: '3' };

/** What each generation was measured to make of a text; Go as its source says. */
const matrix: readonly (readonly [text: string, ...expected: [Attributes, Attributes, Attributes, Attributes]])[] = [
  ["org.name=John's Organization", {}, ...same({ 'org.name': "John's Organization" })],
  ['org.name="My Company"', {}, ...same({ 'org.name': '"My Company"' })],
  ['b="quoted"', { b: 'quoted' }, ...same({ b: '"quoted"' })],
  ['a=1,b=two words,c=3', {}, ...same({ ...ac, b: 'two words' })],
  ['a=1,b,c=3', ac, {}, {}, ac],
  ['a=1,,c=3', ac, {}, ac, ac],
  ['a=1,', { a: '1' }, {}, { a: '1' }, { a: '1' }],
  ['a=1,b=x=y,c=3', ac, {}, {}, { ...ac, b: 'x=y' }],
  ['a=1,=v,c=3', {}, {}, {}, ac],
  ['a=1,b=100%,c=3', {}, {}, {}, { ...ac, b: '100%' }],
  ['a=1,b=%E0%A4,c=3', {}, {}, {}, { ...ac, b: '\ufffd' }],
  ['b=café', {}, ...same({ b: 'café' })],
  ['b=x;y', {}, ...same({ b: 'x;y' })],
  ['b=C:\\dir', {}, ...same({ b: 'C:\\dir' })],
  ['a b=1', {}, ...same({ 'a b': '1' })],
  ['k%20x=1', { 'k%20x': '1' }, { 'k x': '1' }, { 'k x': '1' }, { 'k%20x': '1' }],
  ['b=a%2Cb%3Dc', { b: 'a,b=c' }, ...same({ b: 'a,b=c' })],
  [`b=${long}`, {}, {}, {}, { b: long }],
  ['a=1,a=2', { a: '2' }, ...same({ a: '2' })],
];

function same(attributes: Attributes): [Attributes, Attributes, Attributes] {
  return [attributes, attributes, attributes];
}

describe.each(matrix)('%j', (text, ...expected) => {
  test.each(columns.map((id, i) => [id, expected[i]] as const))('%s', (id, attributes) => {
    expect(read(text, id)).toEqual(attributes);
  });
});

describe('the detectors themselves', () => {
  const before = process.env.OTEL_RESOURCE_ATTRIBUTES;
  afterEach(() => {
    if (before === undefined) delete process.env.OTEL_RESOURCE_ATTRIBUTES;
    else process.env.OTEL_RESOURCE_ATTRIBUTES = before;
  });

  const detect = (detector: { detect(): { attributes?: object } }, text: string) => {
    process.env.OTEL_RESOURCE_ATTRIBUTES = text;
    return detector.detect().attributes;
  };
  // Made of what the readers look at, so that many texts have pairs in them.
  const piece = fc.oneof(
    fc.constantFrom(
      ...'=,;%"\\ \t\n\u00a0\u0085\ufeff\u007fé😀aA1+',
      '=',
      ',',
      'a=1',
      'b="',
      '%20',
      '%E0%A4',
      '%C3%A9',
      '%zz',
      long,
    ),
    fc.constantFrom('__proto__', 'constructor', '1', 'key=', ',key=value'),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
  );
  // The environment of a process ends at a zero octet and holds no half of a surrogate pair.
  const text = fc
    .array(piece, { maxLength: 10 })
    .map((pieces) => Buffer.from(pieces.join('').replaceAll('\0', '')).toString());

  test.each([
    ['js-1', '1.30.1', v130],
    ['js-1', '2.5.1', v25],
    ['js-2.6', '2.6.1', v26],
    ['js-2.9', 'newest', newest],
  ] as const)('%s is what @opentelemetry/resources %s does', (id, _, detector) => {
    for (const [fixed] of matrix) expect(read(fixed, id)).toEqual(detect(detector, fixed));
    fc.assert(
      fc.property(text, (any) => {
        expect(read(any, id)).toEqual({ ...detect(detector, any) });
      }),
      { numRuns: 1000 },
    );
  });
});

/** As they were captured: what reaches the resource and, as a copy, every point and event. */
test.each([
  ['a=1,b=2', { a: '1', b: '2' }, { a: '1', b: '2' }],
  [
    'org.name=John%27s%20Organization,city=Z%C3%BCrich',
    { 'org.name': "John's Organization", city: 'Zürich' },
    { 'org.name': "John's Organization", city: 'Zürich' },
  ],
  ['bad=%ZZ,team.id=platform', { 'team.id': 'platform' }, { 'team.id': 'platform' }],
  [
    'org.name=My Company,team.id=platform',
    { 'org.name': 'My Company', 'team.id': 'platform' },
    { 'team.id': 'platform' },
  ],
  ['org.name="MyCompany",a=1', { 'org.name': '"MyCompany"', a: '1' }, { 'org.name': 'MyCompany', a: '1' }],
  ['org.name="My Company",a=1', { 'org.name': '"My Company"', a: '1' }, { a: '1' }],
  ['city=Zürich,a=1', { city: 'Zürich', a: '1' }, { a: '1' }],
  ['b=x;y,a=1', { b: 'x;y', a: '1' }, { a: '1' }],
  ['b=C:\\dir,a=1', { b: 'C:\\dir', a: '1' }, { a: '1' }],
  [`b=${'v'.repeat(300)},a=1`, { a: '1' }, { a: '1' }],
  [' a = 1 ,', { a: '1' }, { a: '1' }],
  ['justakey,a=1', { a: '1' }, { a: '1' }],
  ['expr=a=b,a=1', { a: '1' }, { a: '1' }],
  ['team.id=,a=1', { 'team.id': '', a: '1' }, { 'team.id': '', a: '1' }],
  ['a=1,a=2', { a: '2' }, { a: '2' }],
])('Claude Code 2.1.330 reads %j pair by pair', (text, resource, copies) => {
  const reading = simulateSdk(text, 'claude-code-2.1.330');
  expect(Object.fromEntries(reading.attributes)).toEqual(resource);
  expect(Object.fromEntries(reading.copies!)).toEqual(copies);
  expect(reading.lost).toBe(false);
});

test.each([
  ['a=1,b=two words', 'js-1', true, ['pair 2 ("b") has a blank in its value: all attributes are dropped']],
  ['a=1,secret', 'js-1', false, ['pair 2 has no "=": it is dropped']],
  ['a=1,secret', 'js-2.6', true, ['pair 2 has no "=": all attributes are dropped']],
  ['a="1"', 'js-1', false, ['pair 1 ("a") loses the quotes around its value']],
  ['a=1,', 'js-2.9', false, []],
  ['a=%', 'go', false, ['pair 1 ("a") has a percent sign that encodes nothing: its value is kept as it stands']],
  [
    'a=x y',
    'claude-code-2.1.330',
    false,
    ['pair 1 ("a") has a blank in its value: it is on the resource, not on points and events'],
  ],
] as const)('of %j %s says what was lost', (text, id, lost, mistakes) => {
  expect(simulateSdk(text, id)).toMatchObject({ lost, mistakes });
});

test('whatever is wrong, no value is told', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...sdkGenerations), (text, { id }) => {
      const { mistakes } = simulateSdk(`k=secret${text.replaceAll('=', '')},x y`, id);
      expect(mistakes.join()).not.toContain('secret');
    }),
  );
});

test.each([
  ['2.0.76', 'js-1'],
  ['2.1.250', 'js-1'],
  ['2.1.330', 'claude-code-2.1.330'],
  ['3.0.0', 'claude-code-2.1.330'],
  ['2.1.300', undefined],
  ['dev', undefined],
])('Claude Code %s is of generation %s', (version, generation) => {
  expect(generationOfClaudeCode(version)).toBe(generation);
});
