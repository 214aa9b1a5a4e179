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
  /** True: a letter, digit or underscore before the prefix means that it is none. For prefixes that are short or end words. */
  readonly whole?: boolean;
  /** Whether the text behind the prefix is a token; otherwise place holders are told apart by their few different characters. */
  readonly check?: (random: string) => boolean;
}

/** A detector of tokens that begin with a prefix of their provider. */
export function token(name: string, form: TokenForm): Detector {
  const { prefixes, of, min, max, rest, whole = rest !== undefined, check = looksRandom } = form;
  const letters = `[${alphabets[of]}]`;
  const literally = prefixes.map((prefix) => prefix.replace(/[.\\/]/g, '\\$&')).join('|');
  const source = [
    whole ? wordStart : '',
    `(?:${literally})`,
    `(${letters}{${min},${max ?? ''}}${rest ?? (max === undefined ? '' : `(?!${letters})`)})`,
  ].join('');
  const expression = new RegExp(source, 'g');
  return {
    name,
    class: 'secret',
    clue: { literals: prefixes.map((text): Literal => ({ text, whole, followedBy: { of, min } })) },
    find(text, report) {
      expression.lastIndex = 0;
      for (let match = expression.exec(text); match !== null; match = expression.exec(text))
        if (check(match[1]!)) report(match.index, expression.lastIndex);
    },
  };
}
