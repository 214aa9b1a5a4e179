import { ByteStore } from './byte-store.js';
import type { Probe } from './probe.js';

const DEAD = -1;

/**
 * Numbers for identities: equal numbers if and only if the identities are equal. The hash finds, the stored bytes decide.
 *
 * Open addressing with linear probing; everything lies in typed columns, so that a million entries cost the garbage collector nothing.
 */
export class Interned {
  declare size: number;
  /** True when the last {@link add} made a new entry. */
  declare isNew: boolean;
  /** What the caller keeps with each entry, 0 at first: how many hold on to it, or what it stands for. */
  declare notes: Int32Array;
  /** What the caller put there: the parent's number. */
  declare parents: Int32Array;
  /** The number that came after each entry last time, plus one. */
  declare private following: Int32Array;
  /** The number found or made last. */
  declare private last: number;
  declare private buckets: Int32Array;
  declare private hash1: Int32Array;
  declare private hash2: Int32Array;
  declare private extra1: Int32Array;
  declare private extra2: Int32Array;
  declare private store: ByteStore;
  /** Entries ever in use: those below that are not alive are on the free list. */
  declare private high: number;
  declare private free: number;
  declare private readonly hashBits: number;

  /** `hashBits`: how much of the hash is used; tests weaken it to force collisions. */
  constructor(hashBits = -1) {
    this.hashBits = hashBits;
    this.clear();
  }

  clear(): void {
    const n = 32;
    this.last = DEAD;
    this.isNew = false;
    if (this.size === 0 && this.buckets !== undefined) return;
    this.size = 0;
    this.high = 0;
    this.free = DEAD;
    if (this.buckets !== undefined && this.buckets.length <= 1 << 16) {
      this.buckets.fill(0);
      this.store.clear();
      return;
    }
    this.buckets = new Int32Array(n * 2);
    this.hash1 = new Int32Array(n);
    this.hash2 = new Int32Array(n);
    this.parents = new Int32Array(n);
    this.extra1 = new Int32Array(n);
    this.extra2 = new Int32Array(n);
    this.notes = new Int32Array(n);
    this.following = new Int32Array(n);
    this.store = new ByteStore(n);
  }

  /**
   * The number that follows the last one, if it is that of an entry whose bytes [from, end) of `view` begin with; else -1. Then
   * {@link matchedTo} is where they end. Senders repeat what they sent before in the same order, so this mostly spares the search.
   */
  guess(view: DataView, from: number, end: number, parent: number, extra1: number, extra2: number): number {
    if (this.last < 0) return DEAD;
    const id = this.following[this.last]! - 1;
    if (id < 0 || this.parents[id] !== parent || this.extra1[id] !== extra1 || this.extra2[id] !== extra2) return DEAD;
    this.matchedTo = this.store.matches(id, view, from, end);
    return this.matchedTo < 0 ? DEAD : id;
  }

  declare matchedTo: number;

  /** Takes the result of {@link guess} for the entry found. */
  found(id: number): void {
    this.last = id;
    this.isNew = false;
  }

  /** Number of the entry, added when it is not there; -1 instead when there are `max` already. */
  add(probe: Probe, parent: number, extra1: number, extra2: number, max: number): number {
    const last = this.last;
    if (last >= 0) {
      const id = this.following[last]! - 1;
      if (
        id >= 0 &&
        this.parents[id] === parent &&
        this.extra1[id] === extra1 &&
        this.extra2[id] === extra2 &&
        this.store.holds(id, probe)
      ) {
        this.found(id);
        return id;
      }
    }
    return this.look(probe, parent, extra1, extra2, max);
  }

  /** {@link add} when {@link guess} has failed. */
  look(probe: Probe, parent: number, extra1: number, extra2: number, max: number): number {
    const { last } = this;
    const id = this.search(probe, parent, extra1, extra2, max);
    if (id >= 0 && last >= 0) this.following[last] = id + 1;
    this.last = id;
    return id;
  }

