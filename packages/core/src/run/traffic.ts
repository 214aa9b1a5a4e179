import type { Consume } from '../consume.js';
import { PipelineError } from '../error.js';
import type { Flow } from '../flow.js';
import type { AnyBatch } from '../signal.js';
import type { Account } from './account.js';

/** One call that is open, and whoever waits for its end. */
class Call {
  declare readonly account: Account;
  declare readonly count: number;
  declare readonly resolve: () => void;
  declare readonly reject: (error: PipelineError) => void;

  constructor(account: Account, count: number, resolve: () => void, reject: (error: PipelineError) => void) {
    this.account = account;
    this.count = count;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/** The calls that are open in one graph, from its receivers; whoever drains waits for the last, or gives all of them back. */
export class Traffic {
  readonly #open: Set<Call> = new Set();
  #waiting: { readonly of: ReadonlySet<Account> | undefined; wake(): void }[] = [];
  #closed = false;
  /** Calls that have ended, in any way. */
  ended: number = 0;

  get inFlight(): number {
    return this.#open.size;
  }

  /** Runs one call; a failure is noted in the account of the receiver whose sender hears of it. */
  run<B extends AnyBatch>(consume: Consume<B>, batch: B, flow: Flow, account: Account, count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const call = new Call(account, count, resolve, reject);
      this.#open.add(call);
      if (this.#closed) this.#end(call, new PipelineError('unavailable', 'the collector has stopped'));
      else
        consume(batch, flow).then(
          () => this.#end(call, undefined),
          (thrown) => this.#end(call, PipelineError.from(thrown)),
        );
    });
  }

  /** Resolves when nothing is in flight, or nothing of these receivers. */
  idle(of?: ReadonlySet<Account>): Promise<void> {
    if (!this.#isBusy(of)) return Promise.resolve();
    return new Promise((wake) => this.#waiting.push({ of, wake }));
  }

  /** Gives back what is in flight, and everything that comes later. */
  giveUp(error: PipelineError): void {
    this.#closed = true;
    for (const call of [...this.#open]) this.#end(call, error);
  }

  #end(call: Call, error: PipelineError | undefined): void {
    if (!this.#open.delete(call)) return;
    this.ended++;
    if (error === undefined) call.resolve();
    else {
      call.account.failed.add(error.code, call.count);
      call.reject(error);
    }
    if (this.#waiting.length > 0) this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) {
      if (this.#isBusy(waiter.of)) this.#waiting.push(waiter);
      else waiter.wake();
    }
  }

  #isBusy(of: ReadonlySet<Account> | undefined): boolean {
    if (of === undefined) return this.#open.size > 0;
    for (const { account } of this.#open) if (of.has(account)) return true;
    return false;
  }
}
