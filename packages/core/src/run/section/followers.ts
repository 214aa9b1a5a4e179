import type { PipelineError } from '../../error.js';

/** Somebody who waits until everything up to `seq` has been delivered. */
interface Follower {
  readonly seq: number;
  resolve(): void;
  reject(error: PipelineError): void;
}

/** Those who wait until what came before them has been delivered. */
export class Followers {
  #waiting: Follower[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(seq: number, resolve: () => void, reject: (error: PipelineError) => void): void {
    this.#waiting.push({ seq, resolve, reject });
  }

  /** Everything before `seq` has been delivered. */
  delivered(seq: number): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((each) => each.seq >= seq);
    for (const each of waiting) if (each.seq < seq) each.resolve();
  }

  /** Delivery has failed: none waits any longer. */
  fail(error: PipelineError): void {
    if (this.isEmpty) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each.reject(error);
  }

  /** All wait there instead. */
  moveTo(other: Followers): void {
    other.#waiting.push(...this.#waiting);
    this.#waiting = [];
  }
}
