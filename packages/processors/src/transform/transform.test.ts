import type { Processor } from '@otelier/core';
import { buildLogs, double, type LogsBatch } from '@otelier/otlp';
import { captures, claudeCode, testPipeline } from '@otelier/testing';
import { expect, expectTypeOf, test } from 'vitest';
import {
  claudeCodeNumbers,
  copyAttribute,
  defaultAttribute,
  deleteAttributes,
  normalizeClaudeCode,
  renameAttribute,
  setAttribute,
  type TransformOptions,
  toBoolean,
  toDouble,
  toNumber,
  transform,
  transformed,
} from './transform.js';

const record = (attributes: Record<string, never> | object) =>
  buildLogs([{ records: [{ attributes: attributes as Record<string, string> }] }]);
const edited = (attributes: object, edits: TransformOptions['logRecord']) => {
  const batch = transformed(record(attributes), { logRecord: edits as NonNullable<typeof edits> });
  const [only] = batch.records();
  return only!.attributes;
};

test.each([
  ['setAttribute', setAttribute('a', 2), { a: 1 }, { a: 2 }],
  ['setAttribute, absent', setAttribute('a', 2), {}, { a: 2 }],
  ['defaultAttribute', defaultAttribute('a', 2), { a: 1 }, { a: 1 }],
  ['defaultAttribute, absent', defaultAttribute('a', 2), {}, { a: 2 }],
  ['renameAttribute', renameAttribute('a', 'b'), { a: 1 }, { b: 1 }],
  ['renameAttribute, target there', renameAttribute('a', 'b'), { a: 1, b: 2 }, { a: 1, b: 2 }],
  ['renameAttribute, absent', renameAttribute('a', 'b'), { c: 1 }, { c: 1 }],
  ['copyAttribute', copyAttribute('a', 'b'), { a: 1 }, { a: 1, b: 1 }],
  ['deleteAttributes', deleteAttributes('a', 'b'), { a: 1, b: 1, c: 1 }, { c: 1 }],
  ['toNumber', toNumber('a', 'b', 'c'), { a: '12', b: '-1.5', c: 'x' }, { a: 12, b: -1.5, c: 'x' }],
  [
    'toNumber, what is none',
    toNumber('a', 'b', 'c', 'd'),
    { a: '', b: '012', c: '0x1', d: ' 1' },
    { a: '', b: '012', c: '0x1', d: ' 1' },
  ],
  ['toNumber, exact', toNumber('a'), { a: '9007199254740993' }, { a: 9007199254740993n }],
  ['toNumber, another type', toNumber('a'), { a: true }, { a: true }],
  ['toBoolean', toBoolean('a', 'b', 'c'), { a: 'true', b: 'false', c: 'True' }, { a: true, b: false, c: 'True' }],
])('%s', (_, edit, before, after) => {
  expect(edited(before, edit).toObject()).toEqual(after);
});

test('doubles stay doubles', () => {
  const attributes = edited({ a: '3', b: double(4), c: '5.0' }, [
    toDouble('a'),
    renameAttribute('b', 'd'),
    toNumber('c'),
  ]);
  expect(['a', 'd', 'c'].map((name) => attributes.kindOf(name))).toEqual(['double', 'double', 'double']);
});

test('edits run in order, and false drops the item', () => {
  const seen: unknown[] = [];
  const batch = transformed(record({ a: 1 }), {
    logRecord: [
      setAttribute('b', 2),
      ({ attributes }) => void seen.push(attributes.get('b')),
      () => false,
      () => void seen.push('never'),
    ],
  });
  expect([seen, batch.count]).toEqual([[2], 0]);
});

test('edits resources once', () => {
  const batch = transformed(record({}), { resource: defaultAttribute('team.id', 'platform') });
  expect([...batch.resourceLogs].map(({ resource }) => resource.attributes.get('team.id'))).toEqual(['platform']);
});

test.each([
  ['deleteAttributes', deleteAttributes('session.id')],
  ['renameAttribute', renameAttribute('a', 'b')],
  ['setAttribute', setAttribute('a', 1)],
  ['toNumber', toNumber('a')],
])('refuses %s on data points, which could make series equal', (title, edit) => {
  expect(() => transform({ dataPoint: [edit] })).toThrow(title);
  expect(() => transform({ dataPoint: edit })).toThrow('use dropAttributes');
});

test('lets data points be copied to and functions have their way', async () => {
  await using run = await testPipeline([
    transform({ dataPoint: [copyAttribute('model', 'gen_ai.request.model'), () => {}] }),
  ]);
  await run.send(claudeCode.tokenUsage());
  for (const point of run.received.metrics[0]!.points())
    expect(point.attributes.get('gen_ai.request.model')).toBe(point.attributes.get('model'));
});

test('normalizeClaudeCode() makes the events of all versions alike', () => {
  const kinds = new Map<string, Set<string | undefined>>();
  let texts = 0;
  for (const { requests } of captures())
    for (const request of requests) {
      if (request.signal !== 'logs') continue;
      const before = request.batch() as LogsBatch;
      for (const { attributes } of before.records()) if (attributes.kindOf('input_tokens') === 'string') texts++;
      const after = transformed(request.batch() as LogsBatch, { logRecord: normalizeClaudeCode() });
      expect(after.count).toBe(before.count);
      for (const { attributes } of after.records()) {
        expect(attributes.has('use_id')).toBe(false);
        for (const name of [...claudeCodeNumbers, 'cost_usd', 'success'])
          if (attributes.has(name)) kinds.set(name, (kinds.get(name) ?? new Set()).add(attributes.kindOf(name)));
      }
    }
  expect(texts).toBeGreaterThan(50);
  expect(kinds.size).toBeGreaterThan(10);
  for (const [name, found] of kinds)
    expect([name, ...found]).toEqual([name, name === 'cost_usd' ? 'double' : name === 'success' ? 'bool' : 'int']);
});

test('normalizeClaudeCode() removes the status code that was none', () => {
  expect(edited({ status_code: 'undefined', use_id: 'toolu_1' }, normalizeClaudeCode()).toObject()).toEqual({
    tool_use_id: 'toolu_1',
  });
});

test('fits into pipelines of the signals that it speaks of', () => {
  expectTypeOf(transform({ logRecord: setAttribute('a', 1) })).toEqualTypeOf<Processor<'logs'>>();
  expect(() => transform({} as never)).toThrow('transform: expected at least one edit');
  expect(() => transform({ logRecord: 5 } as never)).toThrow('transform: logRecord');
});
