/** Who a sender has proved to be, as the receiver that checked it found out. */
export interface Identity {
  /** The same for two requests exactly when they come from the same identity; not for people, and no secret. */
  readonly key: string;
  /** What was verified: the claims of a token, a user's name, the names in a certificate. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Who sent a request: for routing, attribution and logs. */
export interface Peer {
  /** Remote address as `host:port`, when the transport has one. */
  readonly address?: string;
  /** Transport the request came by, such as `http/protobuf`, `http/json`, `grpc`, `file`. */
  readonly transport?: string;
  /** Request headers or gRPC metadata, lower-case names; without those that hold credentials. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whom the sender has proved to be; undefined when nobody asked. */
  readonly identity?: Identity | undefined;
}

/**
 * What travels with a batch but is not telemetry.
 *
 * The engine hands every component its own face of the flow, so that what a component drops, refuses or adds is counted under that
 * component's name: in + added = out + dropped + refused + held.
 */
export interface Flow {
  /** Aborts when the sender gave up or its deadline passed. */
  readonly signal: AbortSignal;
  /** The sender, when there is one. */
  readonly peer?: Peer | undefined;
  /** Items that are invalid and go no further: the sender hears of them as OTLP `partial_success`. */
  refuse(count: number, reason: string): void;
  /** Items that end here on purpose (filtered, merged into another): acknowledged, and counted by reason. */
  drop(count: number, reason: string): void;
  /** Items that this component made beyond those that it got, such as a zero point that seeds a series. */
  add(count: number, reason: string): void;
}

/** The flow of one request at its receiver, which reads from it what to tell the sender. */
export interface RequestFlow extends Flow {
  /** How many items were refused so far. */
  readonly refused: number;
  /** Why, in one line for `partial_success.error_message`; empty when nothing was refused. */
  readonly refusal: string;
}
