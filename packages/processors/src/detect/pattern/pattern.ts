import { createRequire } from 'node:module';
import { ConfigError } from '@otelier/core';
import type { RE2JS as Compiled } from 're2js';
import type { Detector } from '../detector.js';
import { requiredLiteral } from './required-literal.js';

/** Options of {@link pattern}. */
export interface PatternOptions {
  /** What the pattern finds. Default `secret`. */
  readonly class?: Detector['class'];
  /** True: upper and lower case are the same. Default false, or the `i` flag of a RegExp. */
  readonly ignoreCase?: boolean;
}

const require = createRequire(import.meta.url);

/** After so many matches in one text the rest of it counts as one match: all of them together stay linear, too. */
const mostMatches = 1000;

/**
 * A detector of your own from a regular expression, that takes linear time whatever the pattern and the text (RE2).
 *
 * @param name Name in reports and metrics.
 * @param source A RegExp, or its source. `\d`, `\w` and `\s` are ASCII, as in RE2.
 * @throws {ConfigError} for what cannot run in linear time, back-references and look-around, and for what is no pattern at all.
 *   The message names the pattern and the reason, not the source.
 */
export function pattern(name: string, source: string | RegExp, options: PatternOptions = {}): Detector {
  const fromFlags = typeof source === 'string' ? '' : source.flags;
  const { class: kind = 'secret', ignoreCase = fromFlags.includes('i') } = options;
  const text = typeof source === 'string' ? source : source.source;
  const refuse = (reason: string, cause?: unknown): never => {
    throw new ConfigError(`pattern ${JSON.stringify(name)}`, reason, cause === undefined ? undefined : { cause });
  };
  if (/[yv]/.test(fromFlags)) refuse('a RegExp without the flags y and v');
  const impossible = notLinear(text);
  if (impossible !== undefined) refuse(`a pattern without ${impossible}, which takes no linear time`);
  // A large module, which only those load who have patterns of their own.
  const { RE2JS } = require('re2js') as typeof import('re2js');
  const flags =
    (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) |
    (fromFlags.includes('s') ? RE2JS.DOTALL : 0) |
    (fromFlags.includes('m') ? RE2JS.MULTILINE : 0);
  const compile = (): Compiled => {
    try {
      return RE2JS.compile(RE2JS.translateRegExp(text), flags);
    } catch (error) {
      // The message quotes the pattern, which may hold what must not be seen; the description does not.
      const why = error instanceof Error && 'getDescription' in error ? descriptionOf(error) : 'not understood';
      return refuse(`a regular expression in RE2 syntax (${why})`);
    }
  };
  const compiled = compile();
  if (compiled.test('')) refuse('a pattern that does not match the empty text');
  const literal = requiredLiteral(text, ignoreCase);
  return {
    name,
    class: kind,
    ...(literal === undefined ? {} : { clue: { literals: [literal] } }),
    find(searched, report) {
      const matcher = compiled.matcher(searched);
      for (let count = 0; matcher.find(); count++) {
        const [from, to] = [matcher.start(), matcher.end()];
        if (count === mostMatches) return report(from, searched.length);
        if (to > from) report(from, to);
      }
    },
  };
}

const descriptionOf = (error: Error): string => {
  // A method of the library's exception; its type is not exported by that name.
  const { getDescription } = error as Error & { getDescription(): string };
  return getDescription.call(error);
};

/** What of a pattern needs backtracking, if anything. */
function notLinear(source: string): string | undefined {
  // Escaped characters in pairs, and classes, so that `\\1` and `[(?=]` are what they are.
  const bare = source.replace(/\\\\/g, '').replace(/\[(?:\\.|[^\]\\])*\]/g, 'x');
  if (/\\[1-9]|\\k</.test(bare)) return 'back-references';
  if (/(?<!\\)\(\?<?[=!]/.test(bare)) return 'look-around';
  return undefined;
}
