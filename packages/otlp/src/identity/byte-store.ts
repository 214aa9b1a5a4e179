import { after, varint } from '../wire/varint.js';
import type { Probe } from './probe.js';

const FIRST_CHUNK = 1 << 12;
const LAST_CHUNK = 1 << 20;
const NONE = -1;

/** The bytes behind each number, packed in chunks; chunks that are mostly dead are packed anew. */
export class ByteStore {
  declare private chunks: Buffer[];
  declare private views: DataView[];
  declare private chunk: Int32Array;
  declare private offset: Int32Array;
  declare private length: Int32Array;
  /** Bytes of each entry's ordered ranges. */
  declare private ordered: Int32Array;
  declare private used: number;
  declare private live: number;
  declare private dead: number;

  constructor(n: number) {
    this.chunk = new Int32Array(n);
    this.offset = new Int32Array(n);
    this.length = new Int32Array(n).fill(NONE);
    this.ordered = new Int32Array(n);
    this.chunks = [];
    this.views = [];
    this.used = 0;
    this.live = 0;
    this.dead = 0;
  }

  clear(): void {
    this.length.fill(NONE);
    if (this.chunks.length > 1) {
      this.chunks = this.chunks.slice(-1);
      this.views = this.views.slice(-1);
    }
    this.used = 0;
    this.live = 0;
    this.dead = 0;
  }

  grow(n: number): void {
    this.chunk = grown(this.chunk, n);
    this.offset = grown(this.offset, n);
    this.ordered = grown(this.ordered, n);
    const from = this.length.length;
    this.length = grown(this.length, n).fill(NONE, from);
  }

  has(id: number): boolean {
    return this.length[id] !== NONE;
  }

  get memory(): number {
    let sum = this.length.byteLength * 4;
    for (let i = 0; i < this.chunks.length; i++) sum += this.chunks[i]!.length;
    return sum;
  }

  put(id: number, probe: Probe): void {
    const size = probe.size;
    this.reserve(size);
    let at = this.used;
    this.chunk[id] = this.chunks.length - 1;
    this.offset[id] = at;
    this.length[id] = size;
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
    this.ordered[id] = ordered;
    this.used = at;
  }

  drop(id: number): void {
    const size = this.length[id]!;
    this.length[id] = NONE;
    this.live -= size;
    this.dead += size;
    if (this.dead > LAST_CHUNK && this.dead > this.live) this.pack();
  }

  /** Whether the entry's bytes say what `probe` says: ordered ranges equal, attributes equal in any order. */
  holds(id: number, probe: Probe): boolean {
    if (this.length[id] !== probe.size) return false;
    const chunk = this.views[this.chunk[id]!]!;
    const { view, ranges, used } = probe;
    let at = this.offset[id]!;
    let ordered = 0;
    for (let i = 0; i < used; ) {
      const from = ranges[i]!;
      let to = ranges[i + 1]!;
      for (i += 2; i < used && i !== probe.ordered && ranges[i] === to; i += 2) to = ranges[i + 1]!;
      if (!same(view, from, to, chunk, at))
        return i > probe.ordered && this.ordered[id] === ordered && this.holdsAnyOrder(id, probe);
      at += to - from;
      if (i <= probe.ordered) ordered += to - from;
    }
    return ordered === this.ordered[id];
  }

  // Keys do not repeat on either side and the sizes are equal, so that finding each here is finding all.
  private holdsAnyOrder(id: number, probe: Probe): boolean {
    const chunk = this.chunks[this.chunk[id]!]!;
    const first = this.offset[id]! + this.ordered[id]!;
    const end = this.offset[id]! + this.length[id]!;
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
        if (next - at === to - from && same(probe.view, from, to, this.views[this.chunk[id]!]!, at)) break;
        at = next;
      }
    }
    return true;
  }

  /** Where the entry's bytes end when [from, end) begins with them, else -1. */
  matches(id: number, view: DataView, from: number, end: number): number {
    const size = this.length[id]!;
    const to = from + size;
    return size >= 0 && to <= end && same(view, from, to, this.views[this.chunk[id]!]!, this.offset[id]!) ? to : NONE;
  }

  /** A copy of the entry's bytes. */
  read(id: number): Buffer {
    const from = this.offset[id]!;
    return Buffer.from(this.chunks[this.chunk[id]!]!.subarray(from, from + this.length[id]!));
  }

  /** How many of them are ordered. */
  orderedLength(id: number): number {
    return this.ordered[id]!;
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
    for (let id = 0; id < this.length.length; id++) {
      const size = this.length[id]!;
      if (size === NONE) continue;
      const chunk = this.reserve(size);
      const from = this.offset[id]!;
      old[this.chunk[id]!]!.copy(chunk, this.used, from, from + size);
      this.chunk[id] = this.chunks.length - 1;
      this.offset[id] = this.used;
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
