import type { ServerHttp2Stream } from 'node:http2';
import type * as Grpc from '@grpc/grpc-js';
import { type Identity, PipelineError, type Signal } from '@otelier/core';
import { statusFor } from './grpc-gate.js';
import { type Intake, overloaded, tooLarge } from './intake.js';
import type { IncomingBody } from './limits/bodies.js';
import type { Client } from './limits/client.js';
import type { GrpcConnection } from './limits/grpc-connection.js';
import type { Hold } from './limits/hold.js';

const noError = 0;
const cancel = 8;

/** What a call reads from, where grpc-js lets us see it. */
export interface CallStream {
  readonly stream: ServerHttp2Stream;
  readonly connection: GrpcConnection;
  /** Set when the gate has let it in. */
  call: IncomingCall | undefined;
}

/** A call from its metadata to its end: lets its message in by the length that stands before it, and holds its bytes. */
export class IncomingCall implements IncomingBody {
  declare readonly client: Client;
  declare readonly identity: Identity | undefined;
  /** What it says to carry; undefined for a path that is none of ours. */
  declare private readonly signal: Signal | undefined;
  /** Since when its message is waited for, or its answer should be read, in milliseconds. */
  declare since: number;
  /** It was answered already, and its message must not be looked at. */
  declare isRefused: boolean;
  declare private readonly grpc: typeof Grpc;
  declare private readonly intake: Intake;
  declare private readonly call: Grpc.ServerInterceptingCallInterface;
  declare private readonly of: CallStream | undefined;
  declare private hold: Hold | undefined;
  /** Bytes that have come of the five before a message, and the number that the last four are. */
  declare private prefix: number;
  declare private length: number;
  declare private state: 'reading' | 'working' | 'answered';

  constructor(
    grpc: typeof Grpc,
    intake: Intake,
    call: Grpc.ServerInterceptingCallInterface,
    of: CallStream | undefined,
    client: Client,
    identity: Identity | undefined,
    signal: Signal | undefined,
  ) {
    this.grpc = grpc;
    this.intake = intake;
    this.call = call;
    this.of = of;
    this.client = client;
    this.identity = identity;
    this.signal = signal;
    this.since = intake.host.clock.now();
    this.isRefused = false;
    this.hold = undefined;
    this.prefix = 0;
    this.length = 0;
    this.state = 'reading';
    // Before grpc-js looks at it: what is refused is not decoded.
    of?.stream.prependListener('data', this.read);
  }

  /** The whole message is here, decompressed; undefined when it may stay. */
  arrived(bytes: number, signal: Signal): PipelineError | undefined {
    this.state = 'working';
    this.intake.limits.bodies.delete(this);
    if (this.hold === undefined) return this.admit(bytes, signal);
    return bytes <= this.length || this.hold.grow(bytes - this.length) ? undefined : overloaded();
  }

  /** Its answer was given. */
  answered(): void {
    this.state = 'answered';
    this.since = this.intake.host.clock.now();
    this.hold?.release();
  }

  /** The stream is gone; a message that is being worked on keeps its bytes until that is done. */
  closed(): void {
    this.intake.limits.bodies.delete(this);
    this.of?.stream.off('data', this.read);
    if (this.state !== 'working') this.hold?.release();
  }

  cut(): void {
    this.intake.refusals.request('grpc', 'slow body');
    this.refuse(overloaded());
  }

  /** Ends a call whose sender has been slow for too long: in sending, or in reading its answer. */
  check(now: number, requestTimeout: number): void {
    if (this.state === 'working' || now - this.since < requestTimeout) return;
    if (this.state === 'answered') {
      this.intake.refusals.connection('grpc', 'reads no answers');
      this.of?.stream.close(cancel);
      return;
    }
    this.intake.refusals.request('grpc', 'slow request');
    this.refuse(new PipelineError('deadline', 'the request did not come in time'));
  }

  private readonly read: (chunk: Buffer) => void = (chunk) => {
    for (let i = 0; i < chunk.length && this.prefix < 5; i++)
      if (this.prefix++ > 0) this.length = this.length * 256 + (chunk[i] as number);
    if (this.prefix < 5) return;
    const { stream, connection } = this.of as CallStream;
    stream.off('data', this.read);
    if (this.length <= this.intake.maxBytes) connection.usualBytes = this.length;
    const refusal = this.admit(this.length, this.signal);
    if (refusal !== undefined) this.refuse(refusal);
    else {
      connection.expect(this.length);
      this.intake.limits.bodies.add(this);
    }
  };

  private admit(bytes: number, signal: Signal | undefined): PipelineError | undefined {
    const { limits, maxBytes, refusals } = this.intake;
    if (bytes > maxBytes) {
      refusals.request('grpc', 'too large');
      return tooLarge('the message', maxBytes);
    }
    const hold = limits.admit(this.client, bytes, 'grpc', signal);
    if (hold instanceof PipelineError) return hold;
    this.hold = hold;
    this.length = bytes;
    return undefined;
  }

  private refuse(refusal: PipelineError): void {
    this.isRefused = true;
    this.call.sendStatus(statusFor(this.grpc, refusal));
    this.answered();
    this.intake.limits.bodies.delete(this);
    stopReading(this.of?.stream);
  }
}

/** Tells the sender of a call that was answered to send no more of it (RFC 9113 section 8.1); one that goes on is not read. */
export function stopReading(stream: ServerHttp2Stream | undefined): void {
  if (stream !== undefined) setImmediate(closeUnread, stream);
}

function closeUnread(stream: ServerHttp2Stream): void {
  if (!stream.closed && !stream.readableEnded) stream.close(noError);
}
