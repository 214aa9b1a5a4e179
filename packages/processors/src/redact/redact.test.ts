import { writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@otelier/core';
import {
  type AnyValue,
  buildLogs,
  buildMetrics,
  buildTraces,
  LogsBatch,
  MetricsBatch,
  TracesBatch,
} from '@otelier/otlp';
import { captures, claudeCode, testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { requestKind } from '../../../otlp/src/schema/schema.js';
import { meaning } from '../../../otlp/test/oracle.js';
import { numRuns, requests } from '../../../otlp/test/requests.js';
import { claudeCode as catalogue } from '../catalogue/claude-code/claude-code.js';
import {
  type Action,
  hash,
  type Redaction,
  type RedactOptions,
  redact,
  redactBatch,
  strict,
  truncate,
} from './redact.js';

const token = 'ghp_016C5iKzYNJPsYXlbyGGnUkZRxyXDp0VpX9a';
const key = { id: 'k1', value: 'x'.repeat(32) };
const one = (given: Record<string, AnyValue>, options: RedactOptions = {}) =>
  [...redactBatch(buildLogs([{ records: [{ attributes: given }] }]), options).records()][0]!;
const attribute = (name: string, value: AnyValue, options?: RedactOptions) =>
  one({ [name]: value }, options).attributes.get(name);

describe('fields of data points', () => {
  const onPoint = (given: Record<string, AnyValue>) =>
    [
      ...redactBatch(
        buildMetrics([{ metrics: [{ name: 'm', gauge: { points: [{ value: 1, attributes: given }] } }] }]),
      ).points(),
    ][0]!.attributes.toObject();

  test('every label that a metric has stays, whatever the name means in an event', () => {
    for (const { fields } of Object.values(catalogue.metrics)) {
      const labels = Object.keys(fields).filter((name) => fields[name]!.class === 'label');
      const given = Object.fromEntries(labels.map((name) => [name, 'Edit']));
      expect(onPoint(given)).toEqual(given);
    }
  });

  test('a name that no metric has is what it is elsewhere; in an event it is what events say', () => {
    expect(onPoint({ prompt: 'fix' })).toEqual({ prompt: '[redacted 3 chars]' });
    expect(attribute('tool', 'Edit')).toBe('[redacted 4 chars]');
  });
});

describe('what becomes of a value', () => {
  const secret = 'AKIAQ3EGRZ7XJ2LMW4TN';
  test.each<[string, AnyValue, AnyValue]>([
    // Labels that are known, and what does not look like one.
    ['model', 'claude-opus-5-5', 'claude-opus-5-5'],
    ['tool_name', 'mcp__github__create_issue', 'mcp__github__create_issue'],
    ['model', 'please fix the login', '[redacted 20 chars]'],
    ['duration_ms', 4312, 4312],
    // What nobody knows is judged by its look.
    ['x', 'fast', 'fast'],
    ['x', 'ask Ada', '[redacted 7 chars]'],
    ['x', 7, 7],
    ['x', true, true],
    ['x', new Uint8Array(3), '[redacted 3 bytes]'],
    ['x', ['a', 'b c'], ['a', '[redacted 3 chars]']],
    ['x', { a: 'b', prompt: 'c' }, { a: 'b', prompt: '[redacted 1 chars]' }],
    ['x', '{"a":"b","prompt":"c d"}', '{"a":"b","prompt":"[redacted 3 chars]"}'],
    ['x', '{"a":"b","prompt":"c', '[redacted 20 chars]'],
    // Identities stay; what is no identity does not.
    ['user.email', 'ada@example.org', 'ada@example.org'],
    [
      'user.email',
      'Ada, who sits in the second room on the left side of the third floor, says no',
      '[redacted 77 chars]',
    ],
    // Names that say what follows.
    ['db.password', 'hunter2', '[redacted]'],
    ['apiKey', 'hunter2', '[redacted]'],
    ['tool_input', '{"password":"hunter2","n":"x"}', '{"password":"[redacted]","n":"[redacted 1 chars]"}'],
    // Detectors look into what stays.
    ['model', `m-${secret}`, 'm-[secret aws-access-key]'],
    ['x', 'ada@analytical-engines.org', '[identity email]'],
    ['x', ['--password', 'hunter22222'], ['--password', '[redacted]']],
  ])('%s: %j becomes %j', (name, value, expected) => {
    const got = attribute(name, value);
    // How detectors name what they find is theirs to say.
    const known = JSON.stringify(got)?.replace(/\[secret [a-z-]+\]/g, '[secret aws-access-key]');
    expect(JSON.parse(known ?? 'null')).toEqual(expected);
  });

  test.each<[Action, string, AnyValue]>([
    ['keep', 'git push origin', 'git push origin'],
    ['keep', `curl -H ${token}`, 'curl -H [secret github-token]'],
    ['drop', 'git push', undefined],
    ['mask', 'git push', '[redacted]'],
    ['length', 'git push', '[redacted 8 chars]'],
    ['command', 'git push origin', 'git'],
    ['command', 'FOO=1 sudo /usr/bin/git push', 'git'],
    ['command', 'env A=b npm test', 'npm'],
    ['command', 'A="b c" npm test', '[redacted 16 chars]'],
    ['command', '$(cat secret) x', '[redacted 15 chars]'],
    [truncate(7), 'git push origin', 'git pus'],
    [truncate(3), '👩‍🚀 flies', '👩‍🚀'],
    [truncate(9), `x ${token}`, 'x [secret github-token]'],
    [(text, name) => `${name}/${text.length}`, 'git', 'command/3'],
  ])('%o of %j is %j', (action, text, expected) => {
    expect(attribute('command', text, { fields: { command: { class: 'content', action } } })).toEqual(expected);
  });

  test('goes by the class that options give a field, at any depth and before the catalogue', () => {
    const fields = {
      model: 'content',
      mine: { class: 'label' },
      prompt: { action: 'keep' },
      note: 'identity',
    } as const;
    const given = { model: 'opus', mine: 'a b', prompt: 'say it', note: 'Ada', x: { prompt: 'say it' } };
    expect(one(given, { fields }).attributes.toObject()).toEqual({
      model: '[redacted 4 chars]',
      mine: '[redacted 3 chars]',
      prompt: 'say it',
      note: 'Ada',
      x: { prompt: 'say it' },
    });
  });

  test('is a mask of all of it when it is too large or nested too deep', () => {
    expect(attribute('x', 'y'.repeat(2000), { maxBytes: '1KiB' })).toBe('[redacted 2000 bytes]');
    expect(attribute('x', { a: { b: 'c' } }, { maxDepth: 1 })).toEqual({ a: '[redacted]' });
    expect(attribute('x', '{"a":{"b":"c"}}', { maxDepth: 1 })).toBe('[redacted 15 chars]');
  });

  test('on a resource may have blanks, and so may its copies on items', () => {
    const attributes = { department: 'Platform Engineering', city: 'Łódź', lone: 'x' };
    const batch = redactBatch(
      buildLogs([{ resource: { attributes }, records: [{ attributes: { ...attributes, lone: 'not on it' } }] }]),
    );
    const [record] = batch.records();
    expect(record!.resource.attributes.toObject()).toEqual(attributes);
    expect(record!.attributes.toObject()).toEqual({ ...attributes, lone: '[redacted 9 chars]' });
    // The next resource does not vouch for it.
    const other = redactBatch(buildLogs([{ records: [{ attributes: { city: 'Łódź' } }] }]));
    expect([...other.records()][0]!.attributes.get('city')).toBe('[redacted 4 chars]');
  });

  test('when a detector fails is nothing', () => {
    const failing = { name: 'mine', class: 'secret', find: () => { throw new Error('no'); } } as const; // biome-ignore format: one line
    const mark = '[secret detector-failed]';
    expect(one({ x: 'y' }, { detectors: [failing] }).attributes.toObject()).toEqual({ [mark]: mark });
  });
});

describe('text that is no attribute', () => {
  test('stays when it is what the field is for, and is masked when not', () => {
    const prose = 'The numbers of the north plant, which nobody outside of the board has seen so far';
    const spans = buildTraces([{ spans: [{ name: 'GET /users', traceState: 'a=b', status: { code: 2, message: 'TimeoutError' } } as never, { name: prose, traceState: prose, status: { code: 2, message: prose } } as never] }]); // biome-ignore format: table
    const [good, bad] = redactBatch(spans).spans();
    expect([good!.name, good!.traceState, good!.statusMessage]).toEqual(['GET /users', 'a=b', 'TimeoutError']);
    expect([bad!.name, bad!.traceState, bad!.statusMessage]).toEqual([
      '[redacted 81 chars]',
      '',
      '[redacted 81 chars]',
    ]);
    const kept = redactBatch(spans.fork(), { fields: { 'span.name': { action: 'keep' } } });
    expect([...kept.spans()].length).toBe(2);
  });

  test('names may be opened by options', () => {
    const metrics = () => buildMetrics([{ metrics: [{ name: 'm', description: 'x '.repeat(50), gauge: { points: [{ value: 1 }] } }] }]); // biome-ignore format: one line
    const description = (options?: RedactOptions) => {
      const [resource] = redactBatch(metrics(), options).resourceMetrics;
      const [scope] = resource!.scopeMetrics;
      return [...scope!.metrics][0]!.description;
    };
    expect(description()).toBe('[redacted 100 chars]');
    expect(description({ fields: { 'metric.description': { action: 'keep' } } })).toBe('x '.repeat(50));
  });
});

describe('keyed hashes', () => {
  const fields = { 'user.id': { class: 'identity' } } as const;
  const hashed = (text: string, action: Action, options = {}) =>
    attribute('user.id', text, { fields, actions: { identity: action }, ...options });

  test('join equal values, differ by key, and tell the key', () => {
    const [a, b] = [hash({ keys: [key] }), hash({ keys: [{ id: 'k2', value: Buffer.alloc(32, 1) }] })];
    expect(hashed('ada', a)).toBe(hashed('ada', a));
    expect(hashed('ada', a)).not.toBe(hashed('bob', a));
    expect(hashed('ada', a)).toMatch(/^hmac:k1:[0-9a-f]{32}$/);
    expect(hashed('ada', b)).toMatch(/^hmac:k2:/);
    // Computed with OpenSSL: printf ada | openssl dgst -sha256 -hmac xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    expect(hash({ keys: [key] }).of('ada', 0)).toBe('hmac:k1:16fd0e9a62a795d0d3807244b2881cb4');
  });

  test('go over to the next key when its time has come', async () => {
    const action = hash({ keys: [key, { ...key, id: 'k2', from: '2030-01-01T00:00:00Z' }] });
    expect(action.of('ada', Date.parse('2029-12-31T23:59:59Z'))).toMatch(/^hmac:k1:/);
    expect(action.of('ada', Date.parse('2030-01-01T00:00:00Z'))).toMatch(/^hmac:k2:/);
    expect(action.of('ada', Date.parse('2029-12-31T23:59:59Z'))).toMatch(/^hmac:k1:/);
  });

  test('take the key from a value, a variable or a file', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'hash-')), 'key');
    writeFileSync(file, `${key.value}\n`);
    process.env.OTELIER_TEST_HASH_KEY = key.value;
    const made = [key, { id: 'k1', env: 'OTELIER_TEST_HASH_KEY' }, { id: 'k1', file }].map((each) =>
      hash({ keys: [each] }).of('ada', 0),
    );
    delete process.env.OTELIER_TEST_HASH_KEY;
    expect(new Set(made).size).toBe(1);
  });

  test('remember only so many', () => {
    const action = hash({ keys: [key] });
    const before = Array.from({ length: 20_000 }, (_, i) => action.of(`user ${i}`, 0));
    expect(before.map((_, i) => action.of(`user ${i}`, 0))).toEqual(before);
  });

  test.each([
    [[], 'hash: keys'],
    [[{ id: 'a', value: 'short' }], '32 bytes'],
    [[{ id: 'a b', value: key.value }], 'hash: keys.0.id'],
    [[{ id: 'a' }], 'one of value, env and file'],
    [[{ id: 'a', env: 'OTELIER_NOT_SET' }], 'OTELIER_NOT_SET'],
    [[{ id: 'a', file: '/no/such/file' }], 'can be read'],
    [[{ ...key, from: '2030-01-01' }], 'without `from`'],
    [[key, key], 'another id'],
  ])('refuse %j', (keys, said) => {
    expect(() => hash({ keys })).toThrow(ConfigError);
    expect(() => hash({ keys })).toThrow(said);
  });
});

