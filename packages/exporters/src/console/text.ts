/**
 * Control characters would move the cursor, change colours or ring the bell; direction marks would reorder the line. Records come from
 * anywhere, so both are shown instead of obeyed.
 */
const unsafe = new RegExp(
  [
    '[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff]',
    '[\\ud800-\\udbff](?![\\udc00-\\udfff])',
    '(?<![\\ud800-\\udbff])[\\udc00-\\udfff]',
  ].join('|'),
  'g',
);

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\x1b': '\\e' };

/** The text with everything visible that a terminal would obey. */
export function visible(text: string): string {
  return text.replace(unsafe, (char) => named[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const plain = /^[\x20-\x7e]*$/;
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const doubleWidth =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})$/u;

/** Columns that a visible text takes on a terminal. */
export function columns(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charColumns(char);
  return width;
}

function charColumns(char: string): number {
  if (zeroWidth.test(char)) return 0;
  return doubleWidth.test(char) ? 2 : 1;
}

/** At most so many columns of the text, with an ellipsis when something is missing. */
export function cut(text: string, max: number): string {
  // Two columns a character at most: a text this short fits without measuring.
  if (text.length * 2 <= max || columns(text) <= max) return text;
  if (max <= 0) return '';
  let width = 0;
  let kept = '';
  for (const char of text) {
    width += charColumns(char);
    if (width > max - 1) break;
    kept += char;
  }
  return `${kept}…`;
}
