import { type AnyBatch, type Consume, type Host, PipelineError } from '@otelier/core';

/** How many batches may be inside, and what happens to one more. */
export interface Bounds {
  readonly maxInFlight: number;
  readonly maxWaiting: number;
  readonly whenFull: 'refuse' | 'drop-oldest' | 'fail';
}

/** Carries pushed batches into a pipeline: so many at a time, so many waiting, and none beyond. */
export class Inflow<B extends AnyBatch> {
  /** Resolves when the source has ended and everything has settled; rejects when the source failed or `fail` struck. */
  declare readonly done: Promise<void>;
  declare private readonly bounds: Bounds;
  declare private readonly target: () => Consume<B> | undefined;
  declare private readonly host: Host;
  declare private readonly waiting: B[];
  declare private inFlight: number;
  declare private isEnded: boolean;
  declare private failure: { readonly error: unknown } | undefined;
  declare private resolve: () => void;
  declare private reject: (error: unknown) => void;

  constructor(bounds: Bounds, target: () => Consume<B> | undefined, host: Host) {
    this.bounds = bounds;
    this.target = target;
    this.host = host;
    this.waiting = [];
    this.inFlight = 0;
    this.isEnded = false;
    this.failure = undefined;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Takes a batch, or deals with it as `whenFull` says; false when no more may come. */
  push(batch: B): boolean {
    const { maxInFlight, maxWaiting, whenFull } = this.bounds;
    if (this.inFlight < maxInFlight) {
      void this.carry(batch);
    } else if (this.waiting.length < maxWaiting) {
      this.waiting.push(batch);
    } else if (whenFull === 'drop-oldest' && maxWaiting > 0) {
      this.giveUp(this.waiting.shift() as B, 'drop');
      this.waiting.push(batch);
    } else {
      this.giveUp(batch, 'refuse');
      if (whenFull === 'fail')
        this.fail(
          new PipelineError('overloaded', `the source pushed more than ${maxInFlight + maxWaiting} batches at once`),
        );
    }
    return !this.isEnded;
  }

  /** The source has ended; what is inside goes on. */
  end(): void {
    this.isEnded = true;
    this.settleWhenEmpty();
  }

  /** The source has failed; what is inside goes on. */
  fail(error: unknown): void {
    this.failure ??= { error };
    this.end();
  }

  /** Nothing waits any longer: what did is refused. */
  clear(): void {
    for (const batch of this.waiting.splice(0)) this.giveUp(batch, 'refuse');
    this.end();
  }

  private async carry(batch: B): Promise<void> {
    this.inFlight++;
    try {
      const consume = this.target();
      if (consume === undefined)
        throw new PipelineError('unsupported', `no pipeline takes ${batch.signal} from this receiver`);
      await consume(batch, this.host.flow());
    } catch (thrown) {
      const { code, message } = PipelineError.from(thrown);
      this.host.logger.warn({ code, reason: message }, 'a batch of the observable was not delivered');
    } finally {
      this.inFlight--;
    }
    const next = this.waiting.shift();
    if (next !== undefined) void this.carry(next);
    else this.settleWhenEmpty();
  }

  private giveUp(batch: B, how: 'drop' | 'refuse'): void {
    const { count } = batch;
    this.host.flow()[how](count, 'full');
    this.host.logger.warn(
      { items: count },
      how === 'drop' ? 'dropped the batch that waited longest' : 'refused a batch: no place',
    );
  }

  private settleWhenEmpty(): void {
    if (!this.isEnded || this.inFlight > 0 || this.waiting.length > 0) return;
    if (this.failure === undefined) this.resolve();
    else this.reject(this.failure.error);
  }
}
