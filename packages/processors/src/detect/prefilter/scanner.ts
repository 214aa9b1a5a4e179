import { decodesToText, sextetOf, shortestRun, wrappedDecodesToText } from './base64.js';
import type { Clue, Literal, Shape } from './clue.js';
import { fiveBits, Literals, nextTrigram } from './literals.js';
import { atSign, colonAt, dotAt, hasDenseWord, ibanAt, numberAt, plusAt, userInfoAt } from './shapes.js';

/** What a byte is; bits of {@link kinds} above the five that trigrams are made of. */
const base64 = 1 << 5;
const lineEnd = 1 << 6;
const backslash = 1 << 7;
const digit = 1 << 8;
const special = 1 << 9;
const other = 1 << 10;
/** A byte behind which no number starts: neither a blank or a sign, nor a capital that may be the end of a country. */
const inWord = 1 << 11;

const kinds: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  let kind = fiveBits[byte]!;
  if (sextetOf(byte) >= 0) kind |= base64;
  else if (byte === 0x0a || byte === 0x0d) kind |= lineEnd;
  else if (byte === 0x5c) kind |= backslash;
  else kind |= other;
  if (byte >= 0x30 && byte <= 0x39) kind |= digit | inWord;
  if (/[a-z_]/.test(String.fromCharCode(byte))) kind |= inWord;
  return '@%+:.'.includes(String.fromCharCode(byte)) ? kind | special : kind;
});

const isHex = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);

/** Looks for the clues of many detectors at once, and for text that is encoded in the text. */
export class Scanner {
  declare readonly literals: Literals;
  /** Number of the detector that each literal belongs to. */
  declare readonly literalOwner: Uint16Array;
  declare readonly shapeOwners: Readonly<Record<Shape, readonly number[]>>;

  constructor(clues: readonly (Clue | undefined)[]) {
    const literals: Literal[] = [];
    const owners: number[] = [];
    const shapes: Record<Shape, number[]> = {
      at: [],
      number: [],
      iban: [],
      colons: [],
      dots: [],
      userinfo: [],
      dense: [],
    };
    for (const [owner, clue] of clues.entries()) {
      for (const literal of clue?.literals ?? []) {
        literals.push(literal);
        owners.push(owner);
      }
      for (const shape of clue?.shapes ?? []) shapes[shape].push(owner);
    }
    this.literals = new Literals(literals);
    this.literalOwner = Uint16Array.from(owners);
    this.shapeOwners = shapes;
  }

  /** Whether there is a clue, or something encoded that may hold one. Allocates nothing. */
  suspects(bytes: Uint8Array, from: number, to: number): boolean {
    return (
      this.#scan(bytes, from, to, undefined) || (this.shapeOwners.dense.length > 0 && hasDenseWord(bytes, from, to))
    );
  }

  /** Sets `hits[i]` for each detector whose clue is in the bytes as they stand. What is encoded in them is not looked at. */
  mark(bytes: Uint8Array, hits: Uint8Array): void {
    this.#scan(bytes, 0, bytes.length, hits);
    if (this.shapeOwners.dense.length > 0 && hasDenseWord(bytes, 0, bytes.length)) settle(this.shapeOwners.dense, hits);
  }

