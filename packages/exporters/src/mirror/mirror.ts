import { type Bytes, bytes, ConfigError, type Exporter, parseOptions, type Signal } from '@otelier/core';
import * as v from 'valibot';
import { aroundSeveral, listed, shownAs } from '../several.js';
import { MirrorStage } from './mirror-stage.js';

/** How much {@link mirror} may have under way to its copies. */
export interface MirrorOptions {
  /** Protobuf bytes that may be under way to each copy; beyond it, batches are not copied there. Default `16MiB`. */
  readonly maxBytes?: Bytes;
}

const schema = v.strictObject({ maxBytes: v.optional(bytes(), '16MiB') });

/**
 * Sends to one exporter, and what that one has taken to others too: to try a new backend with real data, at no risk for the old one.
 *
 * The outcome is the primary's alone. Copies are best effort: they start when the primary has answered, nobody waits for them, and what does not
 * arrive is counted and forgotten.
 *
 * @throws {ConfigError} when an option is wrong, or the exporters have no signal in common or want different temporalities.
 */
export function mirror<S extends Signal>(
  primary: Exporter<S>,
  copies: readonly Exporter<S>[],
  options: MirrorOptions = {},
): Exporter<S> {
  const { maxBytes } = parseOptions('mirror', schema, options);
  if (!Array.isArray(copies) || copies.length === 0) throw new ConfigError('mirror', 'at least one copy');
  const members = listed('mirror', [primary, ...copies]);
  const shown = { maxBytes, primary: primary && shownAs(primary), copies: copies.map((copy) => copy && shownAs(copy)) };
  return aroundSeveral('mirror', members, shown, (inner, host) => new MirrorStage(inner, host, maxBytes));
}
