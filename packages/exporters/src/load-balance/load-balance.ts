import { ConfigError, type Duration, duration, type Exporter, parseOptions, type Signal } from '@otelier/core';
import * as v from 'valibot';
import { aroundSeveral, type Member, shownAs } from '../several.js';
import { type BalanceBy, keysFor } from './keys.js';
import { LoadBalanceStage } from './load-balance-stage.js';

export type { BalanceBy } from './keys.js';

/** What {@link loadBalance} keeps together, and what it does when a target fails. */
export interface LoadBalanceOptions {
  /**
   * What goes to one target. Default `stream`.
   *
   * - `stream`: all points of one metric stream; logs and spans go by resource
   * - `resource`: all items of one resource
   * - `{ attribute: 'session.id' }`: all items with one value of this attribute, their own or their resource's; those without it go by resource
   */
  readonly by?: BalanceBy;
  /**
   * Whether the share of a target that is down goes to the others meanwhile: only for backends that do not need all items of a key, in their
   * order. Default false.
   */
  readonly spill?: boolean;
  /** How long a target that has failed is passed over before one batch tries it again. Only with `spill`. Default `30s`. */
  readonly probeInterval?: Duration;
}

const schema = v.strictObject({
  by: v.optional(
    v.union([v.picklist(['stream', 'resource']), v.strictObject({ attribute: v.pipe(v.string(), v.nonEmpty()) })]),
    'stream',
  ),
  spill: v.optional(v.boolean(), false),
  probeInterval: v.optional(duration()),
});

/**
 * Spreads batches over several exporters, and keeps together what belongs together: one metric stream, one resource, or one value of an attribute.
 *
 * It chooses by rendezvous hashing of the exporters' names, so that every collector with the same names chooses alike, and another target takes
 * only its share from the others. A batch is cut where it must be; shares travel side by side. When one fails, the others are delivered all the
 * same, and a `retry()` around this sends only what failed.
 *
 * @throws {ConfigError} when an option is wrong, or the exporters have no signal in common or want different temporalities.
 */
export function loadBalance<S extends Signal>(
  exporters: Readonly<Record<string, Exporter<S>>>,
  options: LoadBalanceOptions = {},
): Exporter<S> {
  const { by, spill, probeInterval } = parseOptions('loadBalance', schema, options);
  if (probeInterval !== undefined && !spill)
    throw new ConfigError('loadBalance: probeInterval', 'spill beside it, without which no target is passed over');
  if (typeof exporters !== 'object' || Array.isArray(exporters) || Object.keys(exporters).length === 0)
    throw new ConfigError('loadBalance', 'at least one exporter under a name, such as { a: otlpExporter(…) }');
  const members: Member<S>[] = Object.entries(exporters).map(([name, exporter]) => ({
    name,
    path: `.${name}`,
    exporter,
  }));
  const health = { maxFailures: 1, probeIntervalMs: probeInterval ?? 30_000 };
  const shown = {
    by,
    spill,
    ...(spill && { probeIntervalMs: health.probeIntervalMs }),
    exporters: Object.fromEntries(members.map(({ name, exporter }) => [name, exporter && shownAs(exporter)])),
  };
  return aroundSeveral('load-balance', members, shown, (inner, host) => {
    return new LoadBalanceStage(inner, host, { keys: keysFor(by, host.signal === 'metrics'), spill, health });
  });
}
