import type { Clock } from '@otelier/core';

/** A clock that stands still until it is moved by hand. */
export interface FakeClock extends Clock {
  /**
   * Moves time on by `ms` milliseconds and runs the timers that fall due, in order of time.
   * Resolves when what each of them started has settled as far as it can without input or output.
   */
  advance(ms: number): Promise<void>;
  /** How many timers wait; 0 means that nothing will happen by itself. */
  readonly timers: number;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Makes a {@link FakeClock} that starts at `start` (milliseconds since 1970). */
export function fakeClock(start: number = Date.UTC(2026, 0, 15, 12)): FakeClock {
  let now = start;
  const waiting = new Set<Timer>();
  return {
    now: () => now,
    after(ms, run) {
      const timer = { at: now + Math.max(0, ms), run };
      waiting.add(timer);
      return () => waiting.delete(timer);
    },
    async advance(ms) {
      const end = now + ms;
      for (let timer = earliest(waiting, end); timer !== undefined; timer = earliest(waiting, end)) {
        now = Math.max(now, timer.at);
        waiting.delete(timer);
        timer.run();
        await settled();
      }
      now = end;
      await settled();
    },
    get timers() {
      return waiting.size;
    },
  };
}

function earliest(timers: Iterable<Timer>, end: number): Timer | undefined {
  let first: Timer | undefined;
  for (const timer of timers) {
    if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
  }
  return first;
}

/** Every promise that can go on without input or output has gone on when a macrotask comes round. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
