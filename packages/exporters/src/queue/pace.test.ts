import { type Clock, PipelineError } from '@otelier/core';
import { fakeClock } from '@otelier/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pace } from './pace.js';

const hour = 3_600_000;

test('no pause is longer than what the backend asked for or 30 s, wherever the wall clock is set to', async () => {
  const step = fc.record({
    jump: fc.constantFrom(0, 0, -72 * hour, -hour, -1000, 1000, hour, 72 * hour),
    asks: fc.constantFrom(undefined, undefined, 0, 500, 60_000),
    hurry: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const timers = fakeClock();
      let offset = 0;
      const clock: Clock = { now: () => timers.now() + offset, after: (ms, run) => timers.after(ms, run) };
      const pace = new Pace(clock, 4, () => {});
      for (const { jump, asks, hurry } of steps) {
        pace.failed(new PipelineError('unavailable', 'not now', asks === undefined ? {} : { retryAfterMs: asks }));
        offset += jump;
        if (hurry) pace.hurry();
        await timers.advance(60_000);
        expect(pace.resting).toBe(false);
      }
    }),
  );
});

test('what the backend has asked for is waited for, also when it fails again before and when the drain hurries', async () => {
  const clock = fakeClock();
  const pace = new Pace(clock, 4, () => {});
  pace.failed(new PipelineError('overloaded', 'not now', { retryAfterMs: 60_000 }));
  await clock.advance(20_000);
  pace.failed(new PipelineError('unavailable', 'no answer'));
  pace.hurry();
  await clock.advance(39_999);
  expect(pace.resting).toBe(true);
  await clock.advance(1);
  expect(pace.resting).toBe(false);
});
