import { FingerprintSet } from './fingerprint-set.js';
import { Origins } from './origins.js';

/** Up to so many fingerprints of an origin are compared one by one. */
const few = 32;
const stretchWords = 4;

/**
 * Fingerprints in the order in which they came, 8 bytes each, found by their origin.
 *
 * What is collected together arrives together, and mostly once: an origin that nobody has seen makes all of its points new, without a look at
 * any of them. A table of fingerprints would touch cold memory once for each.
 */
export class ArrivalLog {
  /** Fingerprints. */
  declare size: number;
  /** Pairs of words. */
  declare private pairs: Int32Array;
  /** Neighbours of one origin: the origin, the first, how many, and the stretch before of the same origin or -1. */
  declare private stretches: Int32Array;
  declare private stretchCount: number;
  declare private readonly origins: Origins;
  /** Of origins with many fingerprints, of which some came again: what is final of them. */
  declare private readonly sets: Map<number, { readonly set: FingerprintSet; covered: number }>;
  /** Where what can be taken back begins. */
  declare private finalSize: number;
  declare private finalStretches: number;
  /** Places in `pairs` plus one, by fingerprint, of what can be taken back; lower numbers are of before. */
  declare private recent: Int32Array;

  constructor() {
    this.size = 0;
    this.pairs = new Int32Array(2048);
    this.stretches = new Int32Array(256 * stretchWords);
    this.stretchCount = 0;
    this.origins = new Origins();
    this.sets = new Map();
    this.finalSize = 0;
    this.finalStretches = 0;
    this.recent = new Int32Array(256);
  }

  /** Makes room for `count` more. */
  reserve(count: number): void {
    this.pairs = withRoom(this.pairs, (this.size + count) * 2);
    this.stretches = withRoom(this.stretches, (this.stretchCount + count) * stretchWords);
    this.origins.reserve(count);
    const recent = (this.size - this.finalSize + count) * 2;
    if (recent <= this.recent.length) return;
    let places = this.recent.length;
    while (places < recent) places *= 2;
    this.recent = new Int32Array(places);
    for (let i = this.finalSize; i < this.size; i++) this.isRecent(this.pairs[i * 2]!, this.pairs[i * 2 + 1]!, i);
  }

  /** Gets ready to be asked for many origins, see {@link Origins.warm}. */
  warm(words: Int32Array, from: number, to: number, step: number): void {
    this.origins.warm(words, from, to, step);
  }

  /** The latest stretch of an origin whose fingerprints are final, or -1. */
  known(origin: number): number {
    let stretch = this.origins.get(origin);
    while (stretch >= this.finalStretches) stretch = this.stretches[stretch * stretchWords + 3]!;
    return stretch;
  }

  /** Whether a fingerprint is among those of {@link known}. */
  has(known: number, hash1: number, hash2: number): boolean {
    const { pairs, stretches } = this;
    let compared = 0;
    for (let stretch = known; stretch >= 0; ) {
      const at = stretch * stretchWords;
      const from = stretches[at + 1]!;
      const to = from + stretches[at + 2]!;
      compared += to - from;
      if (compared > few) return this.setOf(known).has(hash1, hash2);
      for (let i = from * 2; i < to * 2; i += 2) if (pairs[i] === hash1 && pairs[i + 1] === hash2) return true;
      stretch = stretches[at + 3]!;
    }
    return false;
  }

  /** Adds a fingerprint, for which there must be room ({@link reserve}), until it is {@link keep kept} or {@link undo taken back}; false when it is there since then. */
  add(origin: number, hash1: number, hash2: number): boolean {
    const { size, pairs, stretches } = this;
    if (this.isRecent(hash1, hash2, size)) return false;
    pairs[size * 2] = hash1;
    pairs[size * 2 + 1] = hash2;
    this.size = size + 1;
    const last = (this.stretchCount - 1) * stretchWords;
    if (this.stretchCount > this.finalStretches && stretches[last] === origin) stretches[last + 2]!++;
    else this.addStretch(origin, size, 1);
    return true;
  }

