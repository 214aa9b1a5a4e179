import type { Exporter, Processor, Receiver } from './component.js';
import type { Secret } from './credentials/secret.js';
import type { Signal } from './signal.js';
import type { Bytes, Duration } from './units.js';

/** One pipeline: data runs from every receiver through the processors in order to every exporter. */
export interface Pipeline<S extends Signal> {
  readonly receivers: readonly Receiver<S>[];
  readonly processors?: readonly Processor<S>[];
  readonly exporters: readonly Exporter<S>[];
}

/** What `pipeline.config.ts` exports: pipelines by signal and name, and the limits of the whole. */
export interface PipelinesConfig {
  readonly logs?: { readonly [name: string]: Pipeline<'logs'> };
  readonly metrics?: { readonly [name: string]: Pipeline<'metrics'> };
  readonly traces?: { readonly [name: string]: Pipeline<'traces'> };
  readonly limits?: {
    /**
     * Bytes between receivers and exporters and in queues in memory; beyond it senders are told `overloaded` before their body is read.
     * Default `256MiB`, or a quarter of {@link memory} if that is less.
     */
    readonly inFlight?: Bytes;
    /**
     * Bytes of memory that the process may use. From nine tenths on, fewer and fewer bytes are let in flight, until it has fallen
     * below eight tenths; a sixty-fourth of it always may be.
     * Default: eight tenths of what the container is allowed, or no limit.
     */
    readonly memory?: Bytes;
    /**
     * Signals, most important first: the first may fill all of {@link inFlight}, the second three quarters, the third half. Those that are not
     * named come last. Default: all are equal.
     */
    readonly priority?: readonly Signal[];
    /** How long a drain may take before what is held is given back as `unavailable`. Default `30s`. */
    readonly drain?: Duration;
    /** How long stateful pipelines remember what has arrived, so that what is sent again counts once. Default `1h`. */
    readonly retryWindow?: Duration;
    /** Bytes that each stateful pipeline may keep until they are delivered; beyond it senders are told `overloaded`. Default `256MiB`. */
    readonly outbox?: Bytes;
  };
  readonly health?: {
    /** Serves `/healthz`, `/readyz` and `/status` over HTTP at this `host:port`, such as `127.0.0.1:13133`. Default: they are not served. */
    readonly endpoint?: string;
    /** Serves them on an address that other machines can reach, to anyone who asks. Default false. */
    readonly allowRemote?: boolean;
    /** How long a component may hold something without any of it ending before its pipeline counts as stalled. Default `30s`. */
    readonly stalledAfter?: Duration;
  };
  /** Directory for state and queues; without it they live in memory. */
  readonly dataDir?: string;
  readonly telemetry?: {
    /** Least level that is logged. Default `info`. */
    readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
    /** Sends the collector's own metrics to this OTLP/HTTP endpoint, such as `http://127.0.0.1:4318/v1/metrics`. */
    readonly metrics?: {
      readonly endpoint: string;
      readonly interval?: Duration;
      /** Request headers; values may be `secret.env()` and `secret.file()`. */
      readonly headers?: Readonly<Record<string, string | Secret>>;
    };
  };
}
