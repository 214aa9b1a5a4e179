import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from './clock.js';

afterEach(() => void vi.useRealTimers());

test('a timer for longer than Node counts waits as long as it was told, and can be cancelled all the time', () => {
  vi.useFakeTimers();
  const [month, calls] = [30 * 86_400_000, [] as string[]];
  systemClock.after(month, () => calls.push('month'));
  systemClock.after(3 * month, () => calls.push('quarter'));
  const cancel = systemClock.after(2 * month, () => calls.push('cancelled'));
  vi.advanceTimersByTime(month - 1);
  expect(calls).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(calls).toEqual(['month']);
  cancel();
  vi.advanceTimersByTime(2 * month);
  expect(calls).toEqual(['month', 'quarter']);
});
