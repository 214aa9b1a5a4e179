const ROOM = 128;

/**
 * Remembers attributes (key and value as bytes) that were judged and may stay: a session's attributes come back on every record, and
 * comparing them takes a fraction of judging them again. Of two that fall into one slot the later one is remembered.
 */
export class CleanEntries {
  declare private readonly bytes: Uint8Array;
  declare private readonly sizes: Uint8Array;

  declare private readonly mask: number;

  /** @param slots How many are remembered at most; a power of two. Each takes 129 bytes. */
  constructor(slots: number) {
    this.bytes = new Uint8Array(slots * ROOM);
    this.sizes = new Uint8Array(slots);
    this.mask = slots - 1;
  }

  has(b: Uint8Array, from: number, to: number): boolean {
    const n = to - from;
    if (n > ROOM || n === 0) return false;
    const at = hash(b, from, n) & this.mask;
    if (this.sizes[at] !== n) return false;
    const { bytes } = this;
    let q = at * ROOM;
    for (let p = from; p < to; p++) if (b[p] !== bytes[q++]) return false;
    return true;
  }

  add(b: Uint8Array, from: number, to: number): void {
    const n = to - from;
    if (n > ROOM || n === 0) return;
    const at = hash(b, from, n) & this.mask;
    this.sizes[at] = n;
    const { bytes } = this;
    let q = at * ROOM;
    for (let p = from; p < to; p++) bytes[q++] = b[p]!;
  }
}

// Values differ mostly at their end; keys of the same length mostly at their beginning.
function hash(b: Uint8Array, from: number, n: number): number {
  const end = from + n;
  const h =
    (b[end - 1]! * 31 + b[end - (n >> 2) - 1]! * 131 + b[from + (n >> 1)]! * 263 + b[from + 2]! * 17) ^ (n * 71);
  return h ^ (b[from + (n >> 2)]! * 1031) ^ (b[end - 2 < from ? from : end - 2]! << 4);
}
