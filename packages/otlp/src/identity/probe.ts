import type { KeySet } from '../wire/key.js';
import { after, skip, varint } from '../wire/varint.js';

const MARKS = 2048;
const NOTHING: Buffer = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

/**
 * An identity that is looked for: ranges of one buffer, in the wire form of their fields, and the hash of them all.
 *
 * First come the ordered ranges (names, units), then the attributes, whose order does not count: each is hashed alone and the hashes
 * are added. Of attributes with the same key the first counts, as in `Attributes.get`.
 *
 * Hashes only when asked ({@link hash}): most identities are found where the last one's neighbour was.
 */
export class Probe {
  declare bytes: Buffer;
  declare view: DataView;
  /** from, to, from, to … */
  declare ranges: Int32Array;
  /** How many numbers of `ranges` are in use. */
  declare used: number;
  /** How many of those belong to ordered ranges. */
  declare ordered: number;
  /** Bytes in all ranges. */
  declare size: number;
  declare hash1: number;
  declare hash2: number;
  declare private hashed: boolean;
  declare private parent: number;
  declare private extra1: number;
  declare private extra2: number;
  /** Whether some attribute was left out since {@link begin}. */
  declare leftOut: boolean;
  declare private readonly seed1: number;
  declare private readonly seed2: number;
  declare private readonly marks: Int32Array;
  declare private serial: number;

  constructor(seed1: number, seed2: number) {
    this.bytes = NOTHING;
    this.view = NO_VIEW;
    this.ranges = new Int32Array(128);
    this.used = 0;
    this.ordered = 0;
    this.size = 0;
    this.hash1 = 0;
    this.hash2 = 0;
    this.hashed = false;
    this.parent = 0;
    this.extra1 = 0;
    this.extra2 = 0;
    this.leftOut = false;
    this.seed1 = seed1;
    this.seed2 = seed2;
    this.marks = new Int32Array(MARKS);
    this.serial = 0;
  }

  /** Starts over on `bytes`, which `view` reads, with what the ranges do not say: the parent's number and two more. */
  begin(bytes: Buffer, view: DataView, parent: number, extra1: number, extra2: number): void {
    this.bytes = bytes;
    this.view = view;
    this.used = 0;
    this.ordered = 0;
    this.size = 0;
    this.leftOut = false;
    this.hashed = false;
    this.parent = parent;
    this.extra1 = extra1;
    this.extra2 = extra2;
  }

  private seed(): void {
    const { parent, extra1, extra2 } = this;
    let a = Math.imul(this.seed1 ^ parent, 0x85ebca6b);
    let b = Math.imul(this.seed2 ^ extra1, 0xc2b2ae35);
    a = (Math.imul(a ^ (a >>> 15) ^ extra2, 0x27d4eb2f) + b) | 0;
    b = (Math.imul(b ^ (b >>> 13), 0x165667b1) + a) | 0;
    this.hash1 = a;
    this.hash2 = b;
  }

  /** Lets go of the batch. */
  forget(): void {
    this.bytes = NOTHING;
    this.view = NO_VIEW;
  }

  /** Adds a field whose place among the ordered ranges counts; an empty one is the same as an absent one. */
  addOrdered(from: number, to: number): void {
    if (to - from < 3) return;
    this.addRange(from, to);
    this.ordered = this.used;
  }

  /** Makes `hash1` and `hash2` those of all that was added. */
  hash(): void {
    if (this.hashed) return;
    this.hashed = true;
    this.seed();
    const { ranges, used, ordered } = this;
    for (let i = 0; i < ordered; i += 2) {
      const a = this.hash1;
      const b = this.hash2;
      this.hash1 = 0;
      this.hash2 = 0;
      this.hashRange(ranges[i]!, ranges[i + 1]!);
      this.hash1 = (Math.imul(a ^ (a >>> 16), 0x9e3779b1) + this.hash1) | 0;
      this.hash2 = (Math.imul(b ^ (b >>> 16), 0x85ebca77) + this.hash2) | 0;
    }
    for (let i = ordered; i < used; i += 2) this.hashRange(ranges[i]!, ranges[i + 1]!);
  }

