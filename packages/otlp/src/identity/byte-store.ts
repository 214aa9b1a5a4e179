import { after, varint } from '../wire/varint.js';
import type { Probe } from './probe.js';

const FIRST_CHUNK = 1 << 12;
const LAST_CHUNK = 1 << 20;
const NONE = -1;
/** Words per entry, and what they are. */
const ROW = 4;
const CHUNK = 0;
const OFFSET = 1;
/** Bytes, or NONE where there is no entry. */
const LENGTH = 2;
/** Bytes of the entry's ordered ranges. */
const ORDERED = 3;

/** The bytes behind each number, packed in chunks; chunks that are mostly dead are packed anew. */
export class ByteStore {
  declare private chunks: Buffer[];
  declare private views: DataView[];
  declare private cells: Int32Array;
  declare private used: number;
  declare private live: number;
  declare private dead: number;

  constructor(n: number) {
    this.cells = new Int32Array(n * ROW).fill(NONE);
    this.chunks = [];
    this.views = [];
    this.used = 0;
    this.live = 0;
    this.dead = 0;
  }

  clear(): void {
    this.cells.fill(NONE);
    if (this.chunks.length > 1) {
      this.chunks = this.chunks.slice(-1);
      this.views = this.views.slice(-1);
    }
    this.used = 0;
    this.live = 0;
    this.dead = 0;
  }

  grow(n: number): void {
    const from = this.cells.length;
    this.cells = grown(this.cells, n * ROW).fill(NONE, from);
  }

  has(id: number): boolean {
    return this.cells[id * ROW + LENGTH] !== NONE;
  }

  get memory(): number {
    let sum = this.cells.byteLength;
    for (let i = 0; i < this.chunks.length; i++) sum += this.chunks[i]!.length;
    return sum;
  }

  put(id: number, probe: Probe): void {
    const size = probe.size;
    this.reserve(size);
    let at = this.used;
    this.cells[id * ROW + CHUNK] = this.chunks.length - 1;
    this.cells[id * ROW + OFFSET] = at;
    this.cells[id * ROW + LENGTH] = size;
    this.live += size;
    const target = this.views[this.chunks.length - 1]!;
    const { view, ranges, used } = probe;
    let ordered = 0;
    for (let i = 0; i < used; ) {
      const from = ranges[i]!;
      let to = ranges[i + 1]!;
      for (i += 2; i < used && i !== probe.ordered && ranges[i] === to; i += 2) to = ranges[i + 1]!;
      copy(view, from, to, target, at);
      at += to - from;
      if (i <= probe.ordered) ordered += to - from;
    }
    this.cells[id * ROW + ORDERED] = ordered;
    this.used = at;
  }

  drop(id: number): void {
    const size = this.cells[id * ROW + LENGTH]!;
    this.cells[id * ROW + LENGTH] = NONE;
    this.live -= size;
    this.dead += size;
    if (this.dead > LAST_CHUNK && this.dead > this.live) this.pack();
  }

  /** Whether the entry's bytes say what `probe` says: ordered ranges equal, attributes equal in any order. */
  holds(id: number, probe: Probe): boolean {
    if (this.cells[id * ROW + LENGTH] !== probe.size) return false;
    const chunk = this.views[this.cells[id * ROW + CHUNK]!]!;
    const { view, ranges, used } = probe;
    let at = this.cells[id * ROW + OFFSET]!;
    let ordered = 0;
    for (let i = 0; i < used; ) {
      const from = ranges[i]!;
      let to = ranges[i + 1]!;
      for (i += 2; i < used && i !== probe.ordered && ranges[i] === to; i += 2) to = ranges[i + 1]!;
      if (!same(view, from, to, chunk, at))
        return i > probe.ordered && this.cells[id * ROW + ORDERED] === ordered && this.holdsAnyOrder(id, probe);
      at += to - from;
      if (i <= probe.ordered) ordered += to - from;
    }
    return ordered === this.cells[id * ROW + ORDERED];
  }

