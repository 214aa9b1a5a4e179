import { sdkGenerations, simulateSdk } from '@otelier/processors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Variables } from '../variables.js';
import { resourceTable } from './resource.js';

const corrected = (text: string) => {
  const variables = new Variables();
  variables.add('OTEL_RESOURCE_ATTRIBUTES', { value: text, level: 'environment', source: 'the environment' });
  return resourceTable(variables)?.corrected;
};
const read = (text: string) => sdkGenerations.map(({ id }) => Object.fromEntries(simulateSdk(text, id).attributes));

test.each([
  ['team=red team', 'team=red%20team'],
  ['team="red"', 'team=red'],
  // What is encoded twice stays what it is.
  ['rate=50%2525', undefined],
  ['path=a=b', 'path=a%3Db'],
  // A key that cannot be encoded for all.
  ['my key=x', undefined],
  ['rest of a value', undefined],
])('%s becomes %s', (text, expected) => {
  expect(corrected(text)).toBe(expected);
});

test('what is proposed is read alike by every SDK', () => {
  const word = fc.string({ unit: fc.constantFrom(...'ab%20=" é;\\\'+') });
  const pair = fc.tuple(fc.constantFrom('a', 'b.c', 'k%20', 'm n'), word).map(([key, value]) => `${key}=${value}`);
  let proposed = 0;
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1, maxLength: 3 }), (pairs) => {
      const text = corrected(pairs.join(','));
      if (text === undefined) return;
      proposed++;
      const [first, ...others] = read(text);
      for (const other of others) expect(other).toEqual(first);
      expect(Object.keys(first!).length).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
  expect(proposed).toBeGreaterThan(20);
});
