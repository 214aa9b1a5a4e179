import { type Duration, duration, type Exporter, parseOptions, type Signal } from '@otelier/core';
import * as v from 'valibot';
import { wrapExporter } from '../wrap.js';
import { retryStage } from './retry-stage.js';

/** When {@link retry} tries again, and for how long. */
export interface RetryOptions {
  /** Longest pause after the first failure; it doubles from there. Default `1s`. */
  readonly initial?: Duration;
  /** Longest pause of all. Default `30s`. */
  readonly max?: Duration;
  /** No attempt begins later than this after the first. Default `1m`. */
  readonly maxElapsed?: Duration;
  /** Whether a pause is a random share of its length, so that senders do not come back all at once. Default true. */
  readonly jitter?: boolean;
}

const schema = v.strictObject({
  initial: v.optional(duration(), '1s'),
  max: v.optional(duration(), '30s'),
  maxElapsed: v.optional(duration(), '1m'),
  jitter: v.optional(v.boolean(), true),
});

/**
 * Tries again what failed for a reason that may pass, with growing pauses, for a limited time.
 *
 * The sender waits meanwhile; put a `queue()` around it where it should not. A pause is never shorter than the backend asked for; when that
 * is longer than the time left, the error goes back at once and keeps its code. A batch that is too large is sent in halves, so that
 * one oversized record does not take its neighbours with it.
 *
 * @throws {ConfigError} when an option is wrong.
 */
export function retry<S extends Signal>(inner: Exporter<S>, options: RetryOptions = {}): Exporter<S> {
  const { initial, max, maxElapsed, jitter } = parseOptions('retry', schema, options);
  const policy = { initialMs: initial, maxMs: max, maxElapsedMs: maxElapsed, jitter };
  return wrapExporter('retry', inner, { ...policy }, (stage, host) => retryStage(stage, host, policy));
}
