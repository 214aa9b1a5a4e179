import type { Alphabet } from './alphabets.js';

/** What must stand right behind a literal: at least so many characters of an alphabet. */
export interface Tail {
  readonly of: Alphabet;
  readonly min: number;
}

/** A piece of text that must occur. At least three ASCII characters. */
export interface Literal {
  readonly text: string;
  /** True: upper and lower case are the same. */
  readonly ignoreCase?: boolean;
  /** True: no letter, digit or underscore stands before it, other than the letter of an escape (`\n`). */
  readonly whole?: boolean;
  /** What follows: a tail, or an `=`, `:` or blank that gives the name before it a value. */
  readonly followedBy?: Tail | 'value';
}

/**
 * A form that needs no literal.
 *
 * - `at`: `@` between what can be a mail box and what can be a host.
 * - `number`: digits in groups as addresses, phones and cards have them.
 * - `iban`: a country's two letters, two digits, and at least eleven more.
 * - `colons`: groups of hexadecimal digits between colons, as in an IPv6 address.
 * - `dots`: two dots with six or seven characters between them and a long word before, as in a bot token.
 * - `userinfo`: `@` behind `://` with neither blanks nor slashes between them.
 * - `dense`: a word of 20 or more characters that mixes letters and digits.
 */
export type Shape = 'at' | 'number' | 'iban' | 'colons' | 'dots' | 'userinfo' | 'dense';

/** What a text must have for a detector to find something in it: one of the literals or one of the shapes. */
export interface Clue {
  readonly literals?: readonly Literal[];
  readonly shapes?: readonly Shape[];
}
