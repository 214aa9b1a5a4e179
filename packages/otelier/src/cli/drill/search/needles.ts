import { pieceLength } from '../canaries/canary.js';

const filterBits = 20;
const filterMask = (1 << filterBits) - 1;

/**
 * Finds many texts in bytes at once, in one pass: those whose first eight bytes stand at a position are compared whole.
 * Texts are ASCII and at least {@link pieceLength} long.
 */
export class Needles {
  /** Which hashes of four bytes begin a needle: most positions end here. */
  readonly #begins: Uint8Array = new Uint8Array(1 << filterBits);
  readonly #byBegin: Map<number, number[]> = new Map();
  readonly #texts: Buffer[] = [];

  /** Adds a text and answers its number. */
  add(text: string): number {
    const bytes = Buffer.from(text, 'latin1');
    if (bytes.length < pieceLength) throw new RangeError(`a needle has at least ${pieceLength} characters`);
    const number = this.#texts.push(bytes) - 1;
    const word = bytes.readUInt32LE(0);
    this.#begins[hash(word)] = 1;
    const key = keyOf(word, bytes.readUInt32LE(4));
    const known = this.#byBegin.get(key);
    if (known === undefined) this.#byBegin.set(key, [number]);
    else known.push(number);
    return number;
  }

  /** Reports the number of every needle that stands in the bytes, as often as it does. */
  find(bytes: Uint8Array, report: (number: number) => void): void {
    const last = bytes.length - pieceLength;
    let word = 0;
    for (let i = 0; i < 3 && i < bytes.length; i++) word |= bytes[i]! << (8 * (i + 1));
    for (let at = 0; at <= last; at++) {
      word = (word >>> 8) | (bytes[at + 3]! << 24);
      if (this.#begins[hash(word)] === 0) continue;
      const next = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
      const candidates = this.#byBegin.get(keyOf(word >>> 0, next >>> 0));
      if (candidates === undefined) continue;
      for (const number of candidates) if (this.#stands(number, bytes, at)) report(number);
    }
  }

  #stands(number: number, bytes: Uint8Array, at: number): boolean {
    const text = this.#texts[number]!;
    if (at + text.length > bytes.length) return false;
    for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
    return true;
  }
}

function hash(word: number): number {
  return (Math.imul(word, 0x9e3779b1) >>> (32 - filterBits)) & filterMask;
}

/** Eight bytes as a number; some share one, since a double keeps 53 bits, which is why candidates are compared whole. */
function keyOf(low: number, high: number): number {
  return high * 2 ** 32 + low;
}
