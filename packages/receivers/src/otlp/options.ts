import type { Bytes, Duration } from '@otelier/core';

/** How the HTTP door listens and how long it waits for slow clients. */
export interface HttpDoorOptions {
  /** `host:port`; port 0 takes a free one. Default `127.0.0.1:4318`. */
  readonly endpoint?: string;
  /** How long an idle connection is kept for the next request; keep it above the idle time-out of a load balancer in front. Default `75s`. */
  readonly idleTimeout?: Duration;
  /** Time that a client has to send its request headers. Default `10s`. */
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
  /** Age at which clients are asked to reconnect, so that a load balancer can spread them again. Default: never. */
  readonly maxConnectionAge?: Duration;
}

/** Options of {@link otlpReceiver}. */
export interface OtlpReceiverOptions {
  /** `host:port` of OTLP/gRPC, more options, or `false` for none. Default `127.0.0.1:4317`. */
  readonly grpc?: string | false | GrpcDoorOptions;
  /** `host:port` of OTLP/HTTP, more options, or `false` for none. Default `127.0.0.1:4318`. */
  readonly http?: string | false | HttpDoorOptions;
  /** Largest request, before and after decompression. Default `64MiB`. */
  readonly maxBytes?: Bytes;
}