  /** Makes final what was added. */
  keep(): void {
    this.finalSize = this.size;
    this.finalStretches = this.stretchCount;
  }

  /** Takes back what was added since it was last made final. */
  undo(): void {
    if (this.size === this.finalSize) return;
    const { stretches } = this;
    while (this.stretchCount > this.finalStretches) {
      const at = --this.stretchCount * stretchWords;
      this.origins.takeBack(stretches[at]!, stretches[at + 3]!);
    }
    this.size = this.finalSize;
    this.recent.fill(0);
  }

  /** Whether there is something to take back. */
  get hasChanged(): boolean {
    return this.size > this.finalSize;
  }

  /** What was added since it was last made final, or all, for {@link append}. */
  encode(all: boolean): Int32Array {
    const first = all ? 0 : this.finalStretches;
    const from = all ? 0 : this.finalSize;
    const count = this.stretchCount - first;
    const words = new Int32Array(1 + count * 2 + (this.size - from) * 2);
    words[0] = count;
    for (let i = 0; i < count; i++) {
      const at = (first + i) * stretchWords;
      words[1 + i * 2] = this.stretches[at]!;
      words[2 + i * 2] = this.stretches[at + 2]!;
    }
    words.set(this.pairs.subarray(from * 2, this.size * 2), 1 + count * 2);
    return words;
  }

  /** Adds what {@link encode} made, and makes it final. */
  append(words: Int32Array): void {
    const count = words[0] ?? 0;
    const pairs = words.subarray(1 + count * 2);
    this.pairs = withRoom(this.pairs, this.size * 2 + pairs.length);
    this.pairs.set(pairs, this.size * 2);
    this.stretches = withRoom(this.stretches, (this.stretchCount + count) * stretchWords);
    this.origins.reserve(count);
    for (let i = 0; i < count; i++) {
      const length = words[2 + i * 2]!;
      this.addStretch(words[1 + i * 2]!, this.size, length);
      this.size += length;
    }
    this.keep();
  }

  private addStretch(origin: number, from: number, length: number): void {
    const { stretches } = this;
    const at = this.stretchCount * stretchWords;
    stretches[at] = origin;
    stretches[at + 1] = from;
    stretches[at + 2] = length;
    stretches[at + 3] = this.origins.put(origin, this.stretchCount++);
  }

  /** Whether it was added since that was last made final; if not, notes that it will be at `place`. */
  private isRecent(hash1: number, hash2: number, place: number): boolean {
    const { recent, pairs, finalSize } = this;
    const mask = recent.length - 1;
    for (let i = hash1 & mask; ; i = (i + 1) & mask) {
      const at = (recent[i]! - 1) * 2;
      if (at < finalSize * 2) {
        recent[i] = place + 1;
        return false;
      }
      if (pairs[at] === hash1 && pairs[at + 1] === hash2) return true;
    }
  }

  private setOf(known: number): FingerprintSet {
    const { stretches, pairs } = this;
    const origin = stretches[known * stretchWords]!;
    const of = this.sets.get(origin) ?? { set: new FingerprintSet(), covered: -1 };
    this.sets.set(origin, of);
    for (let stretch = known; stretch > of.covered; stretch = stretches[stretch * stretchWords + 3]!) {
      const from = stretches[stretch * stretchWords + 1]!;
      const to = from + stretches[stretch * stretchWords + 2]!;
      of.set.reserve(to - from);
      for (let i = from * 2; i < to * 2; i += 2) of.set.add(pairs[i]!, pairs[i + 1]!);
    }
    of.covered = known;
    return of.set;
  }
}

function withRoom(words: Int32Array, need: number): Int32Array {
  if (words.length >= need) return words;
  const grown = new Int32Array(need * 2);
  grown.set(words);
  return grown;
}
