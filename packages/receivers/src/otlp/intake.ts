import {
  type AnyBatch,
  type Consume,
  type Host,
  type Lease,
  type Outlets,
  PipelineError,
  type RequestFlow,
  type Signal,
} from '@otelier/core';
import { LogsBatch, MetricsBatch, OtlpError, TracesBatch } from '@otelier/otlp';
import type { Gate } from './auth/gate.js';
import type { IdentityStamp } from './identity/identity-stamp.js';
import type { Limits } from './limits/limits.js';
import type { Refusals, Transport } from './refusals.js';

/** How an export request is written. */
export type Encoding = 'protobuf' | 'json';

/** The side of a lease that decompression needs: admits what comes out, or answers false. */
export type Growing = Pick<Lease, 'grow'>;

/** The form in which a request travelled, kept so that an untouched batch can be sent on without compressing it again. */
export type Compressed = NonNullable<AnyBatch['compressed']>;

/** What an {@link Intake} is made of. */
export interface IntakeParts {
  readonly maxBytes: number;
  readonly limits: Limits;
  readonly refusals: Refusals;
  readonly gate?: Gate | undefined;
  readonly stamp?: IdentityStamp | undefined;
}

/** What the doors hand their requests to: checks a request's bytes once, makes them a batch, and follows it to its outcome. */
export class Intake {
  declare readonly host: Host;
  declare readonly maxBytes: number;
  /** What each client may have; asked behind the gate, and before a body is read. */
  declare readonly limits: Limits;
  declare readonly refusals: Refusals;
  /** Set when draining: doors answer new requests with {@link comeBack}. */
  declare stopping: boolean;
  /** Whom the doors ask before they read a body; undefined when everybody may send. */
  declare readonly gate: Gate | undefined;
  declare private readonly stamp: IdentityStamp | undefined;
  declare private readonly out: Outlets<Signal>;

  constructor(out: Outlets<Signal>, host: Host, { maxBytes, limits, refusals, gate, stamp }: IntakeParts) {
    this.out = out;
    this.host = host;
    this.maxBytes = maxBytes;
    this.limits = limits;
    this.refusals = refusals;
    this.stopping = false;
    this.gate = gate;
    this.stamp = stamp;
  }

  /** Whether a pipeline takes this signal from this receiver, as of now. */
  takes(signal: Signal): boolean {
    return this.out[signal] !== undefined;
  }

  /** Counts a request whose bytes are no export request, or too many; errors of other kinds are counted where they come from. */
  countUnreadable(transport: Transport, error: unknown): void {
    if (!(error instanceof PipelineError)) return;
    if (error.code === 'rejected') this.refusals.request(transport, 'malformed');
    else if (error.code === 'too-large') this.refusals.request(transport, 'too large');
  }

  /**
   * Resolves when the request's data is delivered or dropped on purpose, rejects with what the pipeline said. `bytes` must belong to the
   * caller alone and are given away. What was verified of the flow's peer is written into the batch.
   *
   * @throws {PipelineError} at once: `rejected` for bytes that are no export request, `unsupported` without a pipeline.
   */
  handle(signal: Signal, bytes: Buffer, encoding: Encoding, flow: RequestFlow, compressed?: Compressed): Promise<void> {
    switch (signal) {
      case 'logs':
        return deliver(signal, this.stamp, this.out.logs, LogsBatch, bytes, encoding, flow, compressed);
      case 'metrics':
        return deliver(signal, this.stamp, this.out.metrics, MetricsBatch, bytes, encoding, flow, compressed);
      case 'traces':
        return deliver(signal, this.stamp, this.out.traces, TracesBatch, bytes, encoding, flow, compressed);
    }
  }
}

interface BatchType<B> {
  parse(bytes: Uint8Array, options: { owned: boolean }): B;
  fromJson(json: Uint8Array): B;
}

const owned = { owned: true };

function deliver<B extends AnyBatch>(
  signal: Signal,
  stamp: IdentityStamp | undefined,
  consume: Consume<B> | undefined,
  type: BatchType<B>,
  bytes: Buffer,
  encoding: Encoding,
  flow: RequestFlow,
  compressed: Compressed | undefined,
): Promise<void> {
  if (consume === undefined) throw notTaken(signal);
  if (bytes.length === 0 && encoding === 'protobuf') return delivered;
  const batch = read(type, bytes, encoding);
  if (batch.count === 0) return delivered;
  if (compressed !== undefined && encoding === 'protobuf' && isSameMemory(batch.bytes(), bytes))
    batch.compressed = compressed;
  if (stamp !== undefined) {
    const identity = flow.peer?.identity;
    // Without an identity nothing would keep a client from naming one.
    if (identity === undefined) throw new PipelineError('internal', 'a request has no identity behind the door');
    stamp.apply(batch, identity);
  }
  return consume(batch, flow);
}

const delivered = Promise.resolve();

function read<B>(type: BatchType<B>, bytes: Buffer, encoding: Encoding): B {
  try {
    return encoding === 'json' ? type.fromJson(bytes) : type.parse(bytes, owned);
  } catch (error) {
    if (error instanceof OtlpError) throw new PipelineError('rejected', error.message, { cause: error });
    throw error;
  }
}

function isSameMemory(a: Buffer, b: Buffer): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length === b.length;
}

/** What a door answers for a signal that no pipeline takes. */
export function notTaken(signal: Signal): PipelineError {
  return new PipelineError('unsupported', `no pipeline takes ${signal} from this receiver`);
}

const retryAfterMs = 1000;
// Made once: finding out where an error was made takes more time than all else in a refusal, and of these there may be floods.
const isOverloaded = new PipelineError('overloaded', 'too many bytes are in flight; send again later', {
  retryAfterMs,
});
const isStopping = new PipelineError('unavailable', 'the collector is shutting down; send again later', {
  retryAfterMs,
});

/** What a door answers when the byte budget is used up; always the same error. */
export function overloaded(): PipelineError {
  return isOverloaded;
}

/** What a door answers while the collector drains; always the same error. */
export function comeBack(): PipelineError {
  return isStopping;
}

/** What a door answers for a request over the size limit. */
export function tooLarge(what: string, maxBytes: number): PipelineError {
  return new PipelineError('too-large', `${what} is larger than the limit of ${maxBytes} bytes`);
}
