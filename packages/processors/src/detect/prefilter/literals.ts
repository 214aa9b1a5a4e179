import { bitOf, membership, startsWord } from './alphabets.js';
import type { Literal } from './clue.js';

/** Every byte as it is compared: ASCII letters in lower case. */
const fold: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte,
);

/** A number of five bits for every byte: a letter's own, and a few for the rest. */
export const fiveBits: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const letter = fold[byte]! - 0x61;
  if (letter >= 0 && letter < 26) return letter;
  if (byte >= 0x30 && byte <= 0x39) return 26;
  const rest = '_-.'.indexOf(String.fromCharCode(byte));
  return rest >= 0 ? 27 + rest : byte > 0x20 && byte < 0x7f ? 30 : 31;
});

/** Adds a byte's five bits to those of the two before it. */
export const nextTrigram = (trigram: number, five: number): number => ((trigram << 5) | five) & 0x7fff;

/** How often a letter stands in ordinary text, per mille; other characters are rarer in the right company. */
const frequency: Readonly<Record<string, number>> = Object.fromEntries(
  [...'etaoinsrhldcumfpgwybvkxjqz'].map((letter, rank) => [letter, Math.max(1, 120 - 8 * rank)]),
);

const weight = (character: string): number => frequency[character] ?? (/[0-9 ]/.test(character) ? 100 : 20);

/** Where in a literal the three characters stand that are least likely in ordinary text. */
function rarest(text: string): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at + 3 <= text.length; at++) {
    const likely = [...text.slice(at, at + 3)].reduce((product, each) => product * weight(each), 1);
    if (likely < least) [least, best] = [likely, at];
  }
  return best;
}

/**
 * Many literals that are looked for at once: the last three bytes pick a slot of a small table, and only where the slot is taken
 * literals are compared. One lookup a byte, whatever the number of literals.
 */
export class Literals {
  /** Number of the first literal in each slot, plus one. */
  declare readonly slots: Uint16Array;
  /** Number of the next literal in the same slot, plus one. */
  declare readonly following: Uint16Array;
  declare readonly literals: readonly Literal[];
  /** The literals as bytes, behind each other, folded where case does not matter. */
  declare readonly text: Uint8Array;
  declare readonly starts: Uint32Array;
  /** Bytes from a literal's start to the end of its three rarest characters. */
  declare readonly reach: Uint8Array;

  constructor(literals: readonly Literal[]) {
    this.literals = literals;
    this.slots = new Uint16Array(1 << 15);
    this.following = new Uint16Array(literals.length + 1);
    this.starts = new Uint32Array(literals.length + 1);
    this.reach = new Uint8Array(literals.length);
    const all = literals.map(({ text, ignoreCase }) => (ignoreCase === true ? text.toLowerCase() : text));
    this.text = Uint8Array.from(Buffer.from(all.join(''), 'latin1'));
    let start = 0;
    for (const [i, text] of all.entries()) {
      this.starts[i] = start;
      start += text.length;
      const folded = text.toLowerCase();
      const at = rarest(folded);
      this.reach[i] = at + 3;
      let slot = 0;
      for (let k = at; k < at + 3; k++) slot = nextTrigram(slot, fiveBits[folded.charCodeAt(k)]!);
      this.following[i] = this.slots[slot]!;
      this.slots[slot] = i + 1;
    }
    this.starts[literals.length] = start;
  }

  /** Whether the literal stands in the bytes with its three rarest characters ending at `i`, and what must follow follows. */
  holds(index: number, bytes: Uint8Array, i: number, from: number, to: number): boolean {
    const literal = this.literals[index]!;
    const first = this.starts[index]!;
    const length = this.starts[index + 1]! - first;
    const start = i + 1 - this.reach[index]!;
    const end = start + length;
    if (start < from || end > to) return false;
    if (literal.ignoreCase === true) {
      for (let k = 0; k < length; k++) if (fold[bytes[start + k]!] !== this.text[first + k]) return false;
    } else {
      for (let k = 0; k < length; k++) if (bytes[start + k] !== this.text[first + k]) return false;
    }
    if (literal.whole === true && !startsWord(bytes, start, from)) return false;
    const followedBy = literal.followedBy;
    if (followedBy === undefined) return true;
    if (followedBy === 'value') return givesValue(bytes, start, end, from, to);
    const bit = bitOf[followedBy.of];
    if (end + followedBy.min > to) return false;
    for (let k = end; k < end + followedBy.min; k++) if ((membership[bytes[k]!]! & bit) === 0) return false;
    return true;
  }
}

/**
 * Whether the name that ends at `end`, or goes on a little, is given a value: by `=`, `:` or `>` behind it, also behind a quote
 * that is escaped any number of times, or by a blank when it is an option of a command line.
 */
function givesValue(bytes: Uint8Array, start: number, end: number, from: number, to: number): boolean {
  let at = end;
  const limit = Math.min(to, end + 12);
  // What a name may end in: _KEY, -value, 2.
  while (at < limit && (membership[bytes[at]!]! & bitOf.dotted) !== 0) at++;
  const nameEnd = at;
  for (const last = Math.min(to, at + 24); at < last; at++) {
    const byte = bytes[at]!;
    if (byte === 0x3d || byte === 0x3a || byte === 0x3e) return true;
    // Between name and sign: blanks, quotes, brackets, and escapes of blanks and quotes.
    if (
      byte !== 0x20 &&
      byte !== 0x22 &&
      byte !== 0x27 &&
      byte !== 0x60 &&
      byte !== 0x5c &&
      byte !== 0x5d &&
      byte !== 0x09
    ) {
      if ((byte !== 0x74 && byte !== 0x6e && byte !== 0x72) || bytes[at - 1] !== 0x5c) break;
    }
  }
  // --password x, "--password", "x"
  if (nameEnd >= to) return false;
  for (let k = start - 1, first = Math.max(from, start - 41); k >= first; k--) {
    if ((membership[bytes[k]!]! & bitOf.dotted) === 0) return false;
    if (bytes[k] === 0x2d && startsWord(bytes, k, from)) return true;
  }
  return false;
}
