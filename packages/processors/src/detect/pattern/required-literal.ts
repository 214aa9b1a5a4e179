import type { Literal } from '../prefilter/clue.js';

/**
 * The longest piece of plain ASCII text that every match of a pattern contains, if one of three or more characters is obvious:
 * outside of groups and classes, in a pattern without alternatives, and not optional. `undefined` when in doubt.
 */
export function requiredLiteral(source: string, ignoreCase: boolean): Literal | undefined {
  // Quoted text and flags inside the pattern change what follows.
  if (/\\Q|\(\?[a-zA-Z-]*[imsU-]/.test(source)) return undefined;
  let best = '';
  let current = '';
  let depth = 0;
  const end = (): void => {
    if (current.length > best.length) best = current;
    current = '';
  };
  for (let i = 0; i < source.length; i++) {
    let letter = source[i]!;
    if (letter === '[') {
      end();
      i = classEnd(source, i);
      continue;
    }
    if (letter === '(') depth++;
    else if (letter === ')') depth--;
    else if (letter === '|' && depth === 0) return undefined;
    if (letter === '\\') {
      letter = source[++i] ?? '';
      if (/[dDwWsSbBAznrtfv]/.test(letter)) {
        end();
        continue;
      }
      // \x41, \pL and the like have letters behind them that are no literal.
      if (/[A-Za-z0-9]/.test(letter)) return undefined;
    } else if (/[()^$.*+?{}]/.test(letter)) {
      if (letter === '{') i = Math.max(i, source.indexOf('}', i));
      end();
      continue;
    }
    const quantifier = source[i + 1];
    const optional = quantifier === '?' || quantifier === '*' || quantifier === '{';
    // Folding knows more than ASCII: the long s and the Kelvin sign.
    if (depth > 0 || optional || !/[ -~]/.test(letter) || (ignoreCase && /[ks]/i.test(letter))) end();
    else current += letter;
  }
  end();
  return best.length >= 3 ? { text: best, ignoreCase } : undefined;
}

function classEnd(source: string, start: number): number {
  let i = start + 1;
  if (source[i] === '^') i++;
  if (source[i] === ']') i++;
  while (i < source.length && source[i] !== ']') {
    if (source[i] === '\\') i++;
    // [[:alpha:]]
    if (source[i] === '[' && source[i + 1] === ':') i = Math.max(i, source.indexOf(':]', i) + 1);
    i++;
  }
  return i;
}
