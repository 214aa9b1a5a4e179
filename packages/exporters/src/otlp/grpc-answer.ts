import { PipelineError, type PipelineErrorCode } from '@otelier/core';
import { decodeStatus } from '@otelier/otlp';
import { patience } from './retry-after.js';

/** The end of a gRPC call that failed. */
export interface GrpcFailure {
  readonly code: number;
  readonly details: string;
  /** `grpc-status-details-bin` of the trailers: a google.rpc.Status. */
  readonly statusDetails: Uint8Array | undefined;
}

const names: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

const codes: Readonly<Record<string, PipelineErrorCode>> = {
  CANCELLED: 'unavailable',
  DEADLINE_EXCEEDED: 'deadline',
  PERMISSION_DENIED: 'unauthenticated',
  ABORTED: 'unavailable',
  OUT_OF_RANGE: 'unavailable',
  UNIMPLEMENTED: 'unsupported',
  UNAVAILABLE: 'unavailable',
  DATA_LOSS: 'unavailable',
  UNAUTHENTICATED: 'unauthenticated',
};

/** The error for a gRPC call that failed (OTLP specification, "Failures"): what may be retried, and when. */
export function grpcError(failure: GrpcFailure, target: string): PipelineError {
  const name = names[failure.code] ?? `status ${failure.code}`;
  const retryAfterMs = retryInfo(failure.statusDetails);
  const code = name === 'RESOURCE_EXHAUSTED' ? exhausted(failure, retryAfterMs) : (codes[name] ?? 'rejected');
  return new PipelineError(code, `${target} answered ${name}`, retryAfterMs === undefined ? {} : { retryAfterMs });
}

/** RESOURCE_EXHAUSTED is throttling with RetryInfo; without, it is final, and too-large only when the server speaks of a size: splitting must not hammer a server that is out of quota. */
function exhausted(failure: GrpcFailure, retryAfterMs: number | undefined): PipelineErrorCode {
  if (retryAfterMs !== undefined) return 'overloaded';
  return /larger than|exceeds maximum|too large/i.test(failure.details) ? 'too-large' : 'rejected';
}

function retryInfo(details: Uint8Array | undefined): number | undefined {
  if (details === undefined) return undefined;
  try {
    const { retryAfterMs } = decodeStatus(details, 'protobuf');
    return retryAfterMs === undefined ? undefined : patience(retryAfterMs);
  } catch {
    return undefined;
  }
}
