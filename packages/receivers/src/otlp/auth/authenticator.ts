import type { PeerCertificate } from 'node:tls';
import type { Host, Identity } from '@otelier/core';

/** What is known of a request before its body is read. */
export interface AuthRequest {
  /** `http` or `grpc`. */
  readonly transport: 'http' | 'grpc';
  /** Remote address as `host:port`. */
  readonly address: string;
  /** The client's certificate, when one was shown and is trusted. */
  readonly certificate: PeerCertificate | undefined;
  /** A header or a metadata entry by its lower-case name. */
  readonly header: (name: string) => string | undefined;
}

/** Why a request was not let in; the words by which refusals are counted. */
export type AuthFailure = 'no credentials' | 'wrong credentials' | 'expired credentials';

/** The sender's identity, or why it was not accepted. */
export type Verdict = Identity | AuthFailure;

/** Finds out who sends a request: made by {@link bearer}, {@link basic}, {@link jwt}, {@link clientCertificate} and {@link anyOf}. */
export interface Authenticator {
  /** What it is, for `otelier check`; tells no secret. */
  readonly name: string;
  /** The value of `WWW-Authenticate` (RFC 9110 section 11.6.1); '' when there is no scheme for it. */
  readonly challenge: string;
  /** The same for two authenticators exactly when they let in the same requests; no secret can be had from it. */
  readonly key: string;
  /** Called once before the first request. @throws {ConfigError} when a secret has no value. */
  start?(host: Host): Promise<void>;
  /** Rejects with a PipelineError when it cannot tell now, as when keys cannot be fetched: the sender may come again. */
  authenticate(request: AuthRequest): Verdict | Promise<Verdict>;
}

/** Your own check: the claims of the sender, or undefined when it must not come in. Throw when you cannot tell now. */
export type Authenticate = (
  request: AuthRequest,
) => Readonly<Record<string, unknown>> | undefined | Promise<Readonly<Record<string, unknown>> | undefined>;

let functions = 0;

/** An authenticator from a user's function. */
export function authenticatorOf(auth: Authenticator | Authenticate): Authenticator {
  if (typeof auth !== 'function') return auth;
  return {
    name: 'a function',
    challenge: '',
    // What a function holds on to cannot be compared.
    key: `function ${functions++}`,
    async authenticate(request) {
      const claims = await auth(request);
      return claims === undefined ? 'wrong credentials' : identityOf(claims);
    },
  };
}

// These differ from token to token of one and the same identity.
const perToken = new Set(['exp', 'iat', 'nbf', 'jti', 'auth_time', 'nonce', 'at_hash', 'sid', 'uti', 'rh', 'aio']);

/** An identity of these claims. */
export function identityOf(claims: Readonly<Record<string, unknown>>): Identity {
  const lasting = Object.entries(claims).filter(([name]) => !perToken.has(name));
  return { claims, key: JSON.stringify(lasting.toSorted(([a], [b]) => (a < b ? -1 : 1))) };
}
