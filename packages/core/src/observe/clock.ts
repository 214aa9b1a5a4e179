import type { Clock } from '../host.js';

/** The machine's time. Its timers do not keep a process alive: what waits for one is a request or a server, which does. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    if (ms > longestTimerMs) return afterLong(ms, run);
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** Node calls at once what should wait for longer: 24.8 days. */
const longestTimerMs = 2 ** 31 - 1;

function afterLong(ms: number, run: () => void): () => void {
  let cancel: () => void;
  const wait = (leftMs: number): void => {
    const now = Math.min(leftMs, longestTimerMs);
    cancel = systemClock.after(now, () => (leftMs > now ? wait(leftMs - now) : run()));
  };
  wait(ms);
  return () => cancel();
}

/** Resolves with `'done'` when `work` settles in any way, or with `'late'` after `ms` milliseconds. */
export function within(work: Promise<unknown>, ms: number, clock: Clock): Promise<'done' | 'late'> {
  return new Promise((resolve) => {
    const cancel = clock.after(Math.max(ms, 0), () => resolve('late'));
    const done = (): void => {
      cancel();
      resolve('done');
    };
    work.then(done, done);
  });
}
