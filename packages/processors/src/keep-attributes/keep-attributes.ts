import type { Processor } from '@otelier/core';
import { KeySet } from '@otelier/otlp';
import { type RemovalOptions, settings } from '../drop-attributes/options.js';
import { removal } from '../drop-attributes/removal.js';

/** Options of {@link keepAttributes}. */
export interface KeepAttributesOptions extends RemovalOptions {}

/**
 * Deletes all attributes but those named from log records, spans (their events and links too) and data points, and merges the data
 * points that become one series: their totals stay what they were.
 *
 * @throws {ConfigError} when a name or option is not what was expected.
 */
export function keepAttributes(
  names: readonly string[],
  options: KeepAttributesOptions = {},
): Processor<'logs' | 'metrics' | 'traces'> {
  const all = settings('keepAttributes', names, options);
  return removal('keep-attributes', KeySet.allBut(names), all, { names, ...options });
}
