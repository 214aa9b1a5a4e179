import type { Processor } from '@otelier/core';
import { buildLogs, buildTraces, LogsBatch } from '@otelier/otlp';
import { captures, claudeCode, testPipeline } from '@otelier/testing';
import { expect, expectTypeOf, test } from 'vitest';
import { filter, filtered } from './filter.js';
import { namePattern } from './name-pattern.js';

const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

const events = (batch: LogsBatch) => [...batch.records()].map(({ attributes }) => attributes.get('event.name'));
const mixed = () =>
  LogsBatch.merge([claudeCode.userPrompt(), claudeCode.apiRequest(), claudeCode.apiError(), claudeCode.toolResult()]);

test('keeps only the events named', () => {
  const batch = filtered(mixed(), { keep: { events: ['api_*'] } });
  expect([batch.count, events(batch)]).toEqual([2, ['api_request', 'api_error']]);
});

test('drops the events named, also from those to keep', () => {
  expect(events(filtered(mixed(), { drop: { events: ['user_prompt'] } }))).not.toContain('user_prompt');
  expect(events(filtered(mixed(), { keep: { events: ['api_*'] }, drop: { events: ['api_error'] } }))).toEqual([
    'api_request',
  ]);
});

test('goes by the event name field when there is one', () => {
  const batch = buildLogs([{ records: [{ eventName: 'a' }, { eventName: 'b', attributes: { 'event.name': 'a' } }] }]);
  expect(filtered(batch, { keep: { events: ['a'] } }).count).toBe(1);
});

test('keeps data points by the name of their metric', () => {
  const kept = filtered(claudeCode.tokenUsage(), { keep: { metrics: ['claude_code.*'] } });
  expect(kept.count).toBeGreaterThan(0);
  expect(filtered(claudeCode.tokenUsage(), { drop: { metrics: ['*.token.usage'] } }).count).toBe(0);
});

test('keeps spans by name', () => {
  const spans = buildTraces([
    {
      spans: [
        { ...ids, name: 'claude_code.tool' },
        { ...ids, name: 'claude_code.hook' },
      ],
    },
  ]);
  expect(filtered(spans, { keep: { spans: ['claude_code.tool'] } }).count).toBe(1);
});

test('keeps records of a severity and those without any', () => {
  const batch = buildLogs([{ records: [{ severityNumber: 5 }, { severityNumber: 9 }, {}] }]);
  expect(filtered(batch, { minSeverity: 9 }).count).toBe(2);
});

test('asks functions', () => {
  expect(events(filtered(mixed(), { logRecord: ({ attributes }) => attributes.has('cost_usd') }))).toEqual([
    'api_request',
  ]);
});

test('in a pipeline what goes is acknowledged and counted as filtered', async () => {
  await using run = await testPipeline([filter({ drop: { events: ['user_prompt'] } })]);
  let [sent, prompts] = [0, 0];
  for (const { requests } of captures({ version: '2.1.330', scenario: 'tools' }))
    for (const request of requests)
      if (request.signal === 'logs') {
        const batch = request.batch() as LogsBatch;
        sent += batch.count;
        prompts += events(batch).filter((name) => name === 'user_prompt').length;
        await run.send(batch);
      }
  expect(prompts).toBeGreaterThan(0);
  const [account] = Object.values(run.accounts()).filter(({ name }) => name === 'filter');
  expect(account).toMatchObject({ in: sent, out: sent - prompts, dropped: { filtered: prompts } });
});

test('fits into pipelines of the signals that it speaks of', () => {
  expectTypeOf(filter({ keep: { events: ['a'] } })).toEqualTypeOf<Processor<'logs'>>();
  expectTypeOf(filter({ drop: { metrics: ['a'] }, minSeverity: 9 })).toEqualTypeOf<Processor<'logs' | 'metrics'>>();
  expect(Object.keys(filter({ span: () => true }))).not.toContain('logs');
});

test.each([
  [{}, 'filter: expected something to keep or to drop'],
  [{ keep: { event: ['a'] } }, 'filter: keep.event'],
  [{ minSeverity: 99 }, 'a severity number from 1 to 24'],
])('refuses the options %j', (options, message) => {
  expect(() => filter(options as never)).toThrow(message);
});

test.each([
  ['a', 'a', true],
  ['a', 'ab', false],
  ['a*', 'ab', true],
  ['*b', 'ab', true],
  ['a*b', 'ab', true],
  ['a*b', 'axxb', true],
  ['a*b*c', 'a-b-c', true],
  ['a*b*c', 'acb', false],
  ['ab*ba', 'aba', false],
  ['*', '', true],
  ['a.c', 'abc', false],
])('the pattern %s on %s: %s', (pattern, name, expected) => {
  expect(namePattern([pattern])(name)).toBe(expected);
});
