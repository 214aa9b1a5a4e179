import { type AnyBatch, type Flow, PipelineError } from '@otelier/core';

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
