import { describe, expect, it } from 'vitest';
import { officialMeaning } from '../../test/oracle.js';
import { LogsBatch } from '../logs/logs-batch.js';

const SECRET = 'CANARY_PROMPT';
const text = (value: string): Buffer => field(0x0a, Buffer.from(value));
const key = text('prompt');
const value = field(0x12, text(SECRET));
const harmless = field(0x12, text('hi'));

/** Ways to hand in the attribute `prompt` so that some reader finds the secret where a careless scan does not look. */
const attributes: readonly [string, Buffer[]][] = [
  ['plainly', [Buffer.concat([key, value])]],
  ['value first', [Buffer.concat([value, key])]],
  ['key twice', [Buffer.concat([text('other'), key, value])]],
  ['key behind value too', [Buffer.concat([text('other'), value, key])]],
  ['value twice', [Buffer.concat([key, harmless, value])]],
  ['the attribute twice', [Buffer.concat([key, harmless]), Buffer.concat([key, value])]],
  ['a padded key length', [Buffer.concat([Buffer.from([0x0a, 0x86, 0x80, 0]), Buffer.from('prompt'), value])]],
  ['a padded key tag', [Buffer.concat([Buffer.from([0x8a, 0x80, 0]), key.subarray(1), value])]],
  ['a padded value tag', [Buffer.concat([key, Buffer.from([0x92, 0]), value.subarray(1)])]],
  ['an unknown field before the key', [Buffer.concat([field(0x7a, Buffer.from('x')), key, value])]],
  ['an unknown field between', [Buffer.concat([key, Buffer.from([0x18, 1]), value])]],
  ['a group between', [Buffer.concat([key, Buffer.from([0x1b, 0x1c]), value])]],
  [
    'two members in the value',
    [Buffer.concat([key, field(0x12, Buffer.concat([Buffer.from([0x10, 1]), text(SECRET)]))])],
  ],
  ['a value in two pieces', [Buffer.concat([key, field(0x12, Buffer.from([0x10, 1])), value])]],
];

describe('a prompt cannot be smuggled past redaction', () => {
  it.each(attributes)('by %s', (_how, list) => {
    const record = Buffer.concat(list.map((each) => field(0x32, each)));
    const request = field(0x0a, field(0x12, field(0x12, record)));
    const batch = LogsBatch.parse(request);
    for (const each of batch.records()) each.attributes.set('prompt', '<REDACTED>');
    expect(batch.bytes().includes(SECRET)).toBe(false);
    const read = JSON.stringify(officialMeaning('logs', batch.bytes()));
    expect(read).toContain('<REDACTED>');
    expect(read).not.toContain(SECRET);
  });

  it('in a body sent in two pieces', () => {
    const record = Buffer.concat([field(0x2a, text(SECRET)), field(0x2a, text('hi'))]);
    const batch = LogsBatch.parse(field(0x0a, field(0x12, field(0x12, record))));
    expect([...batch.records()].map((each) => each.body)).toEqual(['hi']);
    expect(batch.bytes().includes(SECRET)).toBe(false);
  });

  it('under a JSON name in disguise, or twice', () => {
    for (const attribute of [
      `{"key":"prompt","value":{"stringValue":"${SECRET}"}}`,
      `{"\\u006bey":"\\u0070rompt","value":{"stringValue":"${SECRET}"}}`,
      `{"key":"x","key":"prompt","value":{"stringValue":"${SECRET}"}}`,
      `{"value":{"stringValue":"${SECRET}"},"key":"x","key":"prompt"}`,
      `{"value":{"boolValue":true},"key":"prompt","value":{"stringValue":"${SECRET}"}}`,
      `{"key":"prompt","value":{"boolValue":true,"stringValue":"${SECRET}"}}`,
    ]) {
      const batch = LogsBatch.fromJson(
        `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[${attribute}]}]}]}]}`,
      );
      for (const each of batch.records()) each.attributes.set('prompt', '<REDACTED>');
      expect(batch.bytes().includes(SECRET)).toBe(false);
      expect(batch.toJson()).toContain('{"key":"prompt","value":{"stringValue":"<REDACTED>"}}');
    }
  });
});

function field(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}
