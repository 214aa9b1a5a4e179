import { type Duration, duration, parseOptions } from '@otelier/core';
import * as v from 'valibot';

/** Options of `cumulativeToDelta`. */
export interface CumulativeToDeltaOptions {
  /**
   * What the first point of a series that has a start time counts. `auto`: its whole value when the series surely began to count after
   * this processor started, or was exported here for the first time; else nothing. `keep`: always its whole value. `drop`: never.
   * Default `auto`.
   */
  readonly initial?: 'auto' | 'keep' | 'drop';
  /** How often senders export: a point no further than this from its start is the first one of its series. Default `60s`. */
  readonly exportInterval?: Duration;
  /** Sums that may fall, too. Default `false`: they pass as they are. */
  readonly nonMonotonic?: boolean;
  /** Series remembered at most; points of further ones are refused. Default `1000000`. */
  readonly maxStreams?: number;
  /** How long a series that sends nothing is remembered. Default `24h`. */
  readonly maxStale?: Duration;
}

/** The options with their defaults, times in milliseconds. */
export interface Settings {
  readonly initial: 'auto' | 'keep' | 'drop';
  readonly exportInterval: number;
  readonly nonMonotonic: boolean;
  readonly maxStreams: number;
  readonly maxStale: number;
}

export function settings(options: CumulativeToDeltaOptions): Settings {
  return parseOptions(
    'cumulativeToDelta',
    v.strictObject({
      initial: v.optional(v.picklist(['auto', 'keep', 'drop']), 'auto'),
      exportInterval: v.optional(duration(), '60s'),
      nonMonotonic: v.optional(v.boolean(), false),
      maxStreams: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1')), 1_000_000),
      maxStale: v.optional(duration(), '24h'),
    }),
    options,
  );
}
