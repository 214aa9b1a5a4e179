import type { Consume, Stage } from '../consume.js';
import { PipelineError } from '../error.js';
import { untraced } from '../observe/open-telemetry.js';
import type { AnyBatch } from '../signal.js';
import type { Account } from './account.js';
import { Face, faceOf, rootOf } from './face.js';

/** Accounts for what a stage does, from outside: what comes in, what its call leaves unexplained, what it refuses. */
export function watch<B extends AnyBatch>(stage: Stage<B>, account: Account, onCall: () => void): Consume<B> {
  const isExporter = account.kind === 'exporter';
  // Not an async function: with then() there is one promise per call, and one turn until its sender hears of the end.
  return (batch, flow) => {
    const count = batch.count;
    const face = new Face(rootOf(flow), account, count);
    account.enter(count);
    onCall();
    const since = account.timer === undefined ? 0 : performance.now();
    const fail = (thrown: unknown): never => {
      account.timed(since);
      const error = PipelineError.from(thrown);
      account.fail(face, error.code);
      throw error;
    };
    let outcome: Promise<void>;
    try {
      outcome = isExporter ? untraced(() => stage.consume(batch, face)) : stage.consume(batch, face);
    } catch (thrown) {
      outcome = Promise.reject(thrown);
    }
    // An author without types may return nothing.
    return Promise.resolve(outcome).then(() => {
      account.timed(since);
      account.settle(face);
    }, fail);
  };
}

/** Accounts for what a stage passes on to `next`. */
export function watchNext<B extends AnyBatch>(next: Consume<B>, account: Account): Consume<B> {
  return (batch, flow) => {
    account.emit(faceOf(flow, account), batch.count);
    return next(batch, flow);
  };
}
