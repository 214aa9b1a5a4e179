/**
 * Why a batch was not delivered.
 *
 * | code | would the same bytes succeed later? | HTTP | gRPC |
 * |---|---|---|---|
 * | `rejected` | no: the data is bad | 400 | INVALID_ARGUMENT |
 * | `too-large` | no: over a size limit | 413 | RESOURCE_EXHAUSTED (no RetryInfo) |
 * | `unauthenticated` | no: credentials missing or wrong | 401 | UNAUTHENTICATED |
 * | `unsupported` | no: signal, encoding or method not served | 404 | UNIMPLEMENTED |
 * | `internal` | no: a component failed on this batch | 500 | INTERNAL |
 * | `overloaded` | yes, after `retryAfterMs` | 429 | RESOURCE_EXHAUSTED + RetryInfo |
 * | `unavailable` | yes | 503 | UNAVAILABLE |
 * | `deadline` | yes | 504 | DEADLINE_EXCEEDED |
 */
export type PipelineErrorCode =
  | 'rejected'
  | 'too-large'
  | 'unauthenticated'
  | 'unsupported'
  | 'internal'
  | 'overloaded'
  | 'unavailable'
  | 'deadline';

const retryable: ReadonlySet<PipelineErrorCode> = new Set(['overloaded', 'unavailable', 'deadline']);

/** What a {@link PipelineError} carries beside its message. */
export interface PipelineErrorOptions extends ErrorOptions {
  /** When to try again, in milliseconds: becomes `Retry-After` and `RetryInfo`. */
  readonly retryAfterMs?: number;
}

/** The one error of the data path; its message starts with the code and never holds what a record said. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError';
  readonly code: PipelineErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: PipelineErrorCode, message: string, options: PipelineErrorOptions = {}) {
    super(`[${code}] ${message}`, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Whether the same bytes may succeed later. */
  get retryable(): boolean {
    return retryable.has(this.code);
  }

  /** The error itself when it is one, else an `internal` error that keeps it as its cause. */
  static from(error: unknown): PipelineError {
    if (error instanceof PipelineError) return error;
    if (isPipelineErrorOfAnotherCopy(error)) {
      const { code, message, retryAfterMs } = error;
      const options = retryAfterMs === undefined ? { cause: error } : { cause: error, retryAfterMs };
      return new PipelineError(code, message.replace(/^\[[a-z-]+\] /, ''), options);
    }
    // The message of a foreign error may quote the data that it failed on, so only its class is told.
    return new PipelineError('internal', `a component failed (${error instanceof Error ? error.name : typeof error})`, {
      cause: error,
    });
  }
}

// Two installed copies of this package must still understand each other.
function isPipelineErrorOfAnotherCopy(error: unknown): error is PipelineError {
  return error instanceof Error && error.name === 'PipelineError' && 'code' in error && 'retryAfterMs' in error;
}
