import type { AnyBatch } from '@otelier/core';
import {
  type AnyValue,
  buildLogs,
  buildMetrics,
  buildTraces,
  double,
  type LogRecord,
  type LogsBatch,
} from '@otelier/otlp';
import { claudeCode, testPipeline } from '@otelier/testing';
import { describe, expect, test } from 'vitest';
import { nameAttributes, redactBatch } from '../redact/redact.js';
import { promptOptions, type RedactPromptsOptions, redactPrompts } from './redact-prompts.js';

const redact = <B extends AnyBatch>(batch: B, options: RedactPromptsOptions = {}): B =>
  redactBatch(batch, promptOptions(options));

const first = (batch: LogsBatch): LogRecord => [...batch.records()][0]!;
const attributes = (given: Record<string, AnyValue>, options: RedactPromptsOptions = {}) =>
  first(redact(buildLogs([{ records: [{ attributes: given }] }]), options)).attributes.toObject();
const attribute = (name: string, value: AnyValue, options?: RedactPromptsOptions) =>
  attributes({ [name]: value }, options)[name];
const body = (value: AnyValue, options?: RedactPromptsOptions) =>
  first(redact(buildLogs([{ records: [{ body: value }] }]), options)).body;

describe('text', () => {
  test.each([
    ['length', 'prompt', 'my secret', '[redacted 9 chars]'],
    ['fixed', 'prompt', 'my secret', '[redacted]'],
    ['remove', 'prompt', 'my secret', undefined],
    ['length', 'prompt', '', ''],
    ['length', 'prompt', '<REDACTED>', '<REDACTED>'],
    ['length', 'prompt', 'not <REDACTED>', '[redacted 14 chars]'],
    ['length', 'prompt_text', 'a\nb', '[redacted 3 chars]'],
    ['length', 'response', '{"a":1}', '[redacted 7 chars]'],
    ['length', 'model', 'claude-opus', 'claude-opus'],
    ['length', 'prompt_length', '9', '9'],
    ['length', 'error', 'ENOENT: /home/me', '[redacted 16 chars]'],
    ['length', 'error', 'undefined', 'undefined'],
    ['length', 'error', 'ShellError', 'ShellError'],
    ['length', 'error', '429', '429'],
    ['length', 'prompt', 'ShellError', '[redacted 10 chars]'],
  ] as const)('mask %s: %s %j becomes %j', (mask, name, value, expected) => {
    expect(attribute(name, value, { mask })).toBe(expected);
  });

  test('by a function, which may delete and may fail', () => {
    const mask = (text: string, name: string) => {
      if (text === 'bad') throw new Error(text);
      return text === 'gone' ? undefined : `${name}#${text.length}`;
    };
    expect(attributes({ prompt: 'abc', response: 'bad', content: 'gone' }, { mask })).toEqual({
      prompt: 'prompt#3',
      response: '[redacted]',
    });
  });
});

describe('other values under a listed name', () => {
  test.each([
    [12, '[redacted number]'],
    [double(1.5), '[redacted number]'],
    [2n ** 60n, '[redacted number]'],
    [true, true],
    [new Uint8Array(4), '[redacted 4 bytes]'],
    [
      ['/home/me', 3, false],
      ['[redacted 8 chars]', '[redacted number]', false],
    ],
    [{ a: { b: 'text' } }, { a: { b: '[redacted 4 chars]' } }],
    [
      { 'What is your name?': 'Ada', 'And yours?': 'Bob' },
      { '[redacted 18 chars]': '[redacted 3 chars]', '[redacted 10 chars] #2': '[redacted 3 chars]' },
    ],
  ] as [AnyValue, AnyValue][])('case %#', (value, expected) => {
    expect(attribute('output', value)).toEqual(expected);
  });

  test('may be hidden with their structure', () => {
    expect(attribute('output', ['a', { b: 'c' }], { payloads: 'whole' })).toBe('[redacted]');
    expect(attribute('tool_input', '{"a":"b"}', { payloads: 'whole' })).toBe('[redacted 9 chars]');
  });
});

