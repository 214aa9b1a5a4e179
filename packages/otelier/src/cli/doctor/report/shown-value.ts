import { knownVariables } from '../known-variables.js';
import { shownUrl } from '../targets.js';

/** A variable's value as it may be printed; `…` where it may hold a secret: headers, and names that nobody knows. */
export function shownValue(name: string, value: string | undefined): string {
  if (value === undefined) return '(only a running shell knows)';
  if (!knownVariables.has(name) || name.endsWith('HEADERS')) return value === '' ? '' : '…';
  if (!name.endsWith('ENDPOINT') || !/[@?]/.test(value)) return value;
  return URL.canParse(value) && /^https?:/.test(value) ? shownUrl(new URL(value)) : '…';
}
