import { type View, ViewBuilder } from './view.js';

const letters: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

const hex = (text: string, from: number, length: number): number => {
  const digits = text.slice(from, from + length);
  return digits.length === length && /^[0-9A-Fa-f]+$/.test(digits) ? Number.parseInt(digits, 16) : -1;
};

/**
 * Text with its backslash escapes undone (JSON, JavaScript, C), or `undefined` when it has none.
 * Any number of backslashes before a letter counts as one: text is often JSON inside JSON inside JSON.
 */
export function unescaped(source: string): View | undefined {
  if (!source.includes('\\')) return undefined;
  const builder = new ViewBuilder(source.length);
  for (let i = 0; i < source.length; ) {
    if (source.charCodeAt(i) !== 0x5c) {
      builder.add(source.charCodeAt(i), i);
      i++;
      continue;
    }
    const from = i;
    while (source.charCodeAt(i) === 0x5c) i++;
    const letter = source[i] ?? '';
    let unit = (letters[letter] ?? (/["'/`]/.test(letter) ? letter : '')).charCodeAt(0);
    let length = 1;
    if (letter === 'u') [unit, length] = [hex(source, i + 1, 4), 5];
    else if (letter === 'x') [unit, length] = [hex(source, i + 1, 2), 3];
    if (unit >= 0) {
      builder.add(unit, from);
      i += length;
    } else builder.add(0x5c, from);
  }
  return builder.view(source.length);
}
