import type { Attributes } from '@otelier/otlp';
import { short } from './figures.js';
import type { Colors, Line } from './line.js';
import { number } from './values.js';

/** Columns that the long form takes. */
const longForm = 31;

/** Tokens taken and given, and those that came from or went to the cache: in words where there is room for them. */
export function writeTokens(attributes: Attributes, line: Line, colors: Colors): void {
  const tokens = (kind: string) => number(attributes.get(`${kind}_tokens`)) ?? 0;
  const cached = tokens('cache_read') + tokens('cache_creation');
  const [taken, given] = [short(tokens('input')), short(tokens('output'))];
  if (line.free < longForm) {
    line.word(`${taken}+${given}${cached > 0 ? ` (${short(cached)})` : ''}`);
    return;
  }
  line.word(`${taken.padStart(5)} in ${given.padStart(6)} out`);
  if (cached > 0) line.word(`${short(cached).padStart(5)} cached`, colors.dim);
}
