import type { Random } from '@otelier/testing';

/**
 * How a canary is put into a field.
 *
 * `json`: in JSON inside the text; `escaped`: that, with every character as `\u`; `percent` and `base64`: encoded whole; `split`: one half here
 * and one in the next field, or in two elements of an array; `cut`: in JSON that was cut off behind it.
 */
export type Encoding = 'clear' | 'json' | 'escaped' | 'percent' | 'base64' | 'split' | 'cut';

/** Every {@link Encoding}. */
export const encodings: readonly Encoding[] = ['clear', 'json', 'escaped', 'percent', 'base64', 'split', 'cut'];

/** Writes a text that way; what is split or cut is written by whoever has the fields. */
export function encoded(text: string, encoding: Encoding, random: Random): string {
  switch (encoding) {
    case 'json':
      return JSON.stringify({ request: { note: text } });
    case 'escaped':
      return `{"note":"${escaped(text)}"}`;
    case 'percent':
      return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
    case 'base64':
      // A few bytes before it, so that it begins at each of the three places of a base64 quantum.
      return Buffer.from(`${'#'.repeat(random.between(0, 2))} ${text}`).toString('base64');
    case 'cut':
      return JSON.stringify({ note: text, more: 'and so on' }).slice(0, -8);
    default:
      return text;
  }
}

/** Every character as a JSON escape; both cases of hexadecimal digits are in use. */
export function escaped(text: string): string {
  let escapes = '';
  for (let i = 0; i < text.length; i++) escapes += `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return escapes;
}
