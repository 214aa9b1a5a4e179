import type { Bytes, Duration, PemSource } from '@otelier/core';
import type { Authenticate, Authenticator } from './auth/authenticator.js';

/** How the HTTP door listens and how long it waits for slow clients. */
export interface HttpDoorOptions {
  /** `host:port`; port 0 takes a free one. Default `127.0.0.1:4318`. */
  readonly endpoint?: string;
  /** How long an idle connection is kept for the next request; keep it above the idle time-out of a load balancer in front. Default `75s`. */
  readonly idleTimeout?: Duration;
  /** Time that a client has to send its request headers, and as much for its TLS handshake before them. Default `10s`. */
  readonly headersTimeout?: Duration;
  /** Time that a client has to send a whole request; also ends connections that trickle a body. Default `60s`. */
  readonly requestTimeout?: Duration;
}

/** How the gRPC door listens. */
export interface GrpcDoorOptions {
  /** `host:port`; port 0 takes a free one. Default `127.0.0.1:4317`. */
  readonly endpoint?: string;
  /** Interval of pings on a connection, which also keep an idle one open through a load balancer. Default `60s`. */
  readonly keepAlive?: Duration;
  /** How long a connection without calls is kept; then its client is asked to go, and connects again with its next call. Default `15m`. */
  readonly idleTimeout?: Duration;
  /** Time that a client has to begin to speak HTTP/2 on a new connection, TLS included. Default `10s`. */
  readonly handshakeTimeout?: Duration;
  /** Time that a client has to send a whole request, and as much to read its answer. Default `60s`. */
  readonly requestTimeout?: Duration;
  /** Age at which clients are asked to reconnect, so that a load balancer can spread them again. Default: never. */
  readonly maxConnectionAge?: Duration;
}

/** Certificates of both doors; what is given is read again and again, and changes count for new connections without a gap. */
export interface ReceiverTlsOptions {
  /** The certificate, with what leads up to the root if need be: a PEM file's path or a secret that holds the PEM text. */
  readonly cert: PemSource;
  /** Its key. */
  readonly key: PemSource;
  /** Certificates of those who sign clients' certificates. Needed when clients are asked for one. */
  readonly ca?: PemSource;
  /** `require`: only clients with a certificate that `ca` trusts can connect. `request`: others can, without that identity. Default `none`. */
  readonly clientAuth?: 'none' | 'request' | 'require';
  /** How often to look for new certificates. Default `5s`. */
  readonly reloadInterval?: Duration;
}

/** What one client may have of the receiver; beyond it requests are refused with a time to come back, before their body is read. */
export interface LimitsOptions {
  /** What makes a client: `client` is the identity that `auth` has verified, `address` the remote address (of IPv6 its /64). Default `client` where there is `auth`. */
  readonly by?: 'client' | 'address';
  /** Requests a second that a client may send, as many at once. Default: any number. */
  readonly requestsPerSecond?: number;
  /** Bytes of bodies a second, as they are sent, that a client may send, as many at once. Default: any number. */
  readonly bytesPerSecond?: Bytes;
  /** Bytes of the byte budget that a client's requests may hold at a time. Default: its fair share. */
  readonly inFlight?: Bytes;
  /** Requests of a client that may be under way at a time. Default: any number. */
  readonly requests?: number;
  /** Connections of both doors, all clients together; the last eighth is shared out between addresses. Default 10,000. */
  readonly connections?: number;
  /** Connections of one address. Default: any number. */
  readonly connectionsPerAddress?: number;
}

/** Options of {@link otlpReceiver}. */
export interface OtlpReceiverOptions {
  /** `host:port` of OTLP/gRPC, more options, or `false` for none. Default `127.0.0.1:4317`. */
  readonly grpc?: string | false | GrpcDoorOptions;
  /** `host:port` of OTLP/HTTP, more options, or `false` for none. Default `127.0.0.1:4318`. */
  readonly http?: string | false | HttpDoorOptions;
  /** Largest request, before and after decompression. Default `64MiB`. */
  readonly maxBytes?: Bytes;
  /**
   * Who may send: `bearer()`, `basic()`, `jwt()`, `clientCertificate()`, `anyOf()` of them, or a function of your own. Others are answered 401
   * or UNAUTHENTICATED before their body is read. Default: everybody, or with `tls.clientAuth: 'require'` whoever has a certificate.
   */
  readonly auth?: Authenticator | Authenticate;
  /**
   * Claims of the sender that become resource attributes, over what the client says: `{ 'user.email': 'email', 'team.id': 'groups[0]' }`.
   * A copy that the client put on an item gets the verified value, too; where there is no such claim, the attribute is deleted.
   */
  readonly identity?: Readonly<Record<string, string>>;
  /** Listen where other machines can connect although anybody may then send. Default false. */
  readonly allowUnauthenticated?: boolean;
  /** TLS on both doors. Default: none. */
  readonly tls?: ReceiverTlsOptions;
  /** What one client may have. Default: a fair share of the byte budget, and of the connections. */
  readonly limits?: LimitsOptions;
}