  /** Adds the attributes (fields with `tag`) of the message [start, end), but those named in `without`. */
  addAttributes(start: number, end: number, tag: number, without: KeySet | undefined): void {
    const b = this.bytes;
    const marks = this.marks;
    const serial = ++this.serial;
    let p = start;
    while (p < end) {
      const at = p;
      const t = b[p++]!;
      if (t !== tag) {
        p = skip(b, p, t);
        continue;
      }
      let n = b[p++]!;
      if (n > 127) {
        n = varint(b, p - 1);
        p = after;
      }
      const from = p;
      p += n;
      if (without?.matches(b, from, p)) {
        this.leftOut = true;
        continue;
      }
      // Most names leave a mark of their own; where two share one, the bytes tell whether it is a name that was here before.
      const length = b[from + 1]!;
      const mark =
        (length * 61 + b[from + 2]! * 7 + b[from + 1 + length]! * 31 + b[from + 2 + (length >> 1)]! * 13) & (MARKS - 1);
      if (marks[mark] === serial && this.hasKey(from)) continue;
      marks[mark] = serial;
      this.addRange(at, p);
    }
  }

  private hasKey(from: number): boolean {
    for (let i = this.ordered; i < this.used; i += 2) {
      const at = this.ranges[i]!;
      const b = this.bytes;
      let other = at + 1;
      while (b[other++]! > 127);
      if (sameKey(b, from, other)) return true;
    }
    return false;
  }

  private addRange(from: number, to: number): void {
    let u = this.used;
    if (u === this.ranges.length) {
      const grown = new Int32Array(u * 2);
      grown.set(this.ranges);
      this.ranges = grown;
    }
    this.ranges[u++] = from;
    this.ranges[u++] = to;
    this.used = u;
    this.size += to - from;
  }

  /** Adds the hash of [from, to), tag and length included, to the rest. */
  private hashRange(from: number, to: number): void {
    const view = this.view;
    let a = this.seed1 ^ (to - from);
    let b = this.seed2;
    const last = to - 16;
    if (last >= from) {
      // The four lanes do not wait for each other; the last step may read some bytes again rather than one at a time.
      let c = a ^ 0x9e3779b1;
      let d = b ^ 0x85ebca77;
      for (let p = from; ; p += 16) {
        if (p > last) p = last;
        a = Math.imul(a ^ view.getInt32(p, true), 0x85ebca6b);
        b = Math.imul(b ^ view.getInt32(p + 4, true), 0xc2b2ae35);
        c = Math.imul(c ^ view.getInt32(p + 8, true), 0x27d4eb2f);
        d = Math.imul(d ^ view.getInt32(p + 12, true), 0x165667b1);
        a = (a << 15) | (a >>> 17);
        b = (b << 13) | (b >>> 19);
        c = (c << 17) | (c >>> 15);
        d = (d << 11) | (d >>> 21);
        if (p === last) break;
      }
      a = (Math.imul(a ^ (c >>> 15), 0x85ebca6b) + c) | 0;
      b = (Math.imul(b ^ (d >>> 13), 0xc2b2ae35) + d) | 0;
    } else {
      for (let p = from; p < to; p++) {
        a = Math.imul(a ^ this.bytes[p]!, 0x85ebca6b);
        b = Math.imul(b ^ a, 0xc2b2ae35);
      }
    }
    a ^= b >>> 15;
    a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
    b = Math.imul((b ^ (b >>> 13)) + a, 0xc2b2ae35);
    a = Math.imul((a ^ (a >>> 13)) + b, 0x9e3779b1);
    this.hash1 = (this.hash1 + (a ^ (a >>> 16))) | 0;
    this.hash2 = (this.hash2 + (b ^ (b >>> 15))) | 0;
  }
}

/** True when the KeyValues whose payloads begin at `p` and `q` have the same key. */
function sameKey(b: Uint8Array, p: number, q: number): boolean {
  let n = b[p + 1]!;
  let head = 2;
  if (n > 127) {
    n = varint(b, p + 1);
    head = after - p;
  }
  for (let i = 1; i < head + n; i++) if (b[p + i] !== b[q + i]) return false;
  return true;
}
