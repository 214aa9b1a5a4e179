import type { Clock } from '@otelier/core';
import { onAbort } from '../abort.js';

/** Pauses that end early when draining, when the sender leaves, or for good at the close. */
export class Sleepers {
  private readonly clock: Clock;
  private readonly asleep: Set<Sleeper> = new Set();
  private closed: boolean = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /**
   * Resolves with true when it is time to try again, with false when nobody should.
   *
   * Waking it early never cuts it below `floorMs`, what the backend asked for.
   */
  sleep(ms: number, floorMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.closed || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const earliest = this.clock.now() + floorMs;
      const end = (goOn: boolean) => {
        cancel();
        stay();
        this.asleep.delete(sleeper);
        resolve(goOn);
      };
      const leave = () => end(false);
      const stay = onAbort(signal, leave);
      let cancel = this.clock.after(ms, () => end(true));
      const wake = () => {
        cancel();
        // Never longer than it was, also when the wall clock has been set back meanwhile.
        const left = Math.min(floorMs, earliest - this.clock.now());
        cancel = this.clock.after(Math.max(0, left), () => end(true));
      };
      const sleeper = { wake, leave };
      this.asleep.add(sleeper);
    });
  }

  /** Everybody tries as soon as they may. */
  wake(): void {
    for (const sleeper of this.asleep) sleeper.wake();
  }

  /** Nobody tries again. */
  close(): void {
    this.closed = true;
    for (const sleeper of [...this.asleep]) sleeper.leave();
  }
}

interface Sleeper {
  wake(): void;
  leave(): void;
}
