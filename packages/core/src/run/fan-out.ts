import type { Consume } from '../consume.js';
import { PipelineError } from '../error.js';
import type { AnyBatch } from '../signal.js';

/**
 * One Consume for several: all get the batch at once, each its own fork, and the outcome is one.
 *
 * All branches are awaited. When several fail, a retryable failure outranks a permanent one: nothing is lost while any branch can still succeed.
 */
export function fanOut<B extends AnyBatch>(targets: readonly Consume<B>[]): Consume<B> {
  const [first, ...rest] = targets;
  if (first === undefined) return async () => {};
  if (rest.length === 0) return first;
  return async (batch, flow) => {
    // The forks are made before the batch is given away to the first branch.
    const forks = rest.map(() => batch.fork());
    const outcomes = await Promise.allSettled([
      first(batch, flow),
      ...rest.map((target, index) => target(forks[index] as B, flow)),
    ]);
    let failure: PipelineError | undefined;
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') failure = graver(failure, PipelineError.from(outcome.reason));
    }
    if (failure !== undefined) throw failure;
  };
}

/** The failure to tell of two: a retryable one outranks a permanent one, the longer wait the shorter. */
export function graver(known: PipelineError | undefined, next: PipelineError): PipelineError {
  if (known === undefined) return next;
  if (known.retryable !== next.retryable) return known.retryable ? known : next;
  // Coming back before the slower branch is ready would only fail again.
  return (next.retryAfterMs ?? 0) > (known.retryAfterMs ?? 0) ? next : known;
}
