import { type Duration, duration, type Exporter, parseOptions, type Signal } from '@otelier/core';
import * as v from 'valibot';
import { aroundSeveral, listed, shownAs } from '../several.js';
import { FailoverStage } from './failover-stage.js';

/** When {@link failover} gives up on an exporter, and when it comes back to it. */
export interface FailoverOptions {
  /** Batches in a row that must fail before an exporter is passed over. Default 1. */
  readonly maxFailures?: number;
  /** How long an exporter is passed over before one batch tries it again. Default `30s`. */
  readonly probeInterval?: Duration;
}

const schema = v.strictObject({
  maxFailures: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1')), 1),
  probeInterval: v.optional(duration(), '30s'),
});

/**
 * Sends every batch to the first of several exporters that takes it, in the order of the list.
 *
 * It goes on to the next when one fails for a reason that may pass, or that lies with the target (`unauthenticated`, `unsupported`); data that one
 * refuses is refused. An exporter that has failed is passed over for a time, then one batch tries it. Of a batch that was delivered in part, only
 * the rest goes on. When all fail, the sender hears the failure that is soonest over.
 *
 * @throws {ConfigError} when an option is wrong, or the exporters have no signal in common or want different temporalities.
 */
export function failover<S extends Signal>(
  exporters: readonly Exporter<S>[],
  options: FailoverOptions = {},
): Exporter<S> {
  const { maxFailures, probeInterval } = parseOptions('failover', schema, options);
  const policy = { maxFailures, probeIntervalMs: probeInterval };
  const members = listed('failover', exporters);
  const shown = { ...policy, exporters: exporters.map(shownAs) };
  return aroundSeveral('failover', members, shown, (inner, host) => new FailoverStage(inner, host, policy));
}
