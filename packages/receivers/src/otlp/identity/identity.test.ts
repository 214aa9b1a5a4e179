import {
  buildLogs,
  buildMetrics,
  buildTraces,
  type LogsBatch,
  type MetricsBatch,
  type TracesBatch,
} from '@otelier/otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { identityOf } from '../auth/authenticator.js';
import { claimAt, parseClaimPath } from './claim-path.js';
import { IdentityStamp } from './identity-stamp.js';

describe('a claim path', () => {
  const claims = {
    email: 'ada@example.com',
    groups: ['platform', 'all'],
    nested: { 'odd name': [{ deep: 7 }] },
    'https://example.com/team': 'red',
    admin: true,
    empty: '',
    nothing: null,
    list: [],
    mixed: ['a', 1],
  };

  test.each<[string, unknown]>([
    ['email', 'ada@example.com'],
    ['groups[0]', 'platform'],
    ['groups[2]', undefined],
    ['groups', ['platform', 'all']],
    ['nested["odd name"][0].deep', 7],
    ['["https://example.com/team"]', 'red'],
    ['admin', true],
    ['empty', undefined],
    ['nothing', undefined],
    ['list', undefined],
    ['mixed', undefined],
    ['nested', undefined],
    ['email.length', undefined],
    ['groups.length', undefined],
    ['constructor.name', undefined],
    ['__proto__', undefined],
    ['absent.deep', undefined],
  ])('%s', (path, expected) => {
    const parsed = parseClaimPath(path);
    if (parsed === undefined) throw new Error('not a path');
    expect(claimAt(claims, parsed)).toEqual(expected);
  });

  test.each(['', '.', 'a.', '.a', 'a..b', 'a[', 'a[]', 'a[x]', 'a["x]', 'a[0', 'a b', 'a[0]b', 'a["\\x"]'])(
    'none is %j',
    (text) => {
      expect(parseClaimPath(text)).toBeUndefined();
    },
  );

  test('any path that is written in quotes is found', () => {
    const steps = fc.array(
      fc.string({ maxLength: 6 }).filter((name) => name !== '__proto__'),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(steps, (names) => {
        const text = names.map((name) => `[${JSON.stringify(name)}]`).join('');
        const nested = names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), 'found');
        const path = parseClaimPath(text);
        expect(path && claimAt(nested as Record<string, unknown>, path)).toBe('found');
      }),
    );
  });

  test('no text makes it fail', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const path = parseClaimPath(text);
        if (path !== undefined) claimAt(claims, path);
      }),
    );
  });
});

describe('what was verified', () => {
  const stamp = new IdentityStamp({ 'user.email': 'email', 'team.id': 'groups[0]', 'user.id': 'absent' });
  const identity = identityOf({ email: 'ada@example.com', groups: ['platform'] });
  const lies = { 'user.email': 'mallory@example.com', 'user.id': 'x', kept: 'yes' };
  const resource = { attributes: { ...lies, 'service.name': 'claude-code' } };
  const scope = { name: 's', attributes: lies };
  const verifiedResource = {
    'user.email': 'ada@example.com',
    'team.id': 'platform',
    kept: 'yes',
    'service.name': 'claude-code',
  };
  // Where the client had a copy there is the verified value; where it had none there is none.
  const corrected = { 'user.email': 'ada@example.com', kept: 'yes' };

  test('beats what the client says in logs', () => {
    const batch: LogsBatch = buildLogs([
      { resource, scope, records: [{ body: 'a', attributes: lies }, { body: 'b' }] },
    ]);
    stamp.apply(batch, identity);
    const records = [...batch.records()];
    expect(records[0]?.resource.attributes.toObject()).toEqual(verifiedResource);
    expect(records[0]?.scope.attributes.toObject()).toEqual(corrected);
    expect(records.map((record) => record.attributes.toObject())).toEqual([corrected, {}]);
    expect(batch.bytes().includes('mallory')).toBe(false);
  });

  test('in metrics and their exemplars', () => {
    const points = [{ attributes: lies, value: 1, exemplars: [{ filteredAttributes: lies, value: 1 }] }];
    const batch: MetricsBatch = buildMetrics([
      { resource, scope, metrics: [{ name: 'm', sum: { isMonotonic: true, temporality: 'delta', points } }] } as never,
    ]);
    stamp.apply(batch, identity);
    const [point] = [...batch.points()];
    expect(point?.resource.attributes.toObject()).toEqual(verifiedResource);
    expect(point?.attributes.toObject()).toEqual(corrected);
    expect(batch.bytes().includes('mallory')).toBe(false);
  });

  test('in spans, their events and links', () => {
    const span = {
      ...{ name: 'a', traceId: '0'.repeat(31).concat('1'), spanId: '0'.repeat(15).concat('1'), attributes: lies },
      events: [{ name: 'e', attributes: lies }],
      links: [{ traceId: '0'.repeat(31).concat('2'), spanId: '0'.repeat(15).concat('2'), attributes: lies }],
    };
    const batch: TracesBatch = buildTraces([{ resource, scope, spans: [span] } as never]);
    stamp.apply(batch, identity);
    const [made] = [...batch.spans()];
    expect(made?.resource.attributes.toObject()).toEqual(verifiedResource);
    expect(made?.attributes.toObject()).toEqual(corrected);
    expect(batch.bytes().includes('mallory')).toBe(false);
  });

  test('is there when the client sends no resource at all', () => {
    const batch = buildLogs([{ records: [{ body: 'a' }] }]);
    stamp.apply(batch, identity);
    expect([...batch.records()][0]?.resource.attributes.toObject()).toEqual({
      'user.email': 'ada@example.com',
      'team.id': 'platform',
    });
  });
});
