import type { ProcessorStage } from '../component.js';
import type { Consume } from '../consume.js';
import { PipelineError } from '../error.js';
import type { Flow } from '../flow.js';
import type { Account } from '../run/account.js';
import { accountOf } from '../run/account-of.js';
import { markAccounted } from '../run/accounted.js';
import { Face, rootOf } from '../run/face.js';
import type { AnyBatch, Signal, Signals } from '../signal.js';
import type { BatchFunction } from './processor.js';

type Result<B> = B | false | undefined;
const settled: Promise<void> = Promise.resolve();

/** The stage of a batch function: passes on what the function gives, and accounts for the difference in items. */
export function batchStage<S extends Signal>(_signal: S, fn: BatchFunction<Signals[S]>): ProcessorStage<S> {
  return markAccounted((next, host) => {
    const account = accountOf(host);
    return { consume: account === undefined ? plain(fn, next) : counting(fn, next, account) };
  });
}

function plain<B extends AnyBatch>(fn: BatchFunction<B>, next: Consume<B>): Consume<B> {
  return async (batch, flow) => {
    const count = batch.count;
    const made = await attempt(fn, batch, flow);
    const out = made === undefined ? batch : made;
    if (out !== false && !emptied(out, count)) await next(out, flow);
  };
}

function counting<B extends AnyBatch>(fn: BatchFunction<B>, next: Consume<B>, account: Account): Consume<B> {
  const refuse = (face: Face, thrown: unknown): Promise<void> => {
    const error = PipelineError.from(thrown);
    account.fail(face, error.code);
    return Promise.reject(error);
  };
  const passOn = (batch: B, made: Result<B>, face: Face): Promise<void> => {
    if (made === false) {
      account.settle(face);
      return settled;
    }
    const out = made ?? batch;
    const ended = emptied(out, face.size);
    account.pass(face, out.count);
    return ended ? settled : next(out, face);
  };
  return (batch, flow) => {
    const count = batch.count;
    const face = new Face(rootOf(flow), account, count);
    account.enter(count);
    const since = account.timer === undefined ? 0 : performance.now();
    let made: Result<B> | PromiseLike<Result<B>>;
    try {
      made = attempt(fn, batch, face);
    } catch (error) {
      return refuse(face, error);
    }
    if (account.timer !== undefined && !isPromise(made)) account.timed(since);
    if (!isPromise(made)) return passOn(batch, made, face);
    return made.then(
      (result) => passOn(batch, result, face),
      (error) => refuse(face, error),
    ) as Promise<void>;
  };
}

// `void` of the signature is undefined at run time.
function attempt<B>(fn: BatchFunction<B>, batch: B, flow: Flow): Result<B> | Promise<Result<B>> {
  return fn(batch, flow) as Result<B> | Promise<Result<B>>;
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** Whether everything that was in the batch has gone; what stays is pruned of the groups that became empty. */
function emptied(batch: AnyBatch, before: number): boolean {
  const { count } = batch;
  if (count >= before) return false;
  if (count > 0) batch.prune();
  return count === 0;
}
