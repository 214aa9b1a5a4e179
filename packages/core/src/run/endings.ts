import type { RunningSource } from './running-source.js';

/** Knows when all receivers that end by themselves have ended. */
export class Endings {
  readonly done: Promise<void>;
  /** Ids of receivers that failed. */
  readonly failed: Set<string> = new Set();
  readonly #failed: (component: string, reason: string) => void;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #open = 0;

  constructor(failed: (component: string, reason: string) => void) {
    this.#failed = failed;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody has to wait for it.
    this.done.catch(() => {});
  }

  watch(sources: readonly RunningSource[]): void {
    for (const { id, running } of sources) {
      this.failed.delete(id);
      if (running?.done === undefined) continue;
      this.#open++;
      running.done.then(
        () => this.#ended(),
        (error: unknown) => {
          this.failed.add(id);
          this.#failed(id, error instanceof Error ? error.message : typeof error);
          this.#reject(error);
          this.#ended();
        },
      );
    }
  }

  #ended(): void {
    if (--this.#open === 0) this.#resolve();
  }
}
