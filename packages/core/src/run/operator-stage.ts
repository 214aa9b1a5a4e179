import type { Subject, Subscription } from 'rxjs';
import type { Consume, Stage } from '../consume.js';
import type { Operate } from '../define/operator.js';
import { hold, Receipt, release } from '../define/receipt.js';
import { PipelineError } from '../error.js';
import type { Flow } from '../flow.js';
import type { Host } from '../host.js';
import { within } from '../observe/clock.js';
import { rxjs } from '../observe/emitter.js';
import type { AnyBatch } from '../signal.js';
import { engineOf } from './account-of.js';

/** One life of the author's operator, from its subscription to its error, completion or flush. */
interface Life<B> {
  readonly batches: Subject<B>;
  readonly receipts: Set<Receipt>;
  readonly ended: Promise<void>;
  subscription: Subscription | undefined;
  /** The receipt whose batch is being pushed in right now. */
  pushing: Receipt | undefined;
  /** Why it ended, once it has. */
  failure: PipelineError | undefined;
  end(): void;
}

/** Runs an operator: pushes batches in, delivers what comes out, and settles what its senders wait for. */
export class OperatorStage<B extends AnyBatch> implements Stage<B> {
  readonly #operate: Operate<B>;
  readonly #next: Consume<B>;
  readonly #host: Host;
  readonly #holdMs: number;
  readonly #maxHeld: number;
  /** All open receipts, oldest first. */
  readonly #open: Set<Receipt> = new Set();
  readonly #lives: Set<Life<B>> = new Set();
  #life: Life<B> | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(
    operate: Operate<B>,
    next: Consume<B>,
    host: Host,
    { holdMs, maxHeld }: { holdMs: number; maxHeld: number },
  ) {
    this.#operate = operate;
    this.#next = next;
    this.#host = host;
    this.#holdMs = holdMs;
    this.#maxHeld = maxHeld;
  }

  readonly consume: Consume<B> = (batch, flow) => {
    if (this.#open.size >= this.#maxHeld) {
      const why = `${this.#host.name} holds ${this.#maxHeld} batches`;
      return Promise.reject(new PipelineError('overloaded', why, { retryAfterMs: 1000 }));
    }
    const life = this.#life ?? this.#begin();
    const receipt = new Receipt(flow, this.#host.clock.now() + this.#holdMs, (settled) => {
      this.#open.delete(settled);
      life.receipts.delete(settled);
    });
    this.#open.add(receipt);
    life.receipts.add(receipt);
    hold(batch, receipt);
    this.#watchTime(this.#holdMs);
    life.pushing = receipt;
    life.batches.next(batch);
    life.pushing = undefined;
    // The operator may have ended before it got to see this batch.
    if (life.failure !== undefined && receipt.held > 0) receipt.refuse(life.failure);
    return receipt.promise;
  };

  async flush(): Promise<void> {
    const lives = [...this.#lives];
    this.#life = undefined;
    for (const { batches } of lives) batches.complete();
    // An operator that does not end with its input would keep a drain waiting for nothing.
    await within(Promise.all(lives.map(({ ended }) => ended)), this.#holdMs, this.#host.clock);
    await Promise.allSettled([...this.#open].map(({ promise }) => promise));
  }

  async close(): Promise<void> {
    this.#cancelTimer?.();
    for (const life of [...this.#lives]) this.#end(life, this.#unavailable('was closed'));
  }

  #begin(): Life<B> {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const batches = new (rxjs().Subject)<B>();
    const life: Life<B> = {
      ...{ batches, receipts: new Set<Receipt>(), ended, end },
      ...{ subscription: undefined, pushing: undefined, failure: undefined },
    };
    this.#lives.add(life);
    this.#life = life;
    try {
      life.subscription = this.#operate(batches.asObservable(), this.#host).subscribe({
        next: (batch) => this.#deliver(batch),
        error: (error: unknown) => this.#failed(life, error),
        complete: () => this.#end(life, this.#unavailable('ended without passing this batch on')),
      });
    } catch (error) {
      this.#failed(life, error);
    }
    return life;
  }

  #deliver(batch: B): void {
    const receipts = release(batch);
    const live = receipts.filter(({ settled }) => !settled);
    // Its senders were told to send it again, and will.
    if (receipts.length > 0 && live.length === 0) return;
    const settle = (error: PipelineError | undefined): void => {
      for (const receipt of live) receipt.delivered(error);
    };
    this.#next(batch, this.#flowFor(live)).then(
      () => settle(undefined),
      (thrown) => settle(PipelineError.from(thrown)),
    );
  }

  #flowFor(receipts: readonly Receipt[]): Flow {
    const [only, ...more] = receipts;
    if (only !== undefined && more.length === 0) return only.flow;
    return this.#host.flow({ from: receipts.map(({ flow }) => flow) });
  }

  #failed(life: Life<B>, thrown: unknown): void {
    const error = PipelineError.from(thrown);
    const { name, logger } = this.#host;
    logger.error(
      { code: error.code, reason: reasonOf(thrown), held: life.receipts.size },
      'the operator failed and begins anew',
    );
    engineOf(this.#host)?.restarted(this.#host.id, error.code);
    life.pushing?.refuse(new PipelineError(error.code, `${name} failed on this batch`, { cause: thrown }));
    // An operator that cannot even begin has no batch to blame; it is tried again with the next one.
    this.#end(life, this.#unavailable('failed while it held this batch'));
  }

  /** Ends one life of the operator and gives back what it still holds; what is on its way is waited for. */
  #end(life: Life<B>, error: PipelineError): void {
    if (!this.#lives.delete(life)) return;
    life.failure = error;
    if (this.#life === life) this.#life = undefined;
    for (const receipt of [...life.receipts]) if (receipt.held > 0) receipt.refuse(error);
    life.subscription?.unsubscribe();
    life.end();
  }

  #watchTime(ms: number): void {
    this.#cancelTimer ??= this.#host.clock.after(ms, () => {
      this.#cancelTimer = undefined;
      this.#giveBackExpired();
    });
  }

  #giveBackExpired(): void {
    const now = this.#host.clock.now();
    for (const receipt of [...this.#open]) {
      if (receipt.held === 0) continue;
      if (receipt.expiresAt > now) {
        this.#watchTime(receipt.expiresAt - now);
        return;
      }
      receipt.refuse(this.#unavailable(`neither passed on nor discarded this batch within ${this.#holdMs} ms`));
    }
  }

  #unavailable(what: string): PipelineError {
    return new PipelineError('unavailable', `${this.#host.name} ${what}`);
  }
}

// The message of a foreign error may quote data.
function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : typeof thrown;
}
