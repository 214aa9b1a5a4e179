import { PipelineError } from '@otelier/core';

/** The error of zstd input that breaks its format; `expected` is what RFC 8878 asks for there. */
export function malformed(at: number, expected: string): PipelineError {
  return new PipelineError('rejected', `zstd: malformed at byte ${at}: ${expected}`);
}
