import { isPlaceHolder } from './place-holder.js';

/** A value as it is written in a text. */
export interface Value {
  readonly from: number;
  /** Its end, or that of what was read of it. */
  readonly to: number;
  /** The value, or its first {@link longestSample} units. */
  readonly text: string;
  /** The opening quote with its backslashes, empty for a bare word. */
  readonly quote: string;
  /** The character behind an unquoted value, empty at the end of a line or of the text. */
  readonly next: string;
}

/** What is known about a value from where it stands. */
export interface ValueContext {
  /** The name says password, rather than token or key. */
  readonly isPassword: boolean;
  /** The name says passphrase, which may have blanks. */
  readonly isPhrase: boolean;
  /** The name is of an environment variable, with a bare `=`. */
  readonly isLoud: boolean;
  /** The name is an option of a command line. */
  readonly isOption: boolean;
  /** Nothing stands before the keyword. */
  readonly isWholeName: boolean;
  /** No blanks stand around the sign. */
  readonly isTight: boolean;
}

/** How much of a value is read to tell whether it is a secret, in UTF-16 units: names without a secret must not cost the rest of the text. */
const longestSample = 256;

const opening = /(\\{0,8})(["'`])/y;
const bareSample = new RegExp(`[^\\s"'\`\\\\,;&|<>(){}[\\]]{1,${longestSample}}`, 'y');
const bareRest = /[^\s"'`\\,;&|<>(){}[\]]*/y;

/** Reads the value that begins at `at`: up to its closing quote, which is escaped as often as the opening one, or as far as a bare word goes. */
export function readValue(text: string, at: number): Value | undefined {
  opening.lastIndex = at;
  const open = opening.exec(text);
  if (open !== null) {
    const from = opening.lastIndex;
    const to = closing(text, from, Math.min(text.length, from + longestSample), open[1]!.length, open[2]!);
    return { from, to, text: text.slice(from, to), quote: open[0], next: '' };
  }
  bareSample.lastIndex = at;
  const word = bareSample.exec(text);
  if (word === null) return undefined;
  const to = bareSample.lastIndex;
  const behind = text.slice(to, to + 2);
  const next = /^(?:$|[\r\n]|\\[rn])/.test(behind) ? '' : behind[0]!;
  return { from: at, to, text: word[0], quote: '', next };
}

/** Where a value ends of which only a part was read. */
export function endOf(text: string, { from, to, quote }: Value): number {
  if (to - from < longestSample) return to;
  if (quote !== '') return closing(text, from, text.length, quote.length - 1, quote.at(-1)!);
  bareRest.lastIndex = to;
  bareRest.exec(text);
  return bareRest.lastIndex;
}

/** Where the quote stands that has as many backslashes before it; the end of the line, or `limit`, for one that was cut off. */
function closing(text: string, from: number, limit: number, depth: number, quote: string): number {
  let backslashes = 0;
  for (let i = from; i < limit; i++) {
    const letter = text[i]!;
    if (letter === '\\') {
      backslashes++;
      continue;
    }
    if (letter === quote && backslashes <= depth) return i - backslashes;
    if (letter === '\n') return i;
    backslashes = 0;
  }
  return limit;
}

/** Whether a value that is given to the name of a secret is one. */
export function isSecretValue({ text, quote, next }: Value, context: ValueContext): boolean {
  const { isPassword, isPhrase, isLoud, isOption, isWholeName, isTight } = context;
  if (isPlaceHolder(text) || isReference(text)) return false;
  const hasDigit = /[0-9]/.test(text);
  const isMixed = hasDigit || (/[a-z]/.test(text) && /[A-Z]/.test(text)) || /[!@#$%^&*+=/]/.test(text);
  if (isPassword) {
    if (text.length < 4) return false;
    if (quote !== '') return isPhrase || !/\s/.test(text);
    if (isCode(text, next)) return isLoud && next !== '(' && next !== '[';
    if (isMixed || isLoud || isOption) return true;
    // Only letters: a word of prose or a name in code, unless it ends the line or follows the sign at once.
    return next === '' ? text.length >= 5 : isWholeName && isTight && text.length >= 5 && /[\s&;]/.test(next);
  }
  if (text.length < 8 || /\s/.test(text) || /^[0-9.,_-]{1,19}$/.test(text)) return false;
  if (quote !== '') return isMixed;
  if (isCode(text, next)) return false;
  return hasDigit || (isMixed && (isLoud || isOption)) || (isLoud && text.length >= 12) || isScrambled(text);
}

/** Capitals all over, as only chance puts them, and not as names in code have them. */
function isScrambled(text: string): boolean {
  const share = text.replace(/[^A-Z]/g, '').length / text.length;
  return text.length >= 16 && share > 0.3 && share < 0.7 && /^[A-Za-z]+$/.test(text);
}

/** A path or an address, where a secret is kept rather than the secret. */
const isReference = (text: string): boolean =>
  text.length <= 1000 &&
  /^(?:~|\.{1,2})?\/(?:[a-z0-9_.-]+\/)+[A-Za-z0-9_.-]*$|^~?\.{0,2}\/[a-z_.-]+$|^(?:[a-z][a-z0-9+.-]*:\/\/|[a-z]+:[a-z]+\/)|^arn:|^@/.test(
    text,
  );

/** A name, a member of something, or a call, as they stand in code; or the keyword again: `token=token`. */
const isCode = (text: string, next: string): boolean =>
  next === '(' || next === '[' || (text.length <= 100 && isName(text));

const isName = (text: string): boolean =>
  /^[A-Za-z_$][\w$]*(?:\??\.[A-Za-z_$][\w$]*)+[!?]?$/.test(text) ||
  /^[A-Za-z_]*(?:pass(?:word|wd)?|token|secret|key|credential)s?[_A-Za-z]*\d?$/i.test(text) ||
  /^(?:await|new|function|async|typeof|return|let|const|var)$/.test(text);
