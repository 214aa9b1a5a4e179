import { PipelineError } from '@otelier/core';
import { expect, test } from 'vitest';
import { textLogger } from './text-logger.js';

function lineOf(fields: object): string {
  let line = '';
  textLogger(
    () => 'info',
    (text) => {
      line += text;
    },
  ).warn(fields, 'something happened');
  return line;
}

test('a line has level, component, sentence and short fields', () => {
  expect(lineOf({ component: 'logs/events/queue', batches: 2, long: 'x'.repeat(201), list: [1] })).toBe(
    'otelier warn logs/events/queue: something happened (batches=2)\n',
  );
});

test.each([
  ['an error', { err: new PipelineError('unavailable', 'it answered 503') }],
  ['the text of one', { error: `[unavailable] ${'http://a.example.com/'.repeat(9)} it answered 503` }],
])('and why it happened, whatever the length: %s', (_what, fields) => {
  expect(lineOf({ count: 1, ...fields })).toMatch(
    /^otelier warn something happened \(count=1\): \[unavailable\] .*it answered 503\n$/,
  );
});

test('a reason of several lines stays on the line', () => {
  expect(lineOf({ err: new PipelineError('rejected', 'a\n  b') })).toBe(
    'otelier warn something happened: [rejected] a b\n',
  );
});

test('the message of a foreign error may quote data, unless the system or OpenSSL made it', () => {
  expect(lineOf({ err: new TypeError('cannot read my secret') })).toBe('otelier warn something happened: TypeError\n');
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(lineOf({ err: full })).toBe('otelier warn something happened: ENOSPC: no space left on device, write\n');
});
