import { expect, test } from 'vitest';
import { official, officialMeaning } from '../../test/oracle.js';
import { LogsBatch } from '../logs/logs-batch.js';
import { type AnyValue, double } from '../wire/any-value.js';
import { KeySet, key, keySet } from '../wire/key.js';
import type { Attributes } from './attributes.js';

const LONG = 'k'.repeat(20_000);

function batchOf(...attributes: object[]): LogsBatch {
  const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes }] }] }] };
  return new LogsBatch(Buffer.from(official.logs.encode(official.logs.fromObject(request)).finish()), true);
}

function only(batch: LogsBatch): Attributes {
  for (const record of batch.records()) return record.attributes;
  throw new Error('no record');
}

test.each<[string, AnyValue, string, object, AnyValue?]>([
  ['text', 'é', 'string', { stringValue: 'é' }],
  ['a whole number', 3, 'int', { intValue: '3' }],
  ['a whole double', double(3), 'double', { doubleValue: 3 }, 3],
  ['a number beyond 2^53', 2 ** 53, 'double', { doubleValue: 2 ** 53 }],
  ['the largest safe integer', Number.MAX_SAFE_INTEGER, 'int', { intValue: '9007199254740991' }],
  ['the smallest safe integer', Number.MIN_SAFE_INTEGER, 'int', { intValue: '-9007199254740991' }],
  ['minus one', -1, 'int', { intValue: '-1' }],
  ['an int64', -(2n ** 63n), 'int', { intValue: '-9223372036854775808' }],
  ['a small bigint', 5n, 'int', { intValue: '5' }, 5],
  ['false', false, 'bool', { boolValue: false }],
  ['nothing', undefined, 'empty', {}],
  ['null from untyped callers', null as unknown as undefined, 'empty', {}, undefined],
  ['bytes', new Uint8Array([0, 255]), 'bytes', { bytesValue: 'AP8=' }],
  [
    'a list with a gap',
    ['a', undefined, [1]],
    'array',
    { arrayValue: { values: [{ stringValue: 'a' }, {}, { arrayValue: { values: [{ intValue: '1' }] } }] } },
  ],
  [
    'an object',
    { a: { b: 'c' } },
    'kvlist',
    {
      kvlistValue: {
        values: [{ key: 'a', value: { kvlistValue: { values: [{ key: 'b', value: { stringValue: 'c' } }] } } }],
      },
    },
  ],
  ['half a surrogate pair', '\ud800', 'string', { stringValue: '\ufffd' }, '\ufffd'],
])('%s is written and read', (_, value, kind, wire, read = value === null ? undefined : value) => {
  const batch = batchOf();
  only(batch).set('a', value);
  expect(JSON.stringify(officialMeaning('logs', batch.bytes()))).toContain(JSON.stringify({ key: 'a', value: wire }));
  expect(only(batch).get('a')).toEqual(read);
  expect(only(batch).kindOf('a')).toBe(kind);
  expect(only(batch).has('a')).toBe(true);
});

test('names of any length are found, as text, as Key and in a KeySet', () => {
  for (const name of ['a', 'é'.repeat(63), 'k'.repeat(127), 'k'.repeat(128), LONG]) {
    const batch = batchOf({ key: `${name}x`, value: { intValue: 1 } }, { key: name, value: { stringValue: 'here' } });
    expect(only(batch).get(name)).toBe('here');
    expect(only(batch).is(key(name), key('here'))).toBe(true);
    expect(only(batch).delete(keySet('other', name))).toBe(true);
    expect(only(batch).toObject()).toEqual({ [`${name}x`]: 1 });
    expect(only(batch).delete(key(`${name}x`))).toBe(true);
    expect([...only(batch)]).toEqual([]);
  }
});

test('the empty name is a name, sent or left out', () => {
  for (const nameless of [{ key: '', value: { stringValue: 'x' } }, { value: { stringValue: 'x' } }]) {
    const batch = batchOf({ key: 'a', value: { stringValue: 'a' } }, nameless);
    expect(only(batch).get('')).toBe('x');
    only(batch).set('', 'y');
    expect(only(batch).toObject()).toEqual({ a: 'a', '': 'y' });
    expect(only(batch).delete(keySet(''))).toBe(true);
    expect(only(batch).toObject()).toEqual({ a: 'a' });
  }
});

test('a name sent twice: get reads the first, set and delete leave none of the others', () => {
  const twice = [
    { key: 'p', value: { stringValue: 'secret 1' } },
    { key: 'a', value: { stringValue: 'a' } },
    { key: 'p', value: { stringValue: 'secret 2' } },
  ];
  const set = batchOf(...twice);
  expect(only(set).get('p')).toBe('secret 1');
  only(set).set('p', '<REDACTED>');
  expect(set.bytes().includes('secret')).toBe(false);
  expect([...only(set)]).toEqual([
    ['p', '<REDACTED>'],
    ['a', 'a'],
  ]);
  const deleted = batchOf(...twice);
  expect(only(deleted).delete('p')).toBe(true);
  expect(only(deleted).delete('p')).toBe(false);
  expect(deleted.bytes().includes('secret')).toBe(false);
});

test('an attribute without a value is there and empty', () => {
  const batch = batchOf({ key: 'a' });
  expect([only(batch).has('a'), only(batch).get('a'), only(batch).kindOf('a'), only(batch).is('a', '')]).toEqual([
    true,
    undefined,
    'empty',
    false,
  ]);
});

test('the same array written twice is encoded twice: it may have changed in between', () => {
  const batch = batchOf();
  const list = [1];
  only(batch).set('a', list);
  list.push(2);
  for (const record of batch.records()) {
    record.attributes.set('a', list);
    list.push(3);
    record.attributes.set('a', list);
  }
  expect(only(batch).get('a')).toEqual([1, 2, 3]);
});

test('a set of all names but some deletes those that it does not name', () => {
  const kv = (name: string, n: number) => ({ key: name, value: { intValue: n } });
  const batch = batchOf(kv('a', 1), kv(LONG, 2), kv('', 3), kv('b', 4), kv('a', 5));
  const names = KeySet.allBut(['a', '']);
  expect([names.has('a'), names.has(''), names.has('b')]).toEqual([false, false, true]);
  expect(only(batch).delete(names)).toBe(true);
  expect([...only(batch)].map(([name]) => name)).toEqual(['a', '', 'a']);
  expect(only(batch).delete(names)).toBe(false);
});
