/** The alphabets that tokens are written in. */
export const alphabets = {
  hex: '0-9a-f',
  digit: '0-9',
  upper: 'A-Z0-9',
  base62: 'A-Za-z0-9',
  word: 'A-Za-z0-9_',
  url: 'A-Za-z0-9_-',
  dotted: 'A-Za-z0-9_.-',
  base64: 'A-Za-z0-9+/=_-',
  percent: 'A-Za-z0-9%+/=_-',
  visible: '!-~',
} as const;

/** Name of an alphabet. */
export type Alphabet = keyof typeof alphabets;

/** Bit of each alphabet in {@link membership}. */
export const bitOf: Readonly<Record<Alphabet, number>> = Object.fromEntries(
  Object.keys(alphabets).map((name, i) => [name, 1 << i]),
  // The keys are those of `alphabets`.
) as Record<Alphabet, number>;

/** For every byte the alphabets that it belongs to, one bit each. */
export const membership: Uint16Array = new Uint16Array(256);
for (const [name, characters] of Object.entries(alphabets)) {
  const member = new RegExp(`[${characters}]`);
  // The keys are those of `alphabets`.
  for (let byte = 0; byte < 128; byte++)
    if (member.test(String.fromCharCode(byte))) membership[byte]! |= bitOf[name as Alphabet];
}

/**
 * Source of a lookbehind: no word goes on from before. The letter of an escape (`\n`, `\t`) is not part of a word:
 * text that is written as JSON inside JSON reaches us with its escapes.
 */
export const wordStart = '(?<!(?<!\\\\)[bfnrt]|[ac-eg-mo-qsu-zA-Z0-9_])';

/** Bytes version of {@link wordStart}: whether a word can start at `i`. */
export function startsWord(bytes: Uint8Array, i: number, from: number): boolean {
  if (i <= from) return true;
  const before = bytes[i - 1]!;
  if ((membership[before]! & bitOf.word) === 0) return true;
  // b f n r t
  if (before !== 0x6e && before !== 0x74 && before !== 0x72 && before !== 0x62 && before !== 0x66) return false;
  return i - 2 >= from && bytes[i - 2] === 0x5c;
}
