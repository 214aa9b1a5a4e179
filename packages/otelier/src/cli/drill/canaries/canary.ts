import type { FieldClass } from '@otelier/core';
import type { Random } from '@otelier/testing';

/** Classes that are looked for; labels are what should arrive. */
export type CanaryClass = Exclude<FieldClass, 'label'>;

/** Every {@link CanaryClass}, the worst first. */
export const canaryClasses: readonly CanaryClass[] = ['secret', 'content', 'identity'];

/** A made-up secret, identity or text, that is found again by its pieces wherever it turns up. */
export interface Canary {
  readonly text: string;
  /** Parts that stand nowhere else, of at least {@link pieceLength} ASCII characters: one of them is enough to know that it got through. */
  readonly pieces: readonly string[];
  /** Where it may be cut so that both sides carry a piece; undefined when it cannot be. */
  readonly cut?: number;
}

/** What canaries of one kind look like. */
export interface Kind {
  /** `github-token`, `email`, `command`. */
  readonly name: string;
  readonly class: CanaryClass;
  /** Whether it can be recognised by its form alone, wherever it stands: a key can, the name of a person cannot. */
  readonly hasForm: boolean;
  make(random: Random): Canary;
}

/** Least characters of a piece: what masks leave of a key or a card number is shorter. */
export const pieceLength = 8;

/** `length` characters of an alphabet. */
export function letters(random: Random, length: number, alphabet: string): string {
  let text = '';
  for (let i = 0; i < length; i++) text += alphabet[random.between(0, alphabet.length - 1)];
  return text;
}

/** A canary of a fixed beginning, a random middle that is found in two halves, and a fixed end. */
export function around(before: string, middle: string, after = ''): Canary {
  const half = middle.length >> 1;
  const halves = half >= pieceLength ? [middle.slice(0, half), middle.slice(half)] : undefined;
  const text = before + middle + after;
  return halves === undefined ? { text, pieces: [middle] } : { text, pieces: halves, cut: before.length + half };
}
