import { buildLogs, buildMetrics, buildTraces } from '@otelier/otlp';
import { type Capture, capture, captures, memoryExporter, testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { settings } from './options.js';
import {
  checkKey,
  checkValue,
  encodeKey,
  encodeValue,
  quarantine,
  validate,
  validateResource,
} from './validate-resource.js';
import { Validator } from './validator.js';

const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

const logs = (resource: Record<string, string>, item: Record<string, string> = {}, count = 1) =>
  buildLogs([
    { resource: { attributes: resource }, records: Array.from({ length: count }, () => ({ attributes: item })) },
  ]);
const resourceOf = (batch: ReturnType<typeof logs>) => [...batch.resourceLogs][0]!.resource.attributes.toObject();
const itemOf = (batch: ReturnType<typeof logs>) => [...batch.records()][0]!.attributes.toObject();

describe('what is found', () => {
  test.each([
    [{ 'team.id': 'platform' }, []],
    [{ 'org.name': 'My Company' }, [{ key: 'org.name', fault: 'space', part: 'value' }]],
    [
      { 'org.name': '"My Company"' },
      [
        { key: 'org.name', fault: 'quote', part: 'value' },
        { key: 'org.name', fault: 'space', part: 'value' },
      ],
    ],
    [{ 'a b': 'c' }, [{ key: 'a b', fault: 'space', part: 'key' }]],
    [{ '': 'c' }, [{ key: '', fault: 'empty', part: 'key' }]],
    [{ 'os.version': 'Darwin 24.1 (x)', 'host.name': 'my host', 'service.name': 'a b' }, []],
  ])('in %j', (resource, findings) => {
    const found = validate(logs(resource)).findings;
    expect(found.map(({ cause: _, ...finding }) => finding)).toEqual(findings);
  });

  test('in metrics and traces alike', () => {
    const resource = { attributes: { 'org.name': 'My Company' } };
    const metrics = buildMetrics([{ resource, metrics: [{ name: 'm', gauge: { points: [{ value: 1 }] } }] }]);
    const traces = buildTraces([{ resource, spans: [{ ...ids, name: 's' }] }]);
    for (const batch of [metrics, traces])
      expect(validate(batch).findings).toMatchObject([{ key: 'org.name', fault: 'space' }]);
  });

  test('required attributes that are missing', () => {
    expect(validate(logs({ department: 'x' }), { required: ['department', 'team.id'] }).findings).toMatchObject([
      { key: 'team.id', fault: 'missing', cause: expect.stringContaining('OTEL_RESOURCE_ATTRIBUTES') },
    ]);
  });

  test('nothing in numbers and booleans; exemptions can be chosen', () => {
    const batch = buildLogs([{ resource: { attributes: { a: 1, b: true, 'my.x': 'a b', c: 'a b' } }, records: [{}] }]);
    expect(validate(batch, { exempt: ['my.*', 'c'] }).findings).toEqual([]);
  });

  test('a value with an equal copy on the items was percent-encoded: nothing is wrong with it', () => {
    const batch = () => logs({ city: 'Zürich' }, { city: 'Zürich' });
    expect(validate(batch()).findings).toEqual([]);
    expect(validate(batch(), { copies: false }).findings).toMatchObject([{ key: 'city', fault: 'non-ascii' }]);
  });
});

describe('what becomes of it', () => {
  test('report: the bytes stay', () => {
    const batch = logs({ 'org.name': 'My Company' });
    const before = Buffer.from(batch.bytes());
    validate(batch);
    expect(batch.bytes().equals(before)).toBe(true);
  });

  test.each([
    [{ 'org.name': 'My Company' }, { 'org.name': 'My%20Company' }],
    [{ 'org.name': '"My Company"' }, { 'org.name': 'My%20Company' }],
    [{ 'org.name': '"MyCompany"' }, { 'org.name': 'MyCompany' }],
    [
      { city: 'Zürich', ok: 'a' },
      { ok: 'a', city: 'Z%C3%BCrich' },
    ],
    [{ 'a b': 'c d' }, { 'a%20b': 'c%20d' }],
    [{ 'a b': 'c', 'a%20b': 'right' }, { 'a%20b': 'right' }],
    [{ '': 'c' }, {}],
  ])('repair: %j', (before, after) => {
    const batch = logs(before);
    validate(batch, { onInvalid: 'repair' });
    expect(resourceOf(batch)).toEqual(after);
    expect(validate(batch, { onInvalid: 'repair' }).findings).toEqual([]);
  });

  test('repair and drop reach the copies on the items', () => {
    const encoded = logs({ 'org.name': '"My Company"' }, { 'org.name': 'My Company', x: 'a b' });
    validate(encoded, { onInvalid: 'repair' });
    expect(itemOf(encoded)).toEqual({ 'org.name': 'My%20Company', x: 'a b' });
    const dropped = logs({ 'org.name': '"My Company"', a: 'b' }, { 'org.name': 'My Company' });
    validate(dropped, { onInvalid: 'drop' });
    expect([resourceOf(dropped), itemOf(dropped)]).toEqual([{ a: 'b' }, {}]);
    const left = logs({ 'org.name': '"My Company"' }, { 'org.name': 'My Company' });
    validate(left, { onInvalid: 'drop', copies: false });
    expect(itemOf(left)).toEqual({ 'org.name': 'My Company' });
  });

  test('refuse: the sender hears how many and why, and the rest goes on', async () => {
    await using run = await testPipeline([validateResource({ onInvalid: 'refuse' })]);
    const both = buildLogs([
      { resource: { attributes: { 'org.name': 'secret name' } }, records: [{}, {}] },
      { resource: { attributes: { 'org.name': 'fine' } }, records: [{}] },
    ]);
    const answer = await run.send(both);
    expect(answer.refused).toBe(2);
    expect(answer.refusal).toContain('resource_attribute_invalid: the value of "org.name" holds a blank');
    expect(answer.refusal).not.toContain('secret');
    expect(run.received.logs.map(({ count }) => count)).toEqual([1]);
  });

  test('refuse: nothing is passed on when nothing is left', async () => {
    await using run = await testPipeline([validateResource({ required: ['team.id'], onMissing: 'refuse' })]);
    const answer = await run.send(logs({ a: 'b' }, {}, 3));
    expect(answer.refused).toBe(3);
    expect(answer.refusal).toMatch(/^resource_attributes_missing: team\.id; .*OTEL_RESOURCE_ATTRIBUTES/);
    expect(run.exporter.attempts).toBe(0);
  });

  test('each kind of mistake is logged once in ten minutes, without the value', async () => {
    const warn = vi.fn();
    const logger = { debug() {}, info() {}, warn, error() {} };
    await using run = await testPipeline([validateResource({ required: ['team.id'] })], { logger });
    for (let i = 0; i < 5; i++) await run.send(logs({ 'org.name': 'secret name' }));
    const mine = () => warn.mock.calls.filter(([, message]) => /resource attribute/.test(String(message)));
    expect(mine().length).toBe(2);
    expect(JSON.stringify(mine())).not.toContain('secret');
    await run.clock.advance(600_000);
    await run.send(logs({ 'org.name': 'secret name' }));
    expect(mine().length).toBe(4);
  });
});

describe('whatever arrives', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 10 }),
    fc.string({ unit: fc.constantFrom(...'"\'%=,;\\ é😀a12$\n'), maxLength: 10 }),
    fc.constantFrom('platform', 'a%20b', '"My Company"', 'Zürich'),
  );
  const attributes = fc.dictionary(text, text, { maxKeys: 5 });
  const resources = fc.array(fc.tuple(attributes, attributes), { minLength: 1, maxLength: 4 });
  const build = (all: [Record<string, string>, Record<string, string>][]) =>
    buildLogs(all.map(([resource, item]) => ({ resource: { attributes: resource }, records: [{ attributes: item }] })));

  test('repair leaves only what is valid, and a second time changes no byte', () => {
    const options = { onInvalid: 'repair', exempt: [], copies: false } as const;
    fc.assert(
      fc.property(resources, (all) => {
        const batch = build(all);
        validate(batch, options);
        const once = Buffer.from(batch.bytes());
        for (const { resource } of batch.resourceLogs)
          for (const [key, value] of resource.attributes)
            expect([checkKey(key), checkValue(value as string)]).toEqual([undefined, undefined]);
        const again = validate(batch, options).findings;
        expect(again.filter(({ fault }) => fault !== 'unexpanded')).toEqual([]);
        expect(batch.bytes().equals(once)).toBe(true);
      }),
    );
  });

  test('valid resources keep their very bytes under every policy, and no item is lost track of', () => {
    const valid = fc.dictionary(
      text.map(encodeKey),
      text.map((value) => `v${encodeValue(value.replace(/[$']/g, ''))}`),
      { maxKeys: 4 },
    );
    const policies = fc.constantFrom('report', 'repair', 'drop', 'refuse', 'quarantine');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(valid, attributes), { maxLength: 4 }),
        resources,
        policies,
        (right, any, policy) => {
          const onInvalid = policy === 'quarantine' ? quarantine(memoryExporter()) : (policy as 'drop');
          const options = { onInvalid, exempt: [], policies: { escape: 'ignore' } } as const;
          const named = right.filter(([resource]) => !('' in resource));
          const clean = build(named);
          const before = Buffer.from(clean.bytes());
          expect(validate(clean, options)).toEqual({ findings: [], refused: [], quarantined: [] });
          expect(clean.bytes().equals(before)).toBe(true);

          const mixed = build([...named, ...any]);
          const { refused, quarantined } = validate(mixed, options);
          const taken = refused.reduce((sum, { count }) => sum + count, 0);
          const aside = quarantined.reduce((sum, { batch }) => sum + batch.count, 0);
          expect(mixed.count + taken + aside).toBe(named.length + any.length);
          expect([...mixed.records()].length).toBe(mixed.count);
        },
      ),
    );
  });

  test('what is remembered of a resource is told again, with the copies of the new items', () => {
    const validator = new Validator(settings({ required: ['team.id'] }));
    const batch = (item: Record<string, string>) => logs({ city: 'Zürich' }, item);
    const faults = (of: ReturnType<typeof logs>) =>
      validator.check(of).findings.map(({ key, fault }) => `${key} ${fault}`);
    expect(faults(batch({}))).toEqual(['city non-ascii', 'team.id missing']);
    expect(faults(batch({ city: 'Zürich' }))).toEqual(['team.id missing']);
    expect(faults(batch({}))).toEqual(['city non-ascii', 'team.id missing']);
    // More resources than are remembered.
    for (let i = 0; i < 2000; i++) expect(faults(logs({ 'team.id': `team-${i}` }))).toEqual([]);
    expect(faults(batch({}))).toEqual(['city non-ascii', 'team.id missing']);
  });
});

