import { type Duration, duration, parseOptions } from '@otelier/core';
import * as v from 'valibot';

/** Options of `aggregate`. */
export interface AggregateOptions {
  /** Length of the intervals, which begin at multiples of it since 1970, in the time that the points tell. */
  readonly interval: Duration;
  /** How long an interval waits for points that come late, after points of a later one have come. Default `10s`. */
  readonly lateness?: Duration;
  /** What stays of a gauge's points in an interval. Default `last`, by time. */
  readonly gauge?: 'last' | 'min' | 'max' | 'mean';
  /** Series in memory at most; points of further ones pass as they are. Default `1000000`. */
  readonly maxStreams?: number;
}

/** The options with their defaults, times in milliseconds. */
export interface AggregateSettings {
  readonly interval: number;
  readonly lateness: number;
  readonly gauge: 'last' | 'min' | 'max' | 'mean';
  readonly maxStreams: number;
}

export function settings(options: AggregateOptions): AggregateSettings {
  return parseOptions(
    'aggregate',
    v.strictObject({
      interval: v.pipe(duration(), v.minValue(1, 'at least 1ms')),
      lateness: v.optional(duration(), '10s'),
      gauge: v.optional(v.picklist(['last', 'min', 'max', 'mean']), 'last'),
      maxStreams: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1')), 1_000_000),
    }),
    options,
  );
}