  private search(probe: Probe, parent: number, extra1: number, extra2: number, max: number): number {
    probe.hash();
    const h1 = probe.hash1 & this.hashBits;
    const h2 = probe.hash2 & this.hashBits;
    const mask = this.buckets.length - 1;
    let bucket = (h1 ^ (h1 >>> 16)) & mask;
    for (;;) {
      const id = this.buckets[bucket]! - 1;
      if (id < 0) break;
      if (
        this.hash1[id] === h1 &&
        this.hash2[id] === h2 &&
        this.parents[id] === parent &&
        this.extra1[id] === extra1 &&
        this.extra2[id] === extra2 &&
        this.store.holds(id, probe)
      ) {
        this.isNew = false;
        return id;
      }
      bucket = (bucket + 1) & mask;
    }
    if (this.size >= max) return DEAD;
    let id = this.free;
    if (id === DEAD) {
      id = this.high++;
      if (id === this.hash1.length) this.grow();
    } else this.free = this.parents[id]!;
    this.hash1[id] = h1;
    this.hash2[id] = h2;
    this.parents[id] = parent;
    this.extra1[id] = extra1;
    this.extra2[id] = extra2;
    this.notes[id] = 0;
    this.following[id] = 0;
    this.store.put(id, probe);
    this.isNew = true;
    this.size++;
    if (this.size * 2 > this.buckets.length) this.rehash(this.buckets.length * 2);
    else this.buckets[bucket] = id + 1;
    return id;
  }

  delete(id: number): void {
    const mask = this.buckets.length - 1;
    let hole = this.home(id, mask);
    while (this.buckets[hole] !== id + 1) {
      if (this.buckets[hole] === 0) return;
      hole = (hole + 1) & mask;
    }
    // Entries behind the hole move up when their own bucket lies at or before it: no tombstones.
    for (let next = (hole + 1) & mask; this.buckets[next] !== 0; next = (next + 1) & mask) {
      const home = this.home(this.buckets[next]! - 1, mask);
      if (((next - home) & mask) >= ((next - hole) & mask)) {
        this.buckets[hole] = this.buckets[next]!;
        hole = next;
      }
    }
    this.buckets[hole] = 0;
    this.store.drop(id);
    this.parents[id] = this.free;
    this.free = id;
    this.size--;
  }

  /** The bytes that are the entry's identity: ordered fields, of {@link orderedLength} bytes, then attributes. */
  read(id: number): Buffer {
    return this.store.read(id);
  }

  orderedLength(id: number): number {
    return this.store.orderedLength(id);
  }

  /** What {@link add} was given as `extra1`. */
  firstExtra(id: number): number {
    return this.extra1[id]!;
  }

  /** What {@link add} was given as `extra2`. */
  secondExtra(id: number): number {
    return this.extra2[id]!;
  }

  /** Bytes held by columns and stored identities. */
  get memory(): number {
    return this.buckets.byteLength + this.hash1.byteLength * 7 + this.store.memory;
  }

  private home(id: number, mask: number): number {
    const h = this.hash1[id]!;
    return (h ^ (h >>> 16)) & mask;
  }

  private grow(): void {
    const n = this.hash1.length * 2;
    this.hash1 = grown(this.hash1, n);
    this.hash2 = grown(this.hash2, n);
    this.parents = grown(this.parents, n);
    this.extra1 = grown(this.extra1, n);
    this.extra2 = grown(this.extra2, n);
    this.notes = grown(this.notes, n);
    this.following = grown(this.following, n);
    this.store.grow(n);
  }

  private rehash(n: number): void {
    this.buckets = new Int32Array(n);
    const mask = n - 1;
    for (let id = 0; id < this.high; id++) {
      if (!this.store.has(id)) continue;
      let bucket = this.home(id, mask);
      while (this.buckets[bucket] !== 0) bucket = (bucket + 1) & mask;
      this.buckets[bucket] = id + 1;
    }
  }
}

function grown(a: Int32Array, n: number): Int32Array {
  const b = new Int32Array(n);
  b.set(a);
  return b;
}