  #scan(bytes: Uint8Array, from: number, to: number, hits: Uint8Array | undefined): boolean {
    const slots = this.literals.slots;
    const kindOf = kinds;
    let trigram = 0x7fff;
    let previous = 0;
    let run = from; // where the base64 began that has not ended yet
    let isWrapped = false; // whether there are line ends in it
    for (let i = from; i < to; i++) {
      const kind = kindOf[bytes[i]!]!;
      trigram = nextTrigram(trigram, kind & 31);
      if (slots[trigram] !== 0 && this.#literalsAt(bytes, i, from, to, trigram, hits)) return true;
      // Without a branch, which would be guessed wrong at every other character of a hash: `inWord` is three bits above `digit`.
      const mayStart = (kind & special) | (kind & digit & ~(previous >>> 3));
      // Most bytes are letters and digits inside of words and end here.
      if (((kind & (other | lineEnd | backslash)) | (previous & backslash) | mayStart) === 0) {
        previous = kind;
        continue;
      }
      if (mayStart !== 0 && this.#shapeAt(bytes, i, from, to, hits)) return true;
      if (hits === undefined) {
        if ((previous & backslash) !== 0 && (kind & backslash) === 0) {
          if (escapes(bytes, i, to)) return true;
          // Wrapped base64 goes on behind an escaped line end, and behind nothing else that is escaped.
          if (bytes[i] !== 0x6e && bytes[i] !== 0x72) {
            if (i - run >= shortestRun && endsInText(bytes, run, i, isWrapped)) return true;
            run = i + 1;
            isWrapped = false;
          }
        } else if ((kind & other) !== 0) {
          if (i - run >= shortestRun && endsInText(bytes, run, i, isWrapped)) return true;
          run = i + 1;
          isWrapped = false;
        } else if ((kind & base64) === 0) isWrapped = true;
      }
      // Behind the letter of an escape a word may start.
      previous = (previous & backslash) === 0 ? kind : kind & ~inWord;
    }
    return hits === undefined && to - run >= shortestRun && endsInText(bytes, run, to, isWrapped);
  }

  /** Whether a wanted literal has its rarest characters end at `i`. With `hits` the detectors are marked and the answer is no. */
  #literalsAt(
    bytes: Uint8Array,
    i: number,
    from: number,
    to: number,
    slot: number,
    hits: Uint8Array | undefined,
  ): boolean {
    const { literals, literalOwner } = this;
    for (let next = literals.slots[slot]!; next !== 0; next = literals.following[next - 1]!) {
      if (hits !== undefined && hits[literalOwner[next - 1]!] === 1) continue;
      if (!literals.holds(next - 1, bytes, i, from, to)) continue;
      if (hits === undefined) return true;
      hits[literalOwner[next - 1]!] = 1;
    }
    return false;
  }

  #shapeAt(bytes: Uint8Array, i: number, from: number, to: number, hits: Uint8Array | undefined): boolean {
    const owners = this.shapeOwners;
    const byte = bytes[i]!;
    if (byte >= 0x30 && byte <= 0x39)
      return (
        (owners.number.length > 0 && numberAt(bytes, i, from, to) && settle(owners.number, hits)) ||
        (owners.iban.length > 0 && ibanAt(bytes, i, from, to) && settle(owners.iban, hits))
      );
    switch (byte) {
      case 0x25: // %
        return hits === undefined && i + 2 < to && isHex(bytes[i + 1]!) && isHex(bytes[i + 2]!);
      case 0x40: // @
        return (
          (owners.at.length > 0 && atSign(bytes, i, from, to) && settle(owners.at, hits)) ||
          (owners.userinfo.length > 0 && userInfoAt(bytes, i, from) && settle(owners.userinfo, hits))
        );
      case 0x2b: // +
        return owners.number.length > 0 && plusAt(bytes, i, to) && settle(owners.number, hits);
      case 0x2e: // .
        return owners.dots.length > 0 && dotAt(bytes, i, from, to) && settle(owners.dots, hits);
      default: // :
        return owners.colons.length > 0 && colonAt(bytes, i, from, to) && settle(owners.colons, hits);
    }
  }
}

/** Whether the backslash before `i` writes a character that could stand for itself: `\u0067`, `\x67`, `\/`. */
function escapes(bytes: Uint8Array, i: number, to: number): boolean {
  const letter = bytes[i];
  if (letter === 0x2f) return true;
  const digits = letter === 0x75 ? 4 : letter === 0x78 ? 2 : 0; // u, x
  if (digits === 0 || i + digits >= to) return false;
  for (let k = 1; k <= digits; k++) if (!isHex(bytes[i + k]!)) return false;
  return true;
}

/** Whether the run of base64 that ends before `to` holds text. */
function endsInText(bytes: Uint8Array, from: number, to: number, isWrapped: boolean): boolean {
  return isWrapped ? wrappedDecodesToText(bytes, from, to) : decodesToText(bytes, from, to);
}

function settle(owners: readonly number[], hits: Uint8Array | undefined): boolean {
  if (hits === undefined) return true;
  for (let k = 0; k < owners.length; k++) hits[owners[k]!] = 1;
  return false;
}
