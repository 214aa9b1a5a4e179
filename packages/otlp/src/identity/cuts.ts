import type { KeySet } from '../wire/key.js';
import { skip } from '../wire/varint.js';

/** Where in attributes that were seen before those lie that are left out: looked for once, then remembered by number. */
export class Cuts {
  /** For each: how many numbers follow, then from, to, from, to … as distances from the first attribute. Neighbours are one range. */
  declare ranges: Int32Array;
  declare private used: number;
  /** Where in `ranges` each number's begin, plus one; 0 when it was not looked for. */
  declare private at: Int32Array;

  constructor() {
    this.ranges = new Int32Array(64);
    this.used = 0;
    this.at = new Int32Array(64);
  }

  clear(): void {
    if (this.used === 0) return;
    this.used = 0;
    if (this.at.length <= 1 << 12) this.at.fill(0);
    else this.at = new Int32Array(64);
  }

  get memory(): number {
    return this.ranges.byteLength + this.at.byteLength;
  }

  /** Where in `ranges` those of number `id` begin, whose attributes are [from, end) of `b`. */
  of(id: number, b: Uint8Array, from: number, end: number, names: KeySet): number {
    if (id >= this.at.length) this.at = grown(this.at, id + 1);
    const known = this.at[id]! - 1;
    return known >= 0 ? known : this.find(id, b, from, end, names);
  }

  private find(id: number, b: Uint8Array, from: number, end: number, names: KeySet): number {
    const first = this.used;
    let u = first + 1;
    for (let p = from; p < end; ) {
      const next = skip(b, p + 1, b[p]!);
      let payload = p + 1;
      while (b[payload++]! > 127);
      if (names.matches(b, payload, next)) {
        if (u + 2 > this.ranges.length) this.ranges = grown(this.ranges, u + 2);
        if (u > first + 1 && this.ranges[u - 1] === p - from) this.ranges[u - 1] = next - from;
        else {
          this.ranges[u++] = p - from;
          this.ranges[u++] = next - from;
        }
      }
      p = next;
    }
    this.ranges[first] = u - first - 1;
    this.used = u;
    this.at[id] = first + 1;
    return first;
  }
}

function grown(a: Int32Array, n: number): Int32Array {
  const b = new Int32Array(Math.max(n, a.length * 2));
  b.set(a);
  return b;
}