test('strict lets nobody be told, with a key or without', () => {
  const given = { 'user.email': 'ada@analytical-engines.org', 'user.id': 'c0ffee', model: 'opus' };
  expect(one(given).attributes.toObject()).toEqual(given);
  expect(one(given, strict()).attributes.toObject()).toEqual({ model: 'opus' });
  const hashed = one(given, strict({ keys: [key] })).attributes.toObject();
  expect(hashed['user.email']).toMatch(/^hmac:k1:/);
  expect(hashed['user.id']).toMatch(/^hmac:k1:/);
});

describe('reports', () => {
  test('count by field and rule, and never say what was there', () => {
    const found: Redaction[] = [];
    redactBatch(
      buildLogs([{ records: [{ body: 'say it', attributes: { prompt: 'secret words', mine: token, model: 'a b' } }] }]),
      {},
      (each) => found.push(...each),
    );
    expect(found).toEqual(
      expect.arrayContaining([
        { field: 'prompt', rule: 'content', count: 1 },
        { field: 'other', rule: 'github-token', count: 1 },
        { field: 'model', rule: 'content', count: 1 },
        { field: 'log_record.body', rule: 'content', count: 1 },
      ]),
    );
    expect(JSON.stringify(found)).not.toMatch(/secret words|ghp_/);
  });

  test('on records and spans, not on points, and together with those of a processor before', () => {
    const options: RedactOptions = { report: { attributes: true } };
    const record = one({ prompt: 'a', x: token }, options);
    expect(record.attributes.get('otelier.redacted')).toEqual(['other:github-token', 'prompt:content']);
    expect(one({ model: 'a' }, options).attributes.has('otelier.redacted')).toBe(false);
    const again = one({ 'otelier.redacted': ['prompt:content'], y: 'b c' }, options);
    expect(again.attributes.toObject()).toEqual({
      y: '[redacted 3 chars]',
      'otelier.redacted': ['other:content', 'prompt:content'],
    });
    expect(one({ 'otelier.redacted': 'what I said' }, options).attributes.get('otelier.redacted')).toEqual([
      'other:malformed',
    ]);
    const points = redactBatch(buildMetrics([{ metrics: [{ name: 'm', gauge: { points: [{ value: 1, attributes: { prompt: 'a' } }] } }] }]), options); // biome-ignore format: one line
    expect([...points.points()][0]!.attributes.toObject()).toEqual({ prompt: '[redacted 1 chars]' });
  });

  test('of a pipeline are notes of the component', async () => {
    await using run = await testPipeline([redact()]);
    await run.send(claudeCode.userPrompt({ prompt: 'my secret' }));
    // The prompt stands in two attributes.
    expect(run.accounts()['logs/test/redact']).toMatchObject({ in: 1, out: 1, noted: { redacted_content: 2 } });
    expect([...run.received.logs[0]!.records()][0]!.attributes.get('prompt')).toBe('[redacted 9 chars]');
  });
});

