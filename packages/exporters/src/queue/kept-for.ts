import { PipelineError } from '@otelier/core';
import { mayGoElsewhere, UndeliveredPartsError, withoutCode } from '../parts.js';

/**
 * The error for which a queue keeps what its target does not take from us, whatever it is: `unauthenticated` (a token has expired) and
 * `unsupported` (a proxy answers 404 while something is put in place) become `unavailable`.
 *
 * The specification of OTLP forbids to repeat such a request to a client that has nowhere to keep it; whoever has been told that a batch is
 * safe must not find it deleted for a fault that is not its own. All other errors stay as they are.
 */
export function keptFor(error: PipelineError): PipelineError {
  if (error.retryable || error instanceof UndeliveredPartsError || !mayGoElsewhere(error)) return error;
  return new PipelineError('unavailable', `${error.code}: ${withoutCode(error)}`, { cause: error });
}
