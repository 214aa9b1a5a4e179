import { PipelineError } from '@otelier/core';
import { mayGoElsewhere, UndeliveredPartsError, withoutCode } from '../parts.js';

/** Codes of Node for a want of the process's own: no descriptor left, with which modules are not found either, or no memory. */
const wants: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']);

/**
 * The error for which a queue keeps what its target does not take from us, whatever it is: `unauthenticated` (a token has expired) and
 * `unsupported` (a proxy answers 404 while something is put in place) become `unavailable`.
 *
 * The specification of OTLP forbids to repeat such a request to a client that has nowhere to keep it; whoever has been told that a batch is
 * safe must not find it deleted for a fault that is not its own. So it is with a component that has failed for a want of the process's own,
 * such as of a descriptor. All other errors stay as they are.
 */
export function keptFor(error: PipelineError): PipelineError {
  if (error.retryable || error instanceof UndeliveredPartsError) return error;
  if (!mayGoElsewhere(error) && !isWant(error)) return error;
  return new PipelineError('unavailable', `${error.code}: ${withoutCode(error)}`, { cause: error });
}

function isWant({ code, cause }: PipelineError): boolean {
  return code === 'internal' && cause instanceof Error && wants.has((cause as NodeJS.ErrnoException).code);
}
