import type { Clock } from '@otelier/core';

/** What waits for a while before it goes on. */
export class Rests {
  readonly #clock: Clock;
  readonly #wakers: Set<() => void> = new Set();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many rest. */
  get size(): number {
    return this.#wakers.size;
  }

  /** Calls `goOn` once, after so many milliseconds or at {@link end}. */
  begin(ms: number, goOn: () => void): void {
    const cancel = this.#clock.after(ms, () => wake());
    const wake = (): void => {
      cancel();
      this.#wakers.delete(wake);
      goOn();
    };
    this.#wakers.add(wake);
  }

  /** All go on now. */
  end(): void {
    for (const wake of [...this.#wakers]) wake();
  }
}
