import { isPrintable, sextetOf, textGroups } from './base64.js';
import type { Clue, Literal, Shape } from './clue.js';
import { Literals, nextTrigram, slotOf } from './literals.js';
import { atSign, colonAt, dotAt, hasDenseWord, ibanAt, numberAt, plusAt, userInfoAt } from './shapes.js';

/** What a byte may begin; bits of {@link kinds}. Bits 0 to 5 are the byte's value in base64. */
const base64 = 1 << 6;
const skipped = 1 << 7;
const digit = 1 << 8;
const special = 1 << 9;
const escaping = 1 << 10;

const kinds: Uint16Array = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) if (sextetOf(byte) >= 0) kinds[byte] = base64 | sextetOf(byte);
for (let byte = 0x30; byte <= 0x39; byte++) kinds[byte]! |= digit;
for (const letter of '@%+:.') kinds[letter.charCodeAt(0)]! |= special;
kinds[0x5c] = skipped | escaping;
kinds[0x0a] = skipped;
kinds[0x0d] = skipped;

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
    let trigram = 0;
    let four = 0xffffff; // the last four base64 characters, as three bytes
    let streaks = 0; // for each of the four alignments how many groups in a row were printable, four bits each
    let previous = 0;
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!;
      const kind = kinds[byte]!;
      trigram = nextTrigram(trigram, byte);
      if (slots[slotOf(trigram)] !== 0 && this.#literalsAt(bytes, i, from, to, slotOf(trigram), hits)) return true;
      if ((previous & escaping) !== 0) {
        if (hits === undefined && escapes(bytes, i, to)) return true;
        // Wrapped base64 goes on behind an escaped line end.
        if ((kind & escaping) === 0 && byte !== 0x6e && byte !== 0x72) {
          four = 0xffffff;
          streaks = 0;
        }
      } else if ((kind & base64) !== 0) {
        four = ((four << 6) | (kind & 63)) & 0xffffff;
        if (isPrintable(four)) {
          const streak = (streaks & 15) + 1;
          if (streak >= textGroups && hits === undefined) return true;
          streaks = (streaks >>> 4) | (Math.min(streak, textGroups) << 12);
        } else streaks >>>= 4;
      } else if ((kind & skipped) === 0) {
        four = 0xffffff;
        streaks = 0;
      }
      if ((kind & (digit | special)) !== 0 && this.#shapeAt(bytes, i, byte, previous, from, to, hits)) return true;
      previous = kind;
    }
    return false;
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

  #shapeAt(
    bytes: Uint8Array,
    i: number,
    byte: number,
    previous: number,
    from: number,
    to: number,
    hits: Uint8Array | undefined,
  ): boolean {
    const owners = this.shapeOwners;
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
      case 0x3a: // :
        return owners.colons.length > 0 && colonAt(bytes, i, from, to) && settle(owners.colons, hits);
      default:
        if ((previous & digit) !== 0) return false;
        return (
          (owners.number.length > 0 && numberAt(bytes, i, from, to) && settle(owners.number, hits)) ||
          (owners.iban.length > 0 && ibanAt(bytes, i, from, to) && settle(owners.iban, hits))
        );
    }
  }
}

/** Whether the backslash before `i` writes an ASCII character that could stand for itself: `\u0067`, `\x67`, `\/`. */
function escapes(bytes: Uint8Array, i: number, to: number): boolean {
  switch (bytes[i]) {
    case 0x2f: // /
      return true;
    case 0x75: // u
      return (
        i + 4 < to && bytes[i + 1] === 0x30 && bytes[i + 2] === 0x30 && bytes[i + 3]! <= 0x37 && isHex(bytes[i + 4]!)
      );
    case 0x78: // x
      return i + 2 < to && bytes[i + 1]! <= 0x37 && isHex(bytes[i + 1]!) && isHex(bytes[i + 2]!);
    default:
      return false;
  }
}

function settle(owners: readonly number[], hits: Uint8Array | undefined): boolean {
  if (hits === undefined) return true;
  for (let k = 0; k < owners.length; k++) hits[owners[k]!] = 1;
  return false;
}
