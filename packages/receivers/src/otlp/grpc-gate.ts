import type * as Grpc from '@grpc/grpc-js';
import { PipelineError } from '@otelier/core';
import { refusalOf, statusOf } from './answer.js';
import type { AuthRequest } from './auth/authenticator.js';
import type { Admission } from './auth/gate.js';
import { GatedCall } from './gated-call.js';
import { IncomingCall, stopReading } from './grpc-call.js';
import { signalByPath } from './grpc-services.js';
import type { GrpcSessions } from './grpc-sessions.js';
import { type Intake, overloaded } from './intake.js';

// The metadata is the one object that both the interceptor and the call's handler hold.
const callOf = Symbol('call');
type Marked = Grpc.Metadata & { [callOf]?: IncomingCall };

/** Asks who sends a call before grpc-js reads its message, and remembers whom it let in. */
export class GrpcGate {
  private readonly grpc: typeof Grpc;
  private readonly intake: Intake;
  private readonly sessions: GrpcSessions;

  constructor(grpc: typeof Grpc, intake: Intake, sessions: GrpcSessions) {
    this.grpc = grpc;
    this.intake = intake;
    this.sessions = sessions;
  }

  /** The call that came with this metadata. */
  of(metadata: Grpc.Metadata): IncomingCall {
    return (metadata as Marked)[callOf] as IncomingCall;
  }

  readonly interceptor: Grpc.ServerInterceptor = (method, call) =>
    // Of the stream whose handlers run in this very turn.
    // The type asks for a class of grpc-js; that it uses nothing but the interface is held by the compiler and the tests.
    new GatedCall(
      this,
      call,
      this.sessions.current,
      signalByPath.get(method.path),
    ) as Grpc.ServerInterceptingCallInterface as Grpc.ServerInterceptingCall;

  /** Lets a call's metadata through, now or when it is known who sends it, or answers the call. */
  ask(gated: GatedCall, metadata: Grpc.Metadata): void {
    const { gate } = this.intake;
    const admission = gate?.ask(authRequest(gated.call, metadata));
    if (admission instanceof Promise) void admission.then((later) => this.settle(gated, metadata, later));
    else this.settle(gated, metadata, admission);
  }

  private settle(gated: GatedCall, metadata: Grpc.Metadata, admission: Admission | undefined): void {
    const { call, of, signal } = gated;
    if (admission instanceof PipelineError) {
      call.sendStatus(statusFor(this.grpc, admission, this.intake.gate?.challenge));
      stopReading(of?.stream);
      return;
    }
    const { limits } = this.intake;
    const client =
      admission !== undefined && limits.byIdentity
        ? limits.clientOf(admission)
        : (of?.connection.client ?? limits.clientAt(hostOf(call.getPeer())));
    const incoming = new IncomingCall(this.grpc, this.intake, call, of, client, admission, signal);
    (metadata as Marked)[callOf] = incoming;
    this.sessions.follow(incoming, of);
    gated.letIn(metadata);
  }
}

function hostOf(peer: string): string {
  return peer.slice(0, Math.max(0, peer.lastIndexOf(':')));
}

function authRequest(call: Grpc.ServerInterceptingCallInterface, metadata: Grpc.Metadata): AuthRequest {
  return {
    transport: 'grpc',
    get address() {
      return call.getPeer();
    },
    get certificate() {
      return call.getAuthContext().sslPeerCertificate;
    },
    header: (name) => {
      // Binary entries have other rules, and a key that is not legal throws.
      const values = name.endsWith('-bin') ? [] : metadata.get(name);
      // Of several credentials the first counts, as over HTTP.
      return values.length === 0 ? undefined : String(values[0]);
    },
  };
}

let overloadedStatus: Grpc.StatusObject | undefined;

/** An error as the status of a call, with `RetryInfo` when there is a time to come back. */
export function statusFor(grpc: typeof Grpc, error: PipelineError, challenge = ''): Grpc.StatusObject {
  // Under overload there are more of these than of anything else.
  if (error !== overloaded()) return made(grpc, error, challenge);
  overloadedStatus ??= prepared(made(grpc, error, challenge));
  return overloadedStatus;
}

/** The same, with its metadata as headers once and for all: grpc-js would clone and encode it for every call. */
function prepared(status: Grpc.StatusObject): Grpc.StatusObject {
  const { metadata } = status;
  const headers = metadata.toHttp2Headers();
  metadata.clone = () => metadata;
  metadata.toHttp2Headers = () => headers;
  return status;
}

function made(grpc: typeof Grpc, error: PipelineError, challenge: string): Grpc.StatusObject {
  const refusal = refusalOf(error);
  const metadata = new grpc.Metadata();
  metadata.set('grpc-status-details-bin', statusOf(refusal, 'protobuf'));
  if (error.code === 'unauthenticated' && challenge !== '') metadata.set('www-authenticate', challenge);
  return { code: refusal.grpcCode, details: refusal.message, metadata };
}
