import type { PipelineError } from '../../error.js';

/** Something that waits until what is before it is through. */
interface Waiting {
  run(): Promise<void>;
  resolve(): void;
  reject(error: PipelineError): void;
}

/** Lets in one at a time, in the order in which they came. Closed until it is first left ({@link leave}). */
export class Line {
  #isTaken = true;
  #isMoving = false;
  #queue: Waiting[] = [];

  /** Whether somebody is in. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Whether who comes now may go in at once. */
  get isFree(): boolean {
    return !this.#isTaken && this.#queue.length === 0;
  }

  /** Somebody goes in. */
  take(): void {
    this.#isTaken = true;
  }

  /** Runs what takes the place in here, or nothing of it, when it is its turn. */
  wait(run: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => this.#queue.push({ run, resolve, reject }));
  }

  /** Whoever was in is through. */
  leave(): void {
    this.#isTaken = false;
    if (this.#isMoving || this.#queue.length === 0) return;
    this.#isMoving = true;
    // Each may be through at once: a loop, lest a long queue become a deep stack.
    while (!this.#isTaken) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      next.run().then(next.resolve, next.reject);
    }
    this.#isMoving = false;
  }

  /** Lets all in at once: from now on they are turned away. */
  dissolve(): void {
    this.#isTaken = false;
    const queue = this.#queue;
    this.#queue = [];
    for (const { run, resolve, reject } of queue) run().then(resolve, reject);
  }
}
