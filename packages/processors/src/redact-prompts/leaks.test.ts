import { type AnyBatch, type Hook, processor } from '@otelier/core';
import { type AnyValue, buildLogs, buildTraces, type LogRecord, LogsBatch } from '@otelier/otlp';
import { testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentAttributes, redactBatch } from '../redact/redact.js';
import { promptOptions, type RedactPromptsOptions, redactPrompts } from './redact-prompts.js';

const redact = <B extends AnyBatch>(batch: B, options: RedactPromptsOptions = {}): B =>
  redactBatch(batch, promptOptions(options));

const secret = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => `SECRET_${text}`);
const listed = fc.constantFrom(...contentAttributes);
const harmless = fc.string({ maxLength: 8 }).filter((name) => !contentAttributes.includes(name));
const leaf: fc.Arbitrary<AnyValue> = fc.oneof(fc.string({ maxLength: 12 }), fc.integer(), fc.boolean());

/** A value that holds a secret under a listed name at some depth, in maps, lists, JSON text, and JSON text inside JSON text. */
const planted: fc.Arbitrary<AnyValue> = fc.letrec<{ any: AnyValue; map: AnyValue }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('map'),
    fc.tuple(leaf, tie('any')).map(([a, b]) => [a, b] as AnyValue),
  ),
  map: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .tuple(
        listed,
        fc.oneof(
          secret,
          secret.map((text) => [text, { x: text }]),
        ),
      )
      .map(([name, value]) => ({ [name]: value }) as AnyValue),
    fc.tuple(harmless, leaf, harmless, tie('any')).map(([a, x, b, y]) => ({ [a]: x, [b]: y }) as AnyValue),
    fc
      .tuple(tie('any'), fc.constantFrom(undefined, 1, 2))
      .map(([value, indent]) => JSON.stringify(value, undefined, indent) as AnyValue),
    fc.tuple(harmless, tie('any')).map(([name, value]) => ({ [name]: JSON.stringify(value) }) as AnyValue),
  ),
})).any;

const leaks = (bytes: Buffer) => bytes.includes('SECRET');

describe('secrets under listed names', () => {
  test('never survive, at whatever depth', () => {
    fc.assert(
      fc.property(harmless, planted, fc.constantFrom('length', 'fixed', 'remove' as const), (name, value, mask) => {
        const attributes = { [name]: value };
        const logs = buildLogs([{ resource: { attributes }, records: [{ attributes, body: { x: value } }] }]);
        expect(leaks(redact(logs, { mask }).bytes())).toBe(false);
        expect(logs.count).toBe(1);
        const spans = buildTraces([
          { spans: [{ name: 'n', attributes, events: [{ name: 'e', attributes }] } as never] },
        ]);
        expect(leaks(redact(spans, { mask }).bytes())).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  test('never survive as a payload, which stays JSON', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'grapheme', maxDepth: 6 }), secret, (json, text) => {
        const payload = JSON.stringify({ a: JSON.parse(json), [`${text} ?`]: [text, { b: text }] });
        const batch = redact(buildLogs([{ records: [{ attributes: { tool_input: payload } }] }]));
        const [record] = batch.records();
        const masked = record!.attributes.get('tool_input') as string;
        expect(masked).not.toContain('SECRET');
        expect(Object.keys(JSON.parse(masked) as object)).toHaveLength(2);
      }),
    );
  });

  test('do not survive by being cut off anywhere', () => {
    const payload = JSON.stringify({ id: 7, nested: { prompt: 'SECRET text', other: ['x'] } });
    for (let length = payload.indexOf('SECRET') + 1; length <= payload.length; length++) {
      const cut = payload.slice(0, length);
      for (const name of ['tool_input', 'whatever']) {
        const batch = redact(buildLogs([{ records: [{ attributes: { [name]: cut } }] }]));
        expect(batch.bytes().includes('SECRET'.slice(0, 3)), `${name} ${cut}`).toBe(false);
      }
    }
  });
});