  // Keys do not repeat on either side and the sizes are equal, so that finding each here is finding all.
  private holdsAnyOrder(id: number, probe: Probe): boolean {
    const chunk = this.chunks[this.cells[id * ROW + CHUNK]!]!;
    const first = this.cells[id * ROW + OFFSET]! + this.cells[id * ROW + ORDERED]!;
    const end = this.cells[id * ROW + OFFSET]! + this.cells[id * ROW + LENGTH]!;
    for (let i = probe.ordered; i < probe.used; i += 2) {
      const from = probe.ranges[i]!;
      const to = probe.ranges[i + 1]!;
      let at = first;
      for (;;) {
        if (at >= end) return false;
        let n = chunk[at + 1]!;
        let next = at + 2 + n;
        if (n > 127) {
          n = varint(chunk, at + 1);
          next = after + n;
        }
        if (next - at === to - from && same(probe.view, from, to, this.views[this.cells[id * ROW + CHUNK]!]!, at))
          break;
        at = next;
      }
    }
    return true;
  }

  /** Where the entry's bytes end when [from, end) begins with them, else -1. */
  matches(id: number, view: DataView, from: number, end: number): number {
    const size = this.cells[id * ROW + LENGTH]!;
    const to = from + size;
    return size >= 0 &&
      to <= end &&
      same(view, from, to, this.views[this.cells[id * ROW + CHUNK]!]!, this.cells[id * ROW + OFFSET]!)
      ? to
      : NONE;
  }

  /** A copy of the entry's bytes. */
  read(id: number): Buffer {
    const from = this.cells[id * ROW + OFFSET]!;
    return Buffer.from(
      this.chunks[this.cells[id * ROW + CHUNK]!]!.subarray(from, from + this.cells[id * ROW + LENGTH]!),
    );
  }

  /** How many of them are ordered. */
  orderedLength(id: number): number {
    return this.cells[id * ROW + ORDERED]!;
  }

  private reserve(size: number): Buffer {
    const last = this.chunks[this.chunks.length - 1];
    if (last !== undefined && this.used + size <= last.length) return last;
    const next = last === undefined ? FIRST_CHUNK : Math.min(last.length * 2, LAST_CHUNK);
    const chunk = Buffer.allocUnsafeSlow(Math.max(next, size));
    this.chunks.push(chunk);
    this.views.push(new DataView(chunk.buffer, chunk.byteOffset, chunk.length));
    this.used = 0;
    return chunk;
  }

  private pack(): void {
    const old = this.chunks;
    this.chunks = [];
    this.views = [];
    this.used = 0;
    this.dead = 0;
    for (let id = 0; id * ROW < this.cells.length; id++) {
      const size = this.cells[id * ROW + LENGTH]!;
      if (size === NONE) continue;
      const chunk = this.reserve(size);
      const from = this.cells[id * ROW + OFFSET]!;
      old[this.cells[id * ROW + CHUNK]!]!.copy(chunk, this.used, from, from + size);
      this.cells[id * ROW + CHUNK] = this.chunks.length - 1;
      this.cells[id * ROW + OFFSET] = this.used;
      this.used += size;
    }
  }
}

function same(a: DataView, from: number, to: number, b: DataView, at: number): boolean {
  const shift = at - from;
  const last = to - 4;
  if (last < from) {
    for (let i = from; i < to; i++) if (a.getUint8(i) !== b.getUint8(i + shift)) return false;
    return true;
  }
  let i = from;
  for (; i <= to - 16; i += 16) {
    const j = i + shift;
    const difference =
      (a.getInt32(i, true) ^ b.getInt32(j, true)) |
      (a.getInt32(i + 4, true) ^ b.getInt32(j + 4, true)) |
      (a.getInt32(i + 8, true) ^ b.getInt32(j + 8, true)) |
      (a.getInt32(i + 12, true) ^ b.getInt32(j + 12, true));
    if (difference !== 0) return false;
  }
  for (; i < last; i += 4) if (a.getInt32(i, true) !== b.getInt32(i + shift, true)) return false;
  return a.getInt32(last, true) === b.getInt32(last + shift, true);
}

// Ranges are short: a call into native code for each costs more than the copy.
function copy(from: DataView, start: number, end: number, to: DataView, at: number): void {
  const shift = at - start;
  let i = start;
  for (; i <= end - 4; i += 4) to.setInt32(i + shift, from.getInt32(i, true), true);
  for (; i < end; i++) to.setUint8(i + shift, from.getUint8(i));
}

function grown(a: Int32Array, n: number): Int32Array {
  const b = new Int32Array(n);
  b.set(a);
  return b;
}
