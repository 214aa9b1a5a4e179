import { type AnyValue, Double } from '@otelier/otlp';

/**
 * What to write in place of a text.
 *
 * `'length'`: `[redacted 123 chars]`; `'fixed'`: `[redacted]`; `'remove'`: nothing, the attribute is deleted; a function: what it
 * returns (a keyed hash, say), where undefined deletes and a throw counts as `'fixed'`.
 */
export type Mask = 'length' | 'fixed' | 'remove' | MaskFunction;

/** Gets the text and the name of the attribute or payload key that it stands under. */
export type MaskFunction = (text: string, name: string) => string | undefined;

const fixed = '[redacted]';
// What clients and this processor write; masking again must not change it.
const placeholder = /^(?:<REDACTED>|\[redacted(?: \d+ (?:chars|bytes)| number)?\](?: #\d+)?)$/;
const status = /^(?:undefined|true|false|[1-5]\d\d|[A-Z][A-Za-z]{0,60}(?:Error|Exception|Timeout))$/;
const label = /^[A-Za-z0-9_.:@-]{1,64}$/;
const plainName = /^-{0,2}[A-Za-z_][A-Za-z0-9_]{0,39}$/;

/** True for text that tells how something failed but not with what: `undefined`, `true`, `429`, `ShellError`. */
export function isStatus(text: string): boolean {
  return text === '' || status.test(text);
}

/** True for a short name without blanks or slashes. */
export function isLabel(text: string): boolean {
  return label.test(text);
}

/** True for a key that a schema would have; maps keyed by questions, paths or addresses have other keys. */
export function isPlainName(key: string): boolean {
  return plainName.test(key);
}

/** Masks one text; undefined means that it is to be deleted. */
export function maskText(mask: Mask, text: string, name: string): string | undefined {
  if (mask === 'remove') return undefined;
  if (text === '' || placeholder.test(text)) return text;
  if (mask === 'length') return `[redacted ${text.length} chars]`;
  if (mask === 'fixed') return fixed;
  try {
    const masked = mask(text, name) as unknown;
    return masked === undefined || typeof masked === 'string' ? masked : fixed;
  } catch {
    // The mask may fail on what it was given; then nothing of it is let through, and the batch goes on.
    return fixed;
  }
}

/** Masks a value that is not text and holds no others; booleans say too little to hide. */
export function maskScalar(mask: Mask, value: AnyValue): AnyValue {
  if (value === undefined || typeof value === 'boolean') return value;
  if (mask === 'remove') return undefined;
  if (mask === 'length') {
    if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Double) return '[redacted number]';
    if (value instanceof Uint8Array) return `[redacted ${value.length} bytes]`;
  }
  return fixed;
}