test('annotate writes the findings on the resource, by key and fault', () => {
  const batch = logs({ 'org.name': 'My Company', 'team.id': '"a b"' });
  validate(batch, { annotate: true, required: ['x'] });
  expect(resourceOf(batch)['otelier.resource_findings']).toEqual([
    'org.name space',
    'team.id quote',
    'team.id space',
    'x missing',
  ]);
  const clean = logs({ 'team.id': 'a' });
  validate(clean, { annotate: true });
  expect(resourceOf(clean)).toEqual({ 'team.id': 'a' });
});

describe('recorded sessions', () => {
  const findings = ({ requests }: Capture, options = {}) =>
    new Set(
      requests.flatMap((request) =>
        validate(request.batch(), options).findings.map(({ key, fault }) => `${key} ${fault}`),
      ),
    );

  test.each([
    ['2.1.330', 'ra-valid', []],
    ['2.1.330', 'ra-percent-ok', []],
    ['2.1.330', 'ra-spaces', ['org.name space']],
    ['2.1.330', 'ra-quotes-space', ['org.name quote', 'org.name space']],
    ['2.1.9', 'ra-valid', []],
    // Older clients drop everything for one bad pair: only absence can be seen.
    ['2.1.9', 'ra-spaces', ['team.id missing']],
    ['2.1.9', 'ra-quotes-space', ['team.id missing']],
  ])('%s %s', (version, scenario, expected) => {
    expect([...findings(capture(version, scenario), { required: ['team.id'] })]).toEqual(expected);
  });

  test('without custom attributes are found right and pass untouched', () => {
    for (const { requests, scenario, version } of captures({ protocol: 'http/protobuf' })) {
      if (scenario.startsWith('ra-')) continue;
      for (const request of requests) {
        const batch = request.batch();
        expect(validate(batch, { onInvalid: 'drop' }).findings, `${version} ${scenario}`).toEqual([]);
        expect(batch.bytes().equals(request.bytes)).toBe(true);
      }
    }
  });
});

test.each([
  [{ onInvalid: 'encode' }, 'validateResource: onInvalid'],
  [{ onInvalid: { quarantine: {} } }, 'validateResource: onInvalid'],
  [{ onMissing: 'repair' }, 'validateResource: onMissing'],
  [{ policies: { 'too-long': 'repair' } }, 'validateResource: policies.too-long'],
  [{ policies: { blank: 'repair' } }, 'validateResource: policies.blank'],
  [{ required: [''] }, 'validateResource: required.0'],
  [{ attributes: [] }, 'validateResource: attributes'],
])('refuses the options %j', (options, path) => {
  expect(() => validateResource(options as never)).toThrow(path);
});
