import { expect, test } from 'vitest';
import { fakeClock } from './fake-clock.js';

test('timers run in order of time, see the time they were set for, and may set new ones', async () => {
  const clock = fakeClock(1000);
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b@${clock.now()}`));
  clock.after(10, () => {
    seen.push(`a@${clock.now()}`);
    clock.after(5, () => seen.push(`a2@${clock.now()}`));
  });
  const cancel = clock.after(15, () => seen.push('never'));
  cancel();
  clock.after(31, () => seen.push('later'));
  await clock.advance(30);
  expect(seen).toEqual(['a@1010', 'a2@1015', 'b@1020']);
  expect(clock.now()).toBe(1030);
  expect(clock.timers).toBe(1);
});

test('what a timer starts has settled when advance resolves', async () => {
  const clock = fakeClock();
  let steps = 0;
  clock.after(1, () => {
    void (async () => {
      for (; steps < 50; steps++) await undefined;
    })();
  });
  await clock.advance(1);
  expect(steps).toBe(50);
});
