import { PipelineError } from '@otelier/core';
import { isKeptByCaller } from './marks.js';
import { mayGoElsewhere, UndeliveredPartsError, withoutCode } from './parts.js';

/** Codes of Node for a want of the process's own: no descriptor left, with which modules are not found either, or no memory. */
const wants: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']);

/**
 * An error as whoever keeps the batch sees it: what a target does not take from us, whatever it is, may be taken later. `unauthenticated` (a token
 * has expired) and `unsupported` (a proxy answers 404 while something is put in place) become `unavailable`, and parts of a batch that were
 * refused so are left to be delivered.
 *
 * The specification of OTLP forbids to repeat such a request to a client that has nowhere to keep it; whoever has been told that a batch is
 * safe must not find it deleted for a fault that is not its own. So it is with a component that has failed for a want of the process's own,
 * such as of a descriptor. All other errors stay as they are.
 */
export function keptFor(error: PipelineError): PipelineError {
  if (error instanceof UndeliveredPartsError) return partsKeptFor(error);
  if (error.retryable || !isAboutUs(error)) return error;
  return new PipelineError('unavailable', `${error.code}: ${withoutCode(error)}`, { cause: error });
}

/** What was thrown for a batch as its caller sees it: whether a failure is final is for those to say who hold the batch. */
export function seenBy(batch: object, thrown: unknown): PipelineError {
  const error = PipelineError.from(thrown);
  return isKeptByCaller(batch) ? keptFor(error) : error;
}

function partsKeptFor(error: UndeliveredPartsError): UndeliveredPartsError {
  const kept = error.refused.filter((part) => isAboutUs(part.error));
  const [first] = kept;
  if (first === undefined) return error;
  const refused = error.refused.filter((part) => !isAboutUs(part.error));
  const undelivered = [...error.undelivered, ...kept.map(({ batch }) => batch)];
  return new UndeliveredPartsError(error.retryable ? error : keptFor(first.error), undelivered, refused);
}

/** Whether the data has nothing to do with it. */
function isAboutUs(error: PipelineError): boolean {
  return mayGoElsewhere(error) || isWant(error);
}

function isWant({ code, cause }: PipelineError): boolean {
  return code === 'internal' && cause instanceof Error && wants.has((cause as NodeJS.ErrnoException).code);
}
