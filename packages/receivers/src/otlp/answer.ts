import type { PipelineError, PipelineErrorCode, Signal } from '@otelier/core';
import { encodeExportResponse, encodeStatus } from '@otelier/otlp';
import type { Encoding } from './intake.js';

/** What a sender is told when its request was not taken. */
export interface Refusal {
  readonly httpStatus: number;
  /** A google.rpc.Code. */
  readonly grpcCode: number;
  readonly message: string;
  /** When to come back, in milliseconds; only present when the same request may succeed later. */
  readonly retryAfterMs?: number;
}

interface Codes {
  readonly http: number;
  readonly grpc: number;
}

// The table of PipelineErrorCode, in numbers.
const codes: Readonly<Record<PipelineErrorCode, Codes>> = {
  rejected: { http: 400, grpc: 3 },
  'too-large': { http: 413, grpc: 8 },
  unauthenticated: { http: 401, grpc: 16 },
  unsupported: { http: 404, grpc: 12 },
  internal: { http: 500, grpc: 13 },
  overloaded: { http: 429, grpc: 8 },
  unavailable: { http: 503, grpc: 14 },
  deadline: { http: 504, grpc: 4 },
};

// Without a hint, clients are told one second: Claude Code ends two seconds after its last export.
const standardRetryAfterMs = 1000;
/** Longest reason that a sender is told, in UTF-16 units. */
const maxReason = 1000;
// What a google.protobuf.Duration may hold.
const longestRetryAfterMs = 315_576_000_000_000;

/** The refusal that tells a pipeline's error; errors that may pass say when to come back. */
export function refusalOf(error: PipelineError): Refusal {
  const { http, grpc } = codes[error.code];
  const refusal = { httpStatus: http, grpcCode: grpc, message: short(error.message) };
  // A sender of gRPC may repeat RESOURCE_EXHAUSTED only when RetryInfo is there.
  if (error.code !== 'overloaded' && error.code !== 'unavailable') return refusal;
  return { ...refusal, retryAfterMs: wait(error.retryAfterMs) };
}

/** The time that a component named, as far as one can be told: an error with a senseless one must be answered too. */
function wait(ms: number | undefined): number {
  return ms === undefined || Number.isNaN(ms) ? standardRetryAfterMs : Math.min(Math.max(ms, 0), longestRetryAfterMs);
}

/** A reason as far as a header of gRPC can carry it: with one that is too long a call would never be answered. */
function short(reason: string): string {
  return reason.length > maxReason ? `${reason.slice(0, maxReason)}…` : reason;
}

/** The refusal as a google.rpc.Status: with RetryInfo when there is a time to come back, with BadRequest when the data is bad. */
export function statusOf(refusal: Refusal, encoding: Encoding): Buffer {
  const { grpcCode: code, retryAfterMs, httpStatus } = refusal;
  const message = short(refusal.message);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  const bad = httpStatus === 400 ? { badRequest: message } : {};
  return encodeStatus({ code, message, ...wait, ...bad }, encoding);
}

/** The body of a success: empty, or with `partial_success` when items were refused or something is to be said. */
export function successOf(signal: Signal, encoding: Encoding, refused: number, refusal: string): Buffer {
  if (refused > 0 || refusal !== '')
    return encodeExportResponse(signal, { rejected: refused, message: short(refusal) }, encoding);
  return fullSuccess[encoding];
}

/** The empty export response of each encoding. */
export const fullSuccess: Readonly<Record<Encoding, Buffer>> = { protobuf: Buffer.alloc(0), json: Buffer.from('{}') };