describe('JSON payloads', () => {
  test.each([
    ['{"full_command":"rm -rf x","timeout":30000}', '{"full_command":"[redacted 8 chars]","timeout":30000}'],
    ['{ "a" : [ "x" , 1.50, null, true ] }', '{ "a" : [ "[redacted 1 chars]" , "[redacted number]", null, true ] }'],
    [
      '{"mcp_server_name":"github","tool_name":"create issue: my secret"}',
      '{"mcp_server_name":"github","tool_name":"[redacted 23 chars]"}',
    ],
    ['{"a":"\\"quoted\\" \\\\"}', '{"a":"[redacted 10 chars]"}'],
    ['{"a":"x","a":"yy"}', '{"a":"[redacted 1 chars]","a":"[redacted 2 chars]"}'],
    ['{"__proto__":{"a":"x"}}', '{"__proto__":{"a":"[redacted 1 chars]"}}'],
    [
      '{"my secret key":1,"another one":2}',
      '{"[redacted 13 chars]":"[redacted number]","[redacted 11 chars] #2":"[redacted number]"}',
    ],
    ['"just text"', '"[redacted 9 chars]"'],
    ['5', '"[redacted number]"'],
    ['{}', '{}'],
    ['{"full_command":"cut o', '[redacted 22 chars]'],
    ['ls -la', '[redacted 6 chars]'],
  ])('%s', (payload, expected) => {
    expect(attribute('tool_input', payload)).toBe(expected);
  });

  test('stay with what is exempt, and name their own labels', () => {
    const payload = '{"timeout":5,"description":"say it","command":"ls"}';
    expect(attribute('tool_input', payload, { keep: ['description'], labels: ['command'] })).toBe(
      '{"timeout":"[redacted number]","description":"say it","command":"ls"}',
    );
    expect(attribute('tool_input', payload, { keep: ['tool_input'] })).toBe(payload);
  });

  test('nested deeper than is looked into are masked whole', () => {
    const payload = `${'['.repeat(40)}"x"${']'.repeat(40)}`;
    expect(attribute('tool_input', payload)).toBe('[redacted 83 chars]');
    expect(attribute('tool_input', payload, { maxDepth: 64 })).toBe(
      `${'['.repeat(40)}"[redacted 1 chars]"${']'.repeat(40)}`,
    );
  });
});

describe('listed names inside values of other attributes', () => {
  test.each([
    [{ input: { prompt: 'abc', n: double(3) } }, { input: { prompt: '[redacted 3 chars]', n: 3 } }],
    [{ list: [{ prompt: 'abc' }, 'kept'] }, { list: [{ prompt: '[redacted 3 chars]' }, 'kept'] }],
    [
      { text: '{"id": 12345678901234567890, "prompt":"abc"}' },
      { text: '{"id": 12345678901234567890, "prompt":"[redacted 3 chars]"}' },
    ],
    [{ text: '{"\\u0070rompt":"abc"}' }, { text: '{"\\u0070rompt":"[redacted 3 chars]"}' }],
    [{ text: '{"a":"{\\"prompt\\":\\"abc\\"}"}' }, { text: '{"a":"{\\"prompt\\":\\"[redacted 3 chars]\\"}"}' }],
    [{ text: '{"a":1,"prompt":"cut o' }, { text: '[redacted 22 chars]' }],
    [{ text: "{'prompt': 'abc'}" }, { text: '[redacted 17 chars]' }],
    // Nobody knows this field, and it holds more than a label.
    [{ text: '[info] all is well' }, { text: '[redacted 18 chars]' }],
    [{ text: 'info' }, { text: 'info' }],
    [{ text: '{"a":1}' }, { text: '{"a":1}' }],
  ] as [Record<string, AnyValue>, Record<string, AnyValue>][])('%j', (before, after) => {
    expect(attributes(before)).toEqual(after);
  });

  test('a double inside a map stays a double', () => {
    const plain = buildLogs([{ records: [{ attributes: { m: { d: double(3), prompt: 'x' } } }] }]);
    const json = JSON.stringify(JSON.parse(redact(plain).toJson()));
    expect(json).toContain('"doubleValue":3');
  });
});

