import type * as Grpc from '@grpc/grpc-js';
import { type Identity, PipelineError } from '@otelier/core';
import { refusalOf, statusOf } from './answer.js';
import type { AuthRequest } from './auth/authenticator.js';
import type { Admission, Gate } from './auth/gate.js';

/** Asks the gate before grpc-js reads a call's message, and remembers whom it let in. */
export class GrpcGate {
  private readonly grpc: typeof Grpc;
  private readonly gate: Gate;
  // The metadata is the one object that both the interceptor and the call's handler hold.
  private readonly identities = new WeakMap<Grpc.Metadata, Identity>();

  constructor(grpc: typeof Grpc, gate: Gate) {
    this.grpc = grpc;
    this.gate = gate;
  }

  identityOf(metadata: Grpc.Metadata): Identity | undefined {
    return this.identities.get(metadata);
  }

  readonly interceptor: Grpc.ServerInterceptor = (_method, call) => {
    const listener = new this.grpc.ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const settle = (admission: Admission): void => {
          if (admission instanceof PipelineError) {
            call.sendStatus(statusFor(this.grpc, admission, this.gate.challenge));
            return;
          }
          this.identities.set(metadata, admission);
          next(metadata);
        };
        const admission = this.gate.ask(authRequest(call, metadata));
        if (admission instanceof Promise) void admission.then(settle);
        else settle(admission);
      })
      .build();
    const responder = new this.grpc.ResponderBuilder().withStart((next) => next(listener)).build();
    return new this.grpc.ServerInterceptingCall(call, responder);
  };
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

/** An error as the status of a call, with `RetryInfo` when there is a time to come back. */
export function statusFor(grpc: typeof Grpc, error: PipelineError, challenge = ''): Grpc.StatusObject {
  const refusal = refusalOf(error);
  const metadata = new grpc.Metadata();
  metadata.set('grpc-status-details-bin', statusOf(refusal, 'protobuf'));
  if (error.code === 'unauthenticated' && challenge !== '') metadata.set('www-authenticate', challenge);
  return { code: refusal.grpcCode, details: refusal.message, metadata };
}
