import { type AnyBatch, type Flow, type Host, PipelineError, type Stage } from '@otelier/core';
import { deliverParts, UndeliveredPartsError, withoutCode } from '../parts.js';
import { type Backoff, pauseMs } from './backoff.js';
import { Sleepers } from './sleepers.js';

/** How long and how often, in milliseconds. */
export interface RetryPolicy extends Backoff {
  readonly maxElapsedMs: number;
}

/** The running form of `retry()`, around the running form of what it wraps. */
export function retryStage<B extends AnyBatch>(inner: Stage<B>, host: Host, policy: RetryPolicy): Stage<B> {
  const sleepers = new Sleepers(host.clock);

  const attempt = async (batch: B, flow: Flow): Promise<void> => {
    try {
      await inner.consume(batch.fork() as B, flow);
    } catch (caught) {
      const error = PipelineError.from(caught);
      if (error.code !== 'too-large' || batch.count < 2) throw error;
      const halves = batch.fork().split({ maxCount: Math.ceil(batch.count / 2) }) as B[];
      await deliverParts(halves, flow, (half) => attempt(half, flow));
    }
  };

  const persist = async (batch: B, outer: Flow): Promise<void> => {
    const flow = passingOn(outer);
    const began = host.clock.now();
    let left: readonly B[] = [batch];
    for (let tried = 1; ; tried++) {
      const error = await failure(left, flow, attempt);
      if (error === undefined) return;
      if (!error.retryable) throw error;
      if (error instanceof UndeliveredPartsError) left = error.undelivered as readonly B[];
      const pause = pauseMs(policy, tried, error.retryAfterMs, Math.random());
      const elapsed = host.clock.now() - began;
      const over = elapsed + pause > policy.maxElapsedMs || flow.signal.aborted;
      if (over || !(await sleepers.sleep(pause, error.retryAfterMs ?? 0, flow.signal))) {
        throw gaveUp(error, tried, host.clock.now() - began, left, batch);
      }
    }
  };

  return {
    consume: persist,
    async start() {
      await inner.start?.();
    },
    async flush() {
      sleepers.wake();
      await inner.flush?.();
    },
    async close() {
      sleepers.close();
      await inner.close?.();
    },
  };
}

/** What the inner exporter refuses was not delivered by this one either: it goes through this one's account on its way to the sender. */
function passingOn(flow: Flow): Flow {
  return {
    signal: flow.signal,
    peer: flow.peer,
    refuse: (count, reason) => flow.refuse(count, reason),
    drop: (count, reason) => flow.drop(count, reason),
    add: (count, reason) => flow.add(count, reason),
  };
}

async function failure<B extends AnyBatch>(
  left: readonly B[],
  flow: Flow,
  attempt: (batch: B, flow: Flow) => Promise<void>,
): Promise<PipelineError | undefined> {
  const [only] = left;
  try {
    if (left.length === 1 && only !== undefined) await attempt(only, flow);
    else await deliverParts(left, flow, (part) => attempt(part, flow));
    return undefined;
  } catch (error) {
    return PipelineError.from(error);
  }
}

function gaveUp(
  error: PipelineError,
  attempts: number,
  elapsedMs: number,
  left: readonly AnyBatch[],
  whole: AnyBatch,
): PipelineError {
  const message = `gave up after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} in ${elapsedMs} ms: ${withoutCode(error)}`;
  const { retryAfterMs } = error;
  const plain = new PipelineError(error.code, message, {
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  return left.length === 1 && left[0] === whole ? plain : new UndeliveredPartsError(plain, left);
}
