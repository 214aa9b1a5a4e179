import { type AnyBatch, type Flow, PipelineError } from '@otelier/core';
import { LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';

/**
 * Some parts of a batch were delivered and these were not, for a reason that may pass.
 *
 * Whoever tries again inside this package sends only them; whoever does not sees an ordinary retryable error.
 */
export class UndeliveredPartsError extends PipelineError {
  readonly undelivered: readonly AnyBatch[];

  constructor(cause: PipelineError, undelivered: readonly AnyBatch[]) {
    const options = cause.retryAfterMs === undefined ? { cause } : { cause, retryAfterMs: cause.retryAfterMs };
    super(cause.code, withoutCode(cause), options);
    this.undelivered = undelivered;
  }
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

/**
 * Delivers the parts of one batch in order.
 *
 * - A part that can never be delivered does not hold up its neighbours: its items are refused, which the sender hears as partial success.
 * - When no part at all could be delivered, the error of the first is thrown.
 * - An error that may pass stops here and leaves the rest undelivered, in an {@link UndeliveredPartsError}.
 */
export async function deliverParts<B extends AnyBatch>(
  parts: readonly B[],
  flow: Flow,
  deliver: (part: B) => Promise<void>,
): Promise<void> {
  const refusals: { count: number; error: PipelineError }[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as B;
    const count = part.count;
    const copy = part.fork();
    try {
      await deliver(copy as B);
    } catch (caught) {
      const error = PipelineError.from(caught);
      if (error.retryable) {
        const left = error instanceof UndeliveredPartsError ? error.undelivered : [part];
        refuseAll(refusals, flow);
        throw new UndeliveredPartsError(error, [...left, ...parts.slice(i + 1)]);
      }
      refusals.push({ count, error });
    }
  }
  const [first] = refusals;
  if (first !== undefined && refusals.length === parts.length) throw first.error;
  refuseAll(refusals, flow);
}

function refuseAll(refusals: readonly { count: number; error: PipelineError }[], flow: Flow): void {
  for (const { count, error } of refusals) flow.refuse(count, error.code);
}
