import { LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';
import type { PipelineError } from '../error.js';
import type { Flow } from '../flow.js';
import { Face, Root } from '../run/face.js';
import { graver } from '../run/fan-out.js';
import type { AnyBatch } from '../signal.js';

/**
 * What an operator owes the sender of one batch: settled when every batch that was derived from it has been delivered or discarded.
 *
 * Receipts are found by batch, so that authors of operators see batches only. `held` counts derived batches that are still inside
 * the operator, `delivering` those on their way.
 */
export class Receipt {
  readonly flow: Flow;
  /** When it is given back if something of it is still held, in milliseconds of the host's clock. */
  readonly expiresAt: number;
  readonly promise: Promise<void>;
  held = 0;
  delivering = 0;
  settled = false;
  readonly #onSettled: (receipt: Receipt) => void;
  #failure: PipelineError | undefined;
  #resolve!: () => void;
  #reject!: (error: PipelineError) => void;

  constructor(flow: Flow, expiresAt: number, onSettled: (receipt: Receipt) => void) {
    this.flow = flow;
    this.expiresAt = expiresAt;
    this.#onSettled = onSettled;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** One derived batch has come to its end. */
  delivered(failure: PipelineError | undefined): void {
    this.delivering--;
    if (failure !== undefined) this.#failure = graver(this.#failure, failure);
    this.settleWhenDone();
  }

  settleWhenDone(): void {
    if (this.held === 0 && this.delivering === 0) this.#settle(this.#failure);
  }

  /** Gives the batch back, whatever is still held or on its way. */
  refuse(error: PipelineError): void {
    this.#settle(error);
  }

  #settle(failure: PipelineError | undefined): void {
    if (this.settled) return;
    this.settled = true;
    this.#onSettled(this);
    if (failure === undefined) this.#resolve();
    else this.#reject(failure);
  }
}

const receipts = new WeakMap<object, readonly Receipt[]>();

/** Ties a batch that enters an operator to its receipt. */
export function hold(batch: AnyBatch, receipt: Receipt): void {
  receipt.held++;
  receipts.set(batch, [...(receipts.get(batch) ?? []), receipt]);
}

/** Unties a batch that leaves an operator: what is owed for it is on its way. */
export function release(batch: AnyBatch): readonly Receipt[] {
  const held = receipts.get(batch) ?? [];
  receipts.delete(batch);
  for (const receipt of held) {
    receipt.held--;
    receipt.delivering++;
  }
  return held;
}

/**
 * Tells an operator's engine that `made` was built from `from`, so that whoever sent `from` waits for `made`. Returns `made`.
 *
 * Only needed for batches built from scratch: `merge`, `split` and `fork` do it by themselves, and edits in place keep the batch.
 * `from` must not be emitted afterwards.
 */
export function derive<B extends AnyBatch | readonly AnyBatch[]>(from: AnyBatch | readonly AnyBatch[], made: B): B {
  const owed = new Set<Receipt>();
  for (const batch of list(from)) {
    for (const receipt of receipts.get(batch) ?? []) {
      receipt.held--;
      owed.add(receipt);
    }
    receipts.delete(batch);
  }
  for (const batch of list(made)) for (const receipt of owed) hold(batch, receipt);
  // Derived into nothing: there is nothing to wait for.
  for (const receipt of owed) receipt.settleWhenDone();
  return made;
}

/** Lets a batch end inside an operator on purpose: its sender hears that all is well, and its items count as dropped{discarded}. */
export function discard(batch: AnyBatch): void {
  const ended = release(batch);
  const faces = ended.map(({ flow }) => flow).filter((flow) => flow instanceof Face);
  if (faces.length > 0) new Root(undefined, faces[0]?.account, faces).drop(batch.count, 'discarded');
  for (const receipt of ended) receipt.delivered(undefined);
}

function list(batches: AnyBatch | readonly AnyBatch[]): readonly AnyBatch[] {
  return Array.isArray(batches) ? batches : [batches as AnyBatch];
}

let following = false;

/**
 * Makes `merge`, `split` and `fork` of all batches carry receipts. Done when the first operator is defined: batches know nothing of
 * receipts, and where no operator is used they cost nothing.
 */
export function followDerivedBatches(): void {
  if (following) return;
  following = true;
  for (const batches of [LogsBatch, MetricsBatch, TracesBatch] as unknown as readonly BatchClass[]) {
    const { merge, prototype } = batches;
    const { split, fork } = prototype;
    batches.merge = (parts) => derive(parts, merge.call(batches, parts));
    prototype.split = function (limits) {
      const parts = split.call(this, limits);
      return receipts.has(this) ? derive(this, parts) : parts;
    };
    prototype.fork = function () {
      const made = fork.call(this);
      for (const receipt of receipts.get(this) ?? []) hold(made, receipt);
      return made;
    };
  }
}

/** A batch class as the wrapping above sees it. */
interface BatchClass {
  merge(parts: readonly AnyBatch[]): AnyBatch;
  readonly prototype: { split(this: AnyBatch, limits: object): AnyBatch[]; fork(this: AnyBatch): AnyBatch };
}