describe('bodies', () => {
  test.each([
    ['claude_code.user_prompt', undefined, 'claude_code.user_prompt'],
    ['Fix the bug in main.ts', undefined, '[redacted 22 chars]'],
    ['Fix the bug', 'keep', 'Fix the bug'],
    ['claude_code.user_prompt', 'mask', '[redacted 23 chars]'],
    [{ prompt: 'abc', role: 'user' }, undefined, { prompt: '[redacted 3 chars]', role: 'user' }],
    [{ prompt: 'abc', role: 'user' }, 'keep', { prompt: '[redacted 3 chars]', role: 'user' }],
    [{ prompt: 'abc', role: 'user' }, 'mask', { prompt: '[redacted 3 chars]', role: '[redacted 4 chars]' }],
    [['abc'], undefined, ['[redacted 3 chars]']],
    [7, undefined, '[redacted number]'],
    [undefined, undefined, undefined],
  ] as const)('%j, body: %s', (value, option, expected) => {
    expect(body(value as AnyValue, option === undefined ? {} : { body: option })).toEqual(expected);
  });
});

describe('every place where attributes are', () => {
  const holder = {
    resource: { attributes: { prompt: 'SECRET' } },
    scope: { name: 's', attributes: { prompt: 'SECRET' } },
  };
  const found = (bytes: Buffer) => [
    bytes.includes('SECRET'),
    bytes.toString('latin1').split('[redacted 6 chars]').length - 1,
  ];

  test('of logs', () => {
    expect(found(redact(buildLogs([{ ...holder, records: [{ attributes: { prompt: 'SECRET' } }] }])).bytes())).toEqual([
      false,
      3,
    ]);
  });

  test('of metrics', () => {
    const exemplars = [{ value: 1, filteredAttributes: { prompt: 'SECRET' } }];
    const batch = buildMetrics([
      {
        ...holder,
        metrics: [{ name: 'm', gauge: { points: [{ attributes: { prompt: 'SECRET' }, value: 1, exemplars }] } }],
      },
    ]);
    expect(found(redact(batch).bytes())).toEqual([false, 4]);
  });

  test('of traces', () => {
    const inner = { attributes: { prompt: 'SECRET' } };
    const span = {
      name: 'n',
      ...inner,
      events: [{ name: 'e', ...inner }],
      links: [{ ...inner }],
      status: { code: 2, message: 'SECRET' },
    };
    const batch = buildTraces([{ ...holder, spans: [span as never] }]);
    expect(found(redact(batch).bytes())).toEqual([false, 6]);
  });
});

test('names of skills and agents stay unless asked for', () => {
  expect(attribute('skill.name', 'mine')).toBe('mine');
  expect(attribute('skill.name', 'mine', { attributes: nameAttributes })).toBe('[redacted 4 chars]');
  expect(attribute('prompt', 'mine', { keep: ['prompt'] })).toBe('mine');
});

test('in a pipeline everything arrives, masked, and the books balance', async () => {
  await using run = await testPipeline([redactPrompts()]);
  await run.send(claudeCode.userPrompt({ prompt: 'my secret' }));
  await run.send(claudeCode.tokenUsage());
  expect(first(run.received.logs[0]!).attributes.get('prompt')).toBe('[redacted 9 chars]');
  expect(run.received.metrics.length).toBe(1);
});

test.each([
  [{ mask: 'hash' }, 'redactPrompts: mask'],
  [{ attributes: 'prompt' }, 'redactPrompts: attributes'],
  [{ maxDepth: 0 }, 'redactPrompts: maxDepth'],
  [{ keys: [] }, 'redactPrompts: keys'],
])('refuses the options %j', (options, path) => {
  expect(() => redactPrompts(options as never)).toThrow(path);
});