describe('any request', () => {
  const batches = { logs: LogsBatch, metrics: MetricsBatch, traces: TracesBatch } as const;
  test.each(['logs', 'metrics', 'traces'] as const)(
    'of %s still decodes, keeps its items, and is not changed again',
    (signal) => {
      fc.assert(
        fc.property(
          requests[signal],
          fc.constantFrom<RedactOptions>({}, strict(), { report: { attributes: true } }),
          (request, options) => {
            const batch = batches[signal].parse(request);
            const { count } = batch;
            const after = redactBatch(batch, options).bytes();
            meaning(requestKind[signal], after, 'bytes');
            const parsed = batches[signal].parse(after);
            expect(parsed.bytes()).toBe(after);
            expect(parsed.count).toBe(count);
            expect(redactBatch(parsed, options).bytes().equals(after)).toBe(true);
          },
        ),
        { numRuns: numRuns * 2 },
      );
    },
  );

  test('keeps JSON valid, with the same plain keys', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom('x', 'tool_input', 'model'), (json, name) => {
        fc.pre(/^\s*[[{]/.test(json));
        const after = attribute(name, json) as string;
        expect(shape(JSON.parse(after))).toBe(shape(JSON.parse(json)));
      }),
      { numRuns: numRuns * 4 },
    );
  });

  test('in which there is nothing to hide leaves as the very bytes that came', () => {
    let clean = 0;
    for (const { requests: recorded } of captures())
      for (const request of recorded) {
        const batch = request.batch();
        const before = batch.bytes();
        let said = 0;
        redactBatch(batch, {}, (found) => (said += found.length));
        expect(batch.bytes() === before).toBe(said === 0);
        if (said === 0) clean++;
      }
    expect(clean).toBeGreaterThan(100);
  });
});

/** How lists and maps are nested, and how many members they have. */
function shape(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shape).join()}]`;
  return typeof value === 'object' && value !== null ? `{${Object.values(value).map(shape).join()}}` : '.';
}

test('says which classes do not leave', () => {
  expect(redact().removes).toEqual(['content', 'secret']);
  expect(redact(strict()).removes).toEqual(['identity', 'content', 'secret']);
  expect(redact({ body: 'keep' }).removes).toEqual(['secret']);
  expect(redact({ actions: { content: truncate(5) } }).removes).toEqual(['secret']);
  expect(redact({ fields: { prompt: { action: 'keep' } } }).removes).toEqual(['secret']);
  expect(redact({ detectors: [] }).removes).toEqual(['content']);
});

test.each([
  [{ actions: { label: 'hash' } }, 'redact: actions.label'],
  [{ fields: { a: 'public' } }, 'redact: fields.a'],
  [{ maxBytes: '1MB' }, 'redact: maxBytes'],
  [{ detectors: ['email'] }, 'redact: detectors.0'],
  [{ keep: [] }, 'redact: keep'],
])('refuses the options %j', (options, path) => {
  expect(() => redact(options as never)).toThrow(path);
});
