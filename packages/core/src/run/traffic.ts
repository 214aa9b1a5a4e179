import type { Consume } from '../consume.js';
import { PipelineError } from '../error.js';
import type { Flow } from '../flow.js';
import type { AnyBatch } from '../signal.js';
import type { Account } from './account.js';

type GiveUp = (error: PipelineError) => void;

/** The calls that are open in one graph, from its receivers; whoever drains waits for the last, or gives all of them back. */
export class Traffic {
  readonly #open: Set<GiveUp> = new Set();
  #idle: (() => void)[] = [];
  #closed = false;

  get inFlight(): number {
    return this.#open.size;
  }

  /** Runs one call; a failure is noted in the account of the receiver whose sender hears of it. */
  run<B extends AnyBatch>(consume: Consume<B>, batch: B, flow: Flow, account: Account, count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error: PipelineError | undefined): void => {
        if (!this.#open.delete(giveUp)) return;
        if (error === undefined) resolve();
        else {
          account.failed.add(error.code, count);
          reject(error);
        }
        if (this.#open.size === 0) this.#wake();
      };
      const giveUp: GiveUp = (error) => end(error);
      this.#open.add(giveUp);
      if (this.#closed) end(new PipelineError('unavailable', 'the collector has stopped'));
      else
        consume(batch, flow).then(
          () => end(undefined),
          (thrown) => end(PipelineError.from(thrown)),
        );
    });
  }

  /** Resolves when nothing is in flight. */
  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Gives back what is in flight, and everything that comes later. */
  giveUp(error: PipelineError): void {
    this.#closed = true;
    for (const giveUp of [...this.#open]) giveUp(error);
  }

  #wake(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const wake of waiting) wake();
  }
}
