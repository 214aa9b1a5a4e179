import { type AnyBatch, type Flow, PipelineError, type Stage } from '@otelier/core';
import { AttemptFlow } from '../attempt-flow.js';
import { keptFor } from '../kept-for.js';
import { keptByCaller, wantingParts } from '../marks.js';
import { deliverParts, UndeliveredPartsError } from '../parts.js';
import type { Entry } from './entry.js';

/** How an attempt at an entry ended. */
export interface Outcome {
  /** As a queue sees it: retryable as long as something of the entry may still be delivered. */
  readonly error: PipelineError | undefined;
  /** Items that were refused of what was taken, by reason. */
  readonly refusals: Iterable<readonly [reason: string, count: number]>;
}

/** Sends an entry, or what is left of it; never rejects. */
export async function attempt<B extends AnyBatch>(
  entry: Entry<B>,
  batch: B,
  inner: Stage<B>,
  of: Flow,
): Promise<Outcome> {
  const flow = new AttemptFlow(of);
  const { parts } = entry;
  try {
    if (parts === undefined) await deliver(batch, inner, flow);
    else await deliverParts(parts, flow, (part) => deliver(part, inner, flow), wantingParts({ count: entry.left }));
    return { error: undefined, refusals: flow.unsettled };
  } catch (error) {
    return { error: PipelineError.from(error), refusals: flow.unsettled };
  }
}

/** What is refused of it is for the queue to judge, and what fails is for the queue to repeat: nobody inside needs to wait. */
async function deliver<B extends AnyBatch>(batch: B, inner: Stage<B>, flow: Flow): Promise<void> {
  const its = new AttemptFlow(flow);
  try {
    await inner.consume(wantingParts(keptByCaller(batch)), its);
    its.settle();
  } catch (error) {
    its.fail(error);
    throw keptFor(PipelineError.from(error));
  }
}

/** Notes in an entry what has become of its parts; the sender can hear of them no more. */
export function noteOutcome<B extends AnyBatch>(entry: Entry<B>, { error, refusals }: Outcome): void {
  for (const [reason, count] of refusals) entry.lose(count, reason);
  if (error instanceof UndeliveredPartsError) {
    // What was delivered is neither lost nor sent again.
    entry.parts = error.undelivered as readonly B[];
    for (const part of error.refused) entry.lose(part.batch.count, part.error.code);
  }
  if (error?.retryable === false) entry.loseRest(error.code);
}

/** The first of the failures that have led to this one. */
export function causeOf(error: PipelineError): PipelineError {
  return error.cause instanceof PipelineError ? causeOf(error.cause) : error;
}
