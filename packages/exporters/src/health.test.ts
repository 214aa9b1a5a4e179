import { PipelineError } from '@otelier/core';
import { expect, test } from 'vitest';
import { testHost } from '../test/host.js';
import { Health } from './health.js';

test('a target that is down, or has asked for time, is not shut out for longer because the wall clock was set back', () => {
  let now = 1_000_000_000;
  const clock = { now: () => now, after: () => () => {} };
  const health = new Health('backend', { maxFailures: 1, probeIntervalMs: 10_000 }, testHost({ clock }));
  health.failed(new PipelineError('overloaded', 'not now', { retryAfterMs: 60_000 }));
  expect([health.open, health.patienceMs]).toEqual([false, 60_000]);
  now += 59_999;
  expect([health.open, health.patienceMs]).toEqual([false, 1]);
  now += 1;
  expect([health.open, health.patienceMs]).toEqual([true, 0]);
  health.failed(new PipelineError('overloaded', 'not now', { retryAfterMs: 60_000 }));
  now -= 72 * 3_600_000;
  expect([health.open, health.patienceMs]).toEqual([true, 0]);
  health.failed(new PipelineError('unavailable', 'no answer'));
  expect([health.open, health.patienceMs]).toEqual([false, 0]);
  now += 10_000;
  expect(health.open).toBe(true);
});
