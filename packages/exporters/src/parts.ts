import { type AnyBatch, type Flow, PipelineError } from '@otelier/core';
import { LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';
import { wantsParts } from './marks.js';

/** A part of a batch that was refused for good, and why. */
export interface RefusedPart<B extends AnyBatch = AnyBatch> {
  readonly batch: B;
  readonly error: PipelineError;
}

/**
 * Some parts of a batch were delivered and these were not.
 *
 * Whoever tries again inside this package sends only them; whoever does not sees an ordinary error of the same code.
 */
export class UndeliveredPartsError extends PipelineError {
  /** They may be delivered later. */
  readonly undelivered: readonly AnyBatch[];
  /** They will not. Only for those who have asked, see `wantingParts`; the sender hears of others by `flow.refuse`. */
  readonly refused: readonly RefusedPart[];

  constructor(cause: PipelineError, undelivered: readonly AnyBatch[], refused: readonly RefusedPart[] = []) {
    const options = cause.retryAfterMs === undefined ? { cause } : { cause, retryAfterMs: cause.retryAfterMs };
    super(cause.code, withoutCode(cause), options);
    this.undelivered = undelivered;
    this.refused = refused;
  }

  /** Items in all parts that were not delivered. */
  get count(): number {
    return countOf(this.undelivered) + countOf(this.refused.map(({ batch }) => batch));
  }
}

/** What is left of a batch when all has been tried. */
export interface Leftovers<B extends AnyBatch = AnyBatch, R = RefusedPart<B>> {
  /** What may be delivered later. */
  readonly left: readonly B[];
  /** Why it was not; present when `left` is not empty. */
  readonly failure: PipelineError | undefined;
  readonly refused: readonly R[];
}

/**
 * Ends the delivery of a batch.
 *
 * - What can never be delivered does not spoil the rest: its items are refused, which the sender hears as partial success.
 * - When nothing else has become of the batch, the first refusal or the failure is thrown as it is.
 * - What may be delivered later is thrown in an {@link UndeliveredPartsError}.
 */
export function endDelivery(whole: Pick<AnyBatch, 'count'>, flow: Flow, { left, failure, refused }: Leftovers): void {
  const [first] = refused;
  const worst = failure ?? first?.error;
  if (worst === undefined) return;
  const untouched = countOf(left) + countOf(refused.map(({ batch }) => batch)) >= whole.count;
  if (untouched && (failure === undefined ? refused.length === 1 : first === undefined)) throw plain(worst);
  if (wantsParts(whole)) throw new UndeliveredPartsError(worst, left, refused);
  if (untouched && failure === undefined) throw plain(worst);
  for (const { batch, error } of refused) flow.refuse(batch.count, error.code);
  if (failure !== undefined) throw new UndeliveredPartsError(failure, left);
}

/** The error of parts was about another batch than the one that has failed as a whole. */
function plain(error: PipelineError): PipelineError {
  if (!(error instanceof UndeliveredPartsError)) return error;
  return error.cause instanceof PipelineError ? plain(error.cause) : error;
}

/** The message of a PipelineError without the code that it starts with. */
export function withoutCode(error: PipelineError): string {
  return error.message.slice(`[${error.code}] `.length);
}

/** Parts of one batch as one again. */
export function joined<B extends AnyBatch>(parts: readonly B[]): B {
  const [first] = parts;
  if (first === undefined) throw new RangeError('joined: expected at least one part');
  if (parts.length === 1) return first;
  // All parts of a batch are of its signal, which the compiler cannot follow.
  const all: readonly AnyBatch[] = parts;
  if (first.signal === 'logs') return LogsBatch.merge(all as LogsBatch[]) as B;
  if (first.signal === 'metrics') return MetricsBatch.merge(all as MetricsBatch[]) as B;
  return TracesBatch.merge(all as TracesBatch[]) as B;
}

/** Items in all parts together. */
export function countOf(parts: readonly AnyBatch[]): number {
  let count = 0;
  for (const part of parts) count += part.count;
  return count;
}

/**
 * The one outcome of two failures: one that may pass outranks one that will not, because while anything can still succeed nothing should
 * be given up; of two that may pass, the sooner chance counts.
 */
export function graver(a: PipelineError | undefined, b: PipelineError): PipelineError {
  if (a === undefined) return b;
  if (a.retryable !== b.retryable) return a.retryable ? a : b;
  if (!a.retryable) return a;
  return (b.retryAfterMs ?? 0) < (a.retryAfterMs ?? 0) ? b : a;
}

/** Whether the fault lies with the target rather than with the data, so that another target may take the same bytes. */
export function mayGoElsewhere(error: PipelineError): boolean {
  return error.retryable || error.code === 'unauthenticated' || error.code === 'unsupported';
}

/** What an attempt at one target has left of a batch: what another target may take, as one, and why this one did not; and what none will. */
export function leftFor<B extends AnyBatch>(
  batch: B,
  error: PipelineError,
): {
  readonly elsewhere: B | undefined;
  readonly why: PipelineError;
  readonly refused: readonly RefusedPart<B>[];
} {
  if (!(error instanceof UndeliveredPartsError)) return { elsewhere: batch, why: error, refused: [] };
  const parts = error.refused as readonly RefusedPart<B>[];
  const turnedAway = parts.filter((part) => mayGoElsewhere(part.error));
  const left = [...turnedAway.map((part) => part.batch), ...(error.undelivered as readonly B[])];
  return {
    elsewhere: left.length > 0 ? joined(left) : undefined,
    // The error as a whole may be about a part that was refused for what it is.
    why: error.retryable ? error : (turnedAway[0]?.error ?? error),
    refused: parts.filter((part) => !mayGoElsewhere(part.error)),
  };
}

/**
 * Delivers the parts of one batch in order, and ends as {@link endDelivery} does. An error that may pass stops here and leaves the rest undelivered.
 * `whole` is the batch that came, when the parts are all of it: its sender may want parts back.
 */
export async function deliverParts<B extends AnyBatch>(
  parts: readonly B[],
  flow: Flow,
  deliver: (part: B) => Promise<void>,
  whole: Pick<B, 'count'> = { count: countOf(parts) },
): Promise<void> {
  const refused: RefusedPart<B>[] = [];
  let left: readonly B[] = [];
  let failure: PipelineError | undefined;
  for (let i = 0; i < parts.length && failure === undefined; i++) {
    const part = parts[i] as B;
    try {
      await deliver(part.fork() as B);
    } catch (caught) {
      const error = PipelineError.from(caught);
      const its = error instanceof UndeliveredPartsError ? error : undefined;
      if (its !== undefined) refused.push(...(its.refused as readonly RefusedPart<B>[]));
      if (error.retryable) {
        failure = error;
        left = [...((its?.undelivered as readonly B[] | undefined) ?? [part]), ...parts.slice(i + 1)];
      } else if (its === undefined) refused.push({ batch: part, error });
    }
  }
  endDelivery(whole, flow, { left, failure, refused });
}
