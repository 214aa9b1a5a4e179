import type { AnyBatch } from '@otelier/core';
import type { LogsBatch, MetricsBatch } from '@otelier/otlp';
import { describe, expect, test } from 'vitest';
import { canaries, capture, captures, claudeCode, totals } from '../index.js';
import type { ClientVersion } from './session.js';

const versions: readonly ClientVersion[] = ['2.1.9', '2.1.330'];

/** Every attribute's name and wire type, in order. */
function shapes(batch: AnyBatch): Map<string, string[]> {
  const found = new Map<string, string[]>();
  if (batch.signal === 'logs') {
    for (const { attributes } of (batch as LogsBatch).records()) {
      const shape = [...attributes].map(([name]) => `${name}:${attributes.kindOf(name)}`);
      const event = String(attributes.get('event.name'));
      if (!found.has(event)) found.set(event, shape);
    }
  } else {
    for (const { attributes, metric } of (batch as MetricsBatch).points()) {
      if (!found.has(metric.name))
        found.set(
          metric.name,
          [...attributes].map(([name]) => `${name}:${attributes.kindOf(name)}`),
        );
    }
  }
  return found;
}

describe.each(versions)('builders of %s', (version) => {
  const recorded = new Map(capture(version, 'tools').requests.flatMap((request) => [...shapes(request.batch())]));

  test('events have the attributes of recorded ones, in their order and types', () => {
    const built = shapes(
      claudeCode.logs(
        [
          { event: 'user_prompt' },
          { event: 'api_request' },
          version === '2.1.9' ? { event: 'tool_result', parameters: {} } : { event: 'tool_result' },
          ...(version === '2.1.9' ? [] : ([{ event: 'tool_decision' }, { event: 'assistant_response' }] as const)),
        ],
        { version },
      ),
    );
    for (const [event, shape] of built) expect({ event, shape }).toEqual({ event, shape: recorded.get(event) });
  });

  test('metrics have the attributes of recorded ones, in their order and types', () => {
    const built = shapes(
      claudeCode.metrics(
        [
          { metric: 'token.usage' },
          { metric: 'cost.usage' },
          { metric: 'lines_of_code.count' },
          { metric: 'commit.count' },
          ...(version === '2.1.9' ? [] : ([{ metric: 'active_time.total' }, { metric: 'session.count' }] as const)),
        ],
        { version },
      ),
    );
    for (const [metric, shape] of built) expect({ metric, shape }).toEqual({ metric, shape: recorded.get(metric) });
  });

  test('a token count is four points by type: doubles, zeros included', () => {
    const batch = claudeCode.tokenUsage({ version, input: 100, output: 10, cacheCreation: 50 });
    const [metric] = batch.metrics();
    expect(metric).toMatchObject({
      name: 'claude_code.token.usage',
      unit: 'tokens',
      temporality: 'delta',
      monotonic: true,
    });
    expect([...metric!.numberPoints].map(({ value, isInt }) => ({ value, isInt }))).toEqual(
      [100, 10, 0, 50].map((value) => ({ value, isInt: false })),
    );
  });
});

test('what the client puts beside: sign-in and resource attributes', () => {
  const own = { accountUuid: 'a-1', email: 'a@example.com', resource: { 'team.id': 'core' } };
  const [record] = claudeCode.apiError({ ...own, statusCode: 529 }).records();
  expect(record!.attributes.get('user.account_uuid')).toBe('a-1');
  expect(record!.attributes.get('user.account_id')).toBe('a-1');
  expect(record!.attributes.get('team.id')).toBe('core');
  expect(record!.attributes.get('status_code')).toBe(529);
  const [old] = claudeCode.apiError({ ...own, version: '2.1.9' }).records();
  expect(old!.attributes.has('team.id')).toBe(false);
  expect(old!.resource.attributes.get('team.id')).toBe('core');
  expect(old!.attributes.get('attempt')).toBe('11');
});

test.each(captures().map((each) => [`${each.version} ${each.scenario} ${each.protocol}`, each] as const))(
  'totals of %s are what the model API served',
  (_, session) => {
    const sums = totals(session.requests.map((request) => request.batch()));
    const served = Object.fromEntries(Object.entries(session.expected.tokens).filter(([, count]) => count > 0));
    expect(sums.tokens).toEqual(served);
    expect(sums.costUsd).toBeCloseTo(session.expected.costUsd, 9);
  },
);

test('markers of private text are found in what was recorded with prompts on', () => {
  const [logs] = capture('2.1.330', 'plain-prompts').requests;
  expect(canaries(logs!.bytes).length).toBeGreaterThan(0);
  expect(canaries('nothing here')).toEqual([]);
});
