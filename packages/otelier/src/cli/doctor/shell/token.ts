/** A piece of a word, before anything is expanded. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  /** `$NAME`, `${NAME}`, `${NAME-fallback}`; `ifEmpty`: with a colon, the fallback also stands for an empty value. */
  | {
      readonly kind: 'variable';
      readonly name: string;
      readonly fallback?: readonly Piece[];
      readonly ifEmpty?: boolean;
    }
  /** What only a running shell knows. */
  | { readonly kind: 'unknown'; readonly what: string };

/** A word, a line's end, or an operator such as `;` and `&&`. */
export type Token =
  | { readonly kind: 'word'; readonly pieces: readonly Piece[]; readonly line: number }
  | { readonly kind: 'operator'; readonly text: string; readonly line: number };

/** The text of a word in which nothing is quoted or expanded; undefined for others. */
export function plainText(pieces: readonly Piece[]): string | undefined {
  let text = '';
  for (const piece of pieces) {
    if (piece.kind !== 'text' || piece.quoted) return undefined;
    text += piece.text;
  }
  return text;
}