describe('secrets that other processors wrote in the same traversal', () => {
  const planting: Record<string, Hook<LogRecord>> = {
    'under a listed name': ({ attributes }) => void attributes.set('prompt', 'SECRET'),
    'over a listed name': ({ attributes }) => void attributes.set('prompt_text', 'SECRET'),
    'in a map': ({ attributes }) => void attributes.set('m', { prompt: ['SECRET'] }),
    'in JSON text': ({ attributes }) => void attributes.set('event.name', '{"prompt":"SECRET"}'),
    'by renaming': ({ attributes }) => void attributes.set('response', attributes.get('secret')).delete('secret'),
    'in the body': (record) => void (record.body = 'SECRET text'),
    'on resource and scope': ({ resource, scope }) => {
      resource.attributes.set('prompt', 'SECRET');
      scope.attributes.set('prompt', 'SECRET');
    },
  };

  test.each(Object.entries(planting))('%s', async (_, logRecord) => {
    const plant = () => processor('plant', { logRecord });
    await using run = await testPipeline([plant(), redactPrompts(), plant(), redactPrompts()]);
    const attributes = { 'event.name': 'x', prompt_text: 'SECRET too', secret: 'SAFE' };
    await run.send(buildLogs([{ records: [{ attributes }, { attributes }] }]));
    const [out] = run.received.logs;
    expect([out?.count, leaks(out!.bytes())]).toEqual([2, false]);

    const batch = buildLogs([{ records: [{ attributes }, { attributes }] }]);
    for (const item of batch.records()) logRecord(item, undefined as never);
    // What was written is masked; what is masked is found again, and left alone.
    const once = redact(batch).bytes();
    expect(leaks(once)).toBe(false);
    expect(redact(LogsBatch.parse(once)).bytes().equals(once)).toBe(true);
    expect(LogsBatch.parse(once).count).toBe(2);
  });
});

describe('odd but legal encodings', () => {
  const field = (tag: number, ...parts: Uint8Array[]): Buffer => {
    const content = Buffer.concat(parts);
    // A length of two bytes where one would do, as a streaming encoder writes it.
    return Buffer.concat([Buffer.from([tag, (content.length & 127) | 128, content.length >> 7]), content]);
  };
  const text = (value: string) => field(0x0a, Buffer.from(value));
  const pair = (name: string, value: Uint8Array) => Buffer.concat([field(0x0a, Buffer.from(name)), field(0x12, value)]);
  const request = (...attributes: Uint8Array[]) =>
    field(0x0a, field(0x12, field(0x12, ...attributes.map((each) => field(0x32, each)))));
  const kvlist = (...pairs: Uint8Array[]) => field(0x32, ...pairs.map((each) => field(0x0a, each)));
  const one = Buffer.from([0x18, 1]);

  test.each([
    ['value before key', request(Buffer.concat([field(0x12, text('SECRET')), field(0x0a, Buffer.from('prompt'))]))],
    [
      'a key sent twice, the last one listed',
      request(Buffer.concat([field(0x0a, Buffer.from('x')), pair('prompt', text('SECRET'))])),
    ],
    ['a value sent twice', request(Buffer.concat([pair('prompt', text('SECRET')), field(0x12, one)]))],
    [
      'two members of the oneof, text hidden by a number',
      request(pair('prompt', Buffer.concat([text('SECRET'), one]))),
    ],
    ['the same name twice', request(pair('prompt', text('a')), pair('prompt', text('SECRET')))],
    ['the same name twice, once empty', request(pair('prompt', Buffer.alloc(0)), pair('prompt', text('SECRET')))],
    [
      'a name twice in a map',
      request(pair('m', kvlist(pair('x', one), pair('prompt', one), pair('prompt', text('SECRET'))))),
    ],
    [
      'a name twice in a map, the hidden one a map',
      request(pair('m', kvlist(pair('x', one), pair('x', kvlist(pair('prompt', text('SECRET'))))))),
    ],
    [
      'a map in a list in a map',
      request(pair('m', kvlist(pair('l', field(0x2a, field(0x0a, kvlist(pair('prompt', text('SECRET'))))))))),
    ],
  ])('%s', (_, bytes) => {
    expect(leaks(bytes)).toBe(true);
    const batch = redact(LogsBatch.parse(bytes));
    expect(leaks(batch.bytes())).toBe(false);
    expect(batch.count).toBe(1);
    expect(leaks(LogsBatch.parse(batch.bytes()).bytes())).toBe(false);
  });
});
