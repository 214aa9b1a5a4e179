import { PipelineError } from '@otelier/core';
import { decodeStatus } from '@otelier/otlp';
import { expect, test } from 'vitest';
import { pb, post, serve } from '../../test/http.js';
import { refusalOf, statusOf } from './answer.js';

const longest = 315_576_000_000_000;

// A backend may answer `retryDelay: -1s` or a Retry-After of 30 digits, and a component may hand on what it has read.
test.each([
  [-1, 0],
  [Number.NaN, 1000],
  [Number.POSITIVE_INFINITY, longest],
  [1e300, longest],
  [0, 0],
  [1500.5, 1500.5],
])('an error that asks to wait %s ms is told as one of %s ms', (retryAfterMs, told) => {
  for (const encoding of ['protobuf', 'json'] as const) {
    const refusal = refusalOf(new PipelineError('unavailable', 'later', { retryAfterMs }));
    expect(decodeStatus(statusOf(refusal, encoding), encoding).retryAfterMs).toBe(told);
  }
});

test('a request whose pipeline asks for a senseless wait is answered all the same', async () => {
  const { http } = await serve({}, () =>
    Promise.reject(new PipelineError('overloaded', 'later', { retryAfterMs: -1 })),
  );
  const answer = await post(`${http}/v1/logs`, pb);
  expect([answer.status, answer.headers['retry-after']]).toEqual([429, '1']);
});
