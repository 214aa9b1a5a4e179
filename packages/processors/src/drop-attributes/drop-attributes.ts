import type { Processor } from '@otelier/core';
import { KeySet } from '@otelier/otlp';
import { type RemovalOptions, settings } from './options.js';
import { removal } from './removal.js';

/** Options of {@link dropAttributes}. */
export interface DropAttributesOptions extends RemovalOptions {}

/**
 * Deletes attributes by name from log records, spans (their events and links too) and data points, and merges the data points that
 * become one series: their totals stay what they were.
 *
 * @throws {ConfigError} when a name or option is not what was expected.
 */
export function dropAttributes(
  names: readonly string[],
  options: DropAttributesOptions = {},
): Processor<'logs' | 'metrics' | 'traces'> {
  const all = settings('dropAttributes', names, options);
  return removal('drop-attributes', new KeySet(names), all, { names, ...options });
}
