import type { Detector } from '../detector.js';
import { type Alphabet, alphabets, wordStart } from '../prefilter/alphabets.js';
import type { Literal } from '../prefilter/clue.js';
import { looksRandom } from './checksums.js';

/** How the tokens of one provider are written. */
export interface TokenForm {
  /** What they begin with; at least three characters. */
  readonly prefixes: readonly string[];
  /** Alphabet of what follows. */
  readonly of: Alphabet;
  /** Fewest characters that follow. */
  readonly min: number;
  /** Most characters that follow. Given, nothing of the alphabet may stand behind. */
  readonly max?: number;
  /** Source of an expression for what comes behind these. */
  readonly rest?: string;
  /** Source of an expression for what comes before the prefix, for forms that have their mark in the middle. At most 100 characters. */
  readonly before?: string;
  /** True: a letter, digit or underscore before the prefix means that it is none. For prefixes that are short or end words. */
  readonly whole?: boolean;
  /** Whether the text behind the prefix is a token; otherwise place holders are told apart by their few different characters. */
  readonly check?: (random: string) => boolean;
}

/** A detector of tokens that begin with a prefix of their provider. */
export function token(name: string, form: TokenForm): Detector {
  const { prefixes, of, min, max, rest, before, whole = rest !== undefined, check = looksRandom } = form;
  const letters = `[${alphabets[of]}]`;
  const literally = prefixes.map((prefix) => prefix.replace(/[.\\/?]/g, '\\$&')).join('|');
  const start = whole ? wordStart : '';
  const source = [
    // The prefix is what is searched for; what stands before it is read backwards from there.
    before === undefined
      ? `${start}(?:${literally})`
      : `(?:${literally})(?<=${start}(?<before>${before})(?:${literally}))`,
    `(?<random>${letters}{${min},${max ?? ''}}${rest ?? (max === undefined ? '' : `(?!${letters})`)})`,
  ].join('');
  const expression = new RegExp(source, 'g');
  return {
    name,
    class: 'secret',
    clue: {
      literals: prefixes.map(
        (text): Literal => ({ text, whole: whole && before === undefined, followedBy: { of, min } }),
      ),
    },
    find(text, report) {
      expression.lastIndex = 0;
      let end = 0;
      for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
        const { random = '', before: ahead = '' } = match.groups!;
        if (check(random)) report(Math.max(end, match.index - ahead.length), (end = expression.lastIndex));
      }
    },
  };
}
