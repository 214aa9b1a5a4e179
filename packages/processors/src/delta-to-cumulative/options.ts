import { type Duration, duration, parseOptions } from '@otelier/core';
import * as v from 'valibot';

/** Options of `deltaToCumulative`. */
export interface DeltaToCumulativeOptions {
  /** Sends a zero at the start of each new series, so that rates over the series see its first increment. Default `true`. */
  readonly seed?: boolean;
  /**
   * What becomes of a point whose interval begins before the last one of its series ended. `add`: it counts, since several senders
   * share the series, or it is late. `drop`: it is taken for a repetition, which is right when each series has one sender. Default `add`.
   */
  readonly overlaps?: 'add' | 'drop';
  /** Series remembered at most; further ones of a metric are added up as one with the attribute `otel.metric.overflow`. Default `1000000`. */
  readonly maxStreams?: number;
  /** How long a series that gets nothing is remembered; after that it begins anew. Default `24h`. */
  readonly maxStale?: Duration;
}

/** The options with their defaults, times in milliseconds. */
export interface Settings {
  readonly seed: boolean;
  readonly overlaps: 'add' | 'drop';
  readonly maxStreams: number;
  readonly maxStale: number;
}

export function settings(options: DeltaToCumulativeOptions): Settings {
  return parseOptions(
    'deltaToCumulative',
    v.strictObject({
      seed: v.optional(v.boolean(), true),
      overlaps: v.optional(v.picklist(['add', 'drop']), 'add'),
      maxStreams: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1')), 1_000_000),
      maxStale: v.optional(duration(), '24h'),
    }),
    options,
  );
}
