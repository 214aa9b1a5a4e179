import type { Exporter, Processor } from '../component.js';
import type { Stage } from '../consume.js';
import type { AnyBatch, Signal } from '../signal.js';
import type { Account } from './account.js';

/** A component of a graph that batches run through. */
export class Node {
  readonly id: string;
  readonly component: Processor<Signal> | Exporter<Signal>;
  readonly signal: Signal;
  readonly account: Account;
  /** Absent for hooks that run in a traversal with their neighbours: there is nothing to start or flush. */
  stage: Stage<AnyBatch> | undefined;
  #draining = false;
  #flushing: Promise<void> | undefined;
  #again = false;

  constructor(id: string, component: Processor<Signal> | Exporter<Signal>, signal: Signal, account: Account) {
    this.id = id;
    this.component = component;
    this.signal = signal;
    this.account = account;
  }

  /** Flushes now, and again after each batch that still arrives. */
  drain(): Promise<void> {
    this.#draining = true;
    return this.#flush();
  }

  /** To be called when a batch arrives. */
  arrived(): void {
    // The stage must have taken the batch before it can flush it.
    if (this.#draining) queueMicrotask(() => void this.#flush().catch(() => {}));
  }

  /** The flush that is running, which takes what arrives meanwhile. */
  get flushed(): Promise<void> {
    return this.#flushing ?? Promise.resolve();
  }

  #flush(): Promise<void> {
    const { stage } = this;
    if (stage?.flush === undefined) return Promise.resolve();
    if (this.#flushing !== undefined) {
      this.#again = true;
      return this.#flushing;
    }
    return (this.#flushing = this.#flushUntilCaughtUp(stage).finally(() => {
      this.#flushing = undefined;
    }));
  }

  async #flushUntilCaughtUp(stage: Stage<AnyBatch>): Promise<void> {
    do {
      this.#again = false;
      await stage.flush?.();
    } while (this.#again);
  }
}
