import { describe, expect, test } from 'vitest';
import { buildLogs } from '../index.js';
import { type AnyValue, double } from '../wire/any-value.js';
import { keySet } from '../wire/key.js';

const names = keySet('a', 'b');
const first = (attributes: Record<string, AnyValue>) => {
  const batch = buildLogs([{ records: [{ attributes }, {}] }]);
  const [record] = batch.records();
  return { batch, attributes: record!.attributes };
};

describe.each([
  ['on the wire', () => first({ a: 1, x: 'y', b: 'two', m: { b: double(2) }, l: ['z'], j: ' {"b":1}' })],
  [
    'edited before',
    () => {
      const made = first({ a: 0, x: 'old', b: 'two', m: { b: double(2) }, l: ['z'] });
      made.attributes.set('a', 1).set('x', 'y').set('j', ' {"b":1}');
      return made;
    },
  ],
] as const)('attributes.replace(), %s', (_, make) => {
  test('gives the attributes of these names only, or also those that may hold one', () => {
    const seen = (deep: boolean) => {
      const found: [string, AnyValue][] = [];
      make().attributes.replace(
        names,
        (name, value) => {
          found.push([name, value]);
          return value;
        },
        deep,
      );
      return Object.fromEntries(found);
    };
    expect(seen(false)).toEqual({ a: 1, b: 'two' });
    expect(seen(true)).toEqual({ a: 1, b: 'two', m: { b: double(2) }, j: ' {"b":1}' });
  });

  test('writes, deletes and leaves alone', () => {
    const { batch, attributes } = make();
    expect(attributes.replace(names, (name, value) => (name === 'a' ? undefined : name === 'b' ? 3 : value))).toBe(2);
    expect(attributes.has('a')).toBe(false);
    const [record] = batch.records();
    expect(record!.attributes.toObject()).toEqual({ x: 'y', b: 3, m: { b: 2 }, l: ['z'], j: ' {"b":1}' });
  });

  test('keeps doubles inside maps and lists', () => {
    const { batch, attributes } = make();
    attributes.replace(names, (name, value) => (name === 'm' ? { ...(value as object) } : value), true);
    expect(batch.toJson()).toContain('"doubleValue":2');
  });
});

test('nothing is edited when nothing is replaced', () => {
  const { batch, attributes } = first({ a: 1 });
  expect(attributes.replace(names, (_, value) => value, true)).toBe(0);
  expect(batch.dirty).toBe(false);
});
