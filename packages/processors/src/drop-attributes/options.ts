import { type Duration, duration, parseOptions } from '@otelier/core';
import * as v from 'valibot';

/** What `dropAttributes` and `keepAttributes` have in common. */
export interface RemovalOptions {
  /** Also from resources, so that series of different resources can become one. Default `false`. */
  readonly resource?: boolean;
  /** Also from instrumentation scopes, so that series of different scopes can become one. Default `false`. */
  readonly scope?: boolean;
  /**
   * What stays of gauges that become one, each counted at its latest in the batch. All but `last` look at one batch at a time.
   * Default `last`, by time.
   */
  readonly gauge?: 'last' | 'min' | 'max' | 'mean' | 'sum';
  /**
   * Whether the attributes that a point loses stay in its exemplars (`filtered_attributes`), which is where OpenTelemetry puts them.
   * Default `drop`: they are gone.
   */
  readonly exemplarAttributes?: 'drop' | 'keep';
  /** Exemplars that a point made of several may have. Default `16`. */
  readonly maxExemplars?: number;
  /**
   * What becomes of summary points that have one of the attributes, since summaries cannot be added up. `refuse`: the sender is told.
   * `keep`: they keep their attributes, which then are not private. Default `refuse`.
   */
  readonly summary?: 'refuse' | 'keep';
  /** How cumulative series become one: as `cumulativeToDelta`, then `deltaToCumulative`. */
  readonly cumulative?: {
    /**
     * What the first point of a series counts. `auto`: its whole value when the series surely began to count after this processor
     * started, or was exported here for the first time; else nothing. `keep`: always its whole value. `drop`: never. Default `auto`.
     */
    readonly initial?: 'auto' | 'keep' | 'drop';
    /** How often senders export: a point no further than this from its start is the first one of its series. Default `60s`. */
    readonly exportInterval?: Duration;
    /** Sends a zero at the start of each new series, so that rates over the series see its first increment. Default `true`. */
    readonly seed?: boolean;
    /** Series remembered at most, both as they come and as they go out. Default `1000000`. */
    readonly maxStreams?: number;
    /** How long a series that sends nothing is remembered. Default `24h`. */
    readonly maxStale?: Duration;
  };
}

/** The options with their defaults, times in milliseconds. */
export interface RemovalSettings extends Required<Omit<RemovalOptions, 'cumulative'>> {
  readonly cumulative: {
    readonly initial: 'auto' | 'keep' | 'drop';
    readonly exportInterval: number;
    readonly seed: boolean;
    readonly maxStreams: number;
    readonly maxStale: number;
  };
}

const schema = v.strictObject({
  resource: v.optional(v.boolean(), false),
  scope: v.optional(v.boolean(), false),
  gauge: v.optional(v.picklist(['last', 'min', 'max', 'mean', 'sum']), 'last'),
  exemplarAttributes: v.optional(v.picklist(['drop', 'keep']), 'drop'),
  maxExemplars: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'at least 0')), 16),
  summary: v.optional(v.picklist(['refuse', 'keep']), 'refuse'),
  cumulative: v.optional(
    v.strictObject({
      initial: v.optional(v.picklist(['auto', 'keep', 'drop']), 'auto'),
      exportInterval: v.optional(duration(), '60s'),
      seed: v.optional(v.boolean(), true),
      maxStreams: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1')), 1_000_000),
      maxStale: v.optional(duration(), '24h'),
    }),
    {},
  ),
});
const namesSchema = v.strictObject({
  names: v.pipe(
    v.array(v.pipe(v.string(), v.nonEmpty('a name that is not empty'))),
    v.minLength(1, 'at least one attribute name'),
  ),
});

/** Checks the arguments of `component`. @throws {ConfigError} when a name or option is not what was expected. */
export function settings(component: string, names: readonly string[], options: RemovalOptions): RemovalSettings {
  parseOptions(component, namesSchema, { names });
  return parseOptions(component, schema, options);
}
