import { type Bytes, bytes, type Duration, duration, parseOptions } from '@otelier/core';
import * as v from 'valibot';

/** When {@link batch} passes on what it holds. */
export interface BatchOptions {
  /** Longest time that the first request waits for others. Default `200ms`. */
  readonly timeout?: Duration;
  /** Most items in one batch; a request with more is split. Default 8192. */
  readonly maxItems?: number;
  /** Most bytes in one batch, before compression; a request with more is split where it can be. Default `4MiB`. */
  readonly maxBytes?: Bytes;
  /**
   * Merge requests of senders with different verified identities, too, when the identity stands in the resource (`identity` of the receiver) and
   * nothing behind asks for the sender. Default false.
   */
  readonly mixIdentities?: boolean;
}

const schema = v.strictObject({
  timeout: v.optional(duration(), '200ms'),
  maxItems: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1')), 8192),
  maxBytes: v.optional(v.pipe(bytes(), v.minValue(1, 'at least 1B')), '4MiB'),
  mixIdentities: v.optional(v.boolean(), false),
});

/** Limits in milliseconds, items and bytes. */
export interface BatchSettings {
  readonly timeout: number;
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly mixIdentities: boolean;
}

export function settings(options: BatchOptions): BatchSettings {
  return parseOptions('batch', schema, options);
}
