import type { Piece } from './token.js';

/** A text, or why only a running shell knows it. */
export interface Expanded {
  readonly value: string | undefined;
  readonly unknown?: string;
  /** A variable in it that is not set, and counts as empty. */
  readonly missing?: string;
}

/** Puts a word's pieces together. `lookUp` answers what a variable is; undefined in it means not set. */
export function expand(pieces: readonly Piece[], lookUp: (name: string) => Expanded | undefined): Expanded {
  let value = '';
  let missing: string | undefined;
  for (const piece of pieces) {
    const next = expandPiece(piece, lookUp);
    if (next.value === undefined) return next;
    value += next.value;
    missing ??= next.missing;
  }
  return { value, ...(missing !== undefined && { missing }) };
}

function expandPiece(piece: Piece, lookUp: (name: string) => Expanded | undefined): Expanded {
  if (piece.kind === 'text') return { value: piece.text };
  if (piece.kind === 'unknown') return { value: undefined, unknown: piece.what };
  const found = lookUp(piece.name);
  if (found !== undefined && (found.value === undefined || found.value !== '' || piece.ifEmpty !== true)) return found;
  return piece.fallback === undefined ? { value: '', missing: piece.name } : expand(piece.fallback, lookUp);
}

/** Replaces an unquoted `~` at the beginning of a value and after its colons, as in an assignment. */
export function withHome(pieces: readonly Piece[], home: string | undefined): readonly Piece[] {
  if (home === undefined) return pieces;
  return pieces.map((piece, i) => {
    if (piece.kind !== 'text' || piece.quoted) return piece;
    const start = i === 0 ? /^~(?=\/|:|$)/ : /^(?!)/;
    const whole = pieces.length === i + 1 ? piece.text : `${piece.text}\0`;
    const text = whole
      .replace(start, () => home)
      .replace(/:~(?=\/|:|$)/g, () => `:${home}`)
      .replace(/\0$/, '');
    return { ...piece, text };
  });
}
