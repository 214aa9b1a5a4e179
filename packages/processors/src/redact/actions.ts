import type { HashAction } from './keyed-hash.js';
import { markers, placeholder } from './marks.js';

/** Gets the text and the name of the attribute or payload key that it stands under; undefined deletes. A throw counts as `'mask'`. */
export type MaskFunction = (text: string, name: string) => string | undefined;

/** Keeps the first characters of a text. Made by {@link truncate}. */
export interface TruncateAction {
  readonly kind: 'truncate';
  readonly length: number;
}

/**
 * What becomes of a text.
 *
 * - `'keep'`: stays, but for secrets and personal data that detectors find in it.
 * - `'drop'`: the attribute is deleted; inside JSON it becomes `null`.
 * - `'mask'`: `[redacted]`.
 * - `'length'`: `[redacted 123 chars]`, as JavaScript counts them.
 * - `'command'`: the name of the program of a shell command: `git push origin` becomes `git`.
 * - {@link hash}, {@link truncate}, or a function.
 */
export type Action = 'keep' | 'drop' | 'mask' | 'length' | 'command' | HashAction | TruncateAction | MaskFunction;

/** An action that keeps the first `length` characters (code points) of a text; secrets are looked for in all of it before. */
export function truncate(length: number): TruncateAction {
  if (!Number.isInteger(length) || length < 1) throw new RangeError('truncate: expected a whole number of at least 1');
  return { kind: 'truncate', length };
}

/** What `'length'` writes. */
export function lengthMask(length: number, unit: 'chars' | 'bytes'): string {
  return `[redacted ${length} ${unit}]`;
}

/** What stands in place of a number under this action; undefined deletes. */
export function maskNumber(action: Action, text: string, now: () => number): string | undefined {
  if (action === 'drop') return undefined;
  if (action === 'length') return '[redacted number]';
  return typeof action === 'object' && action.kind === 'hash' ? action.of(text, now()) : '[redacted]';
}

/** Applies an action that hides; undefined deletes. Does not look for secrets: for actions that let something stay, the caller does. */
export function hide(
  action: Exclude<Action, 'keep'>,
  text: string,
  name: string,
  now: () => number,
): string | undefined {
  if (action === 'drop') return undefined;
  if (text === '' || placeholder.test(text)) return text;
  if (action === 'mask') return '[redacted]';
  if (action === 'length') return lengthMask(text.length, 'chars');
  if (action === 'command') return program(text) ?? lengthMask(text.length, 'chars');
  if (typeof action !== 'function') {
    if (action.kind === 'truncate') return cut(text, action.length);
    return action.made(text) ? text : action.of(text, now());
  }
  try {
    const masked = action(text, name) as unknown;
    return masked === undefined || typeof masked === 'string' ? masked : '[redacted]';
  } catch {
    // The function may fail on what it was given; then nothing of it is let through, and the batch goes on.
    return '[redacted]';
  }
}

const before = new Set(['sudo', 'env', 'command', 'exec', 'nohup', 'time', 'nice', 'doas']);

/** The program that a shell command runs, without its path; undefined when that cannot be told. */
export function program(command: string): string | undefined {
  for (const word of command.trim().split(/\s+/, 16)) {
    if (/^[A-Za-z_][A-Za-z0-9_]*=/.test(word)) {
      // A quoted value may go on behind a blank.
      if (/["'`$(]/.test(word)) return undefined;
      continue;
    }
    if (before.has(word)) continue;
    const name = word.slice(word.lastIndexOf('/') + 1);
    return /^[A-Za-z0-9_.+-]{1,32}$/.test(name) && !name.startsWith('-') ? name : undefined;
  }
  return undefined;
}

/** The first `length` code points; a marker counts as one, so that none is cut and cutting again changes nothing. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  markers.lastIndex = 0;
  let marker = markers.exec(text);
  let at = 0;
  for (let n = 0; n < length && at < text.length; n++) {
    if (marker !== null && marker.index === at) {
      at += marker[0].length;
      marker = markers.exec(text);
    } else at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  }
  return text.slice(0, at);
}
