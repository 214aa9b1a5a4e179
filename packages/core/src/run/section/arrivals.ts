import { randomFillSync } from 'node:crypto';
import { type DataPoint, MetricsBatch, PointFingerprint } from '@otelier/otlp';
import type { Clock } from '../../host.js';
import type { AnyBatch } from '../../signal.js';
import type { StateEntries, Stateful, StateWriter } from '../../state.js';
import { FingerprintSet } from './fingerprint-set.js';

/** Fingerprints of one stretch of time. */
interface Generation {
  readonly id: number;
  /** Milliseconds of the clock. */
  readonly since: number;
  readonly set: FingerprintSet;
  /** Entries in the store. */
  saved: number;
}

const seedsKey: Buffer = Buffer.from('a-seeds');
const sinceTag = 0x62;
const fingerprintsTag = 0x63;
const noSlots = new Int32Array(0);

/**
 * Knows what has arrived within the last while, so that what is sent again counts once: delta points by their bytes, batches of logs and
 * traces as a whole. Cumulative points need no memory: whoever adds them up goes by their time.
 *
 * Two generations take turns, by age and by size, so it remembers for at least the window and at most twice that.
 */
export class Arrivals implements Stateful {
  /** How long arrivals are remembered, in milliseconds. */
  windowMs: number;
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #seeds: Int32Array = randomFillSync(new Int32Array(2));
  #fingerprint: PointFingerprint;
  #current: Generation;
  #before: Generation | undefined;
  /** Places in the current set that were taken since the last save or undo. */
  #added: Int32Array = noSlots;
  #addedCount = 0;
  /** Generations whose entries in the store are to be deleted. */
  #expired: Generation[] = [];
  #seedsSaved = false;
  #sinceSaved = false;
  readonly #keep: (point: DataPoint) => boolean;

  constructor(windowMs: number, clock: Clock, maxEntries: number = 1 << 20) {
    this.windowMs = windowMs;
    this.#clock = clock;
    this.#maxEntries = maxEntries;
    this.#fingerprint = new PointFingerprint(this.#seeds[0]!, this.#seeds[1]!);
    this.#current = { id: 1, since: clock.now(), set: new FingerprintSet(), saved: 0 };
    this.#before = undefined;
    this.#keep = (point) => !this.#fingerprint.ofPoint(point) || this.#isNew();
  }

  /** Takes note of a batch, out of which it removes what it knows; answers how many items those were. A batch known as a whole stays as it is. */
  admit(batch: AnyBatch): number {
    this.#rotate();
    const { count } = batch;
    if (count === 0) return 0;
    if (batch instanceof MetricsBatch) {
      this.#reserve(count);
      const removed = batch.filter(this.#keep);
      this.#fingerprint.forgetBatch();
      return removed;
    }
    this.#reserve(1);
    this.#fingerprint.ofBytes(batch.bytes());
    return this.#isNew() ? 0 : count;
  }

  undo(): void {
    while (this.#addedCount > 0) this.#current.set.removeLatest(this.#added[--this.#addedCount]!);
  }

  save(to: StateWriter | undefined): void {
    if (to !== undefined) this.#write(to);
    this.#addedCount = 0;
    this.#expired = [];
  }

  snapshot(to: StateWriter): void {
    to.put(seedsKey, Buffer.from(this.#seeds.buffer));
    this.#seedsSaved = true;
    for (const generation of [this.#before, this.#current]) {
      if (generation === undefined) continue;
      to.put(keyOf(sinceTag, generation.id), number(generation.since));
      const { slots } = generation.set;
      to.put(keyOf(fingerprintsTag, generation.id, 0), Buffer.from(slots.buffer, slots.byteOffset, slots.byteLength));
      generation.saved = 1;
    }
    this.#sinceSaved = true;
  }

  restore(entries: StateEntries): void {
    const generations = new Map<number, Generation>();
    for (const [bytes, value] of entries) {
      const key = Buffer.from(bytes);
      if (key.equals(seedsKey)) {
        this.#seeds.set(words(value));
        this.#seedsSaved = true;
        continue;
      }
      const id = key.readUInt32BE(1);
      if (key[0] === sinceTag)
        generations.set(id, { id, since: Buffer.from(value).readDoubleLE(0), set: new FingerprintSet(), saved: 0 });
      else if (key[0] === fingerprintsTag)
        this.#restoreFingerprints(generations.get(id), key.readUInt32BE(5), words(value));
    }
    this.#fingerprint = new PointFingerprint(this.#seeds[0]!, this.#seeds[1]!);
    const [current, before] = [...generations.values()].sort((a, b) => b.id - a.id);
    if (current === undefined) return;
    this.#current = current;
    this.#before = before;
    this.#sinceSaved = true;
  }

  #restoreFingerprints(generation: Generation | undefined, at: number, hashes: Int32Array): void {
    if (generation === undefined) return;
    generation.saved = Math.max(generation.saved, at + 1);
    generation.set.reserve(hashes.length / 2);
    for (let i = 0; i + 1 < hashes.length; i += 2) {
      if (hashes[i] !== 0 || hashes[i + 1] !== 0) generation.set.add(hashes[i]!, hashes[i + 1]!);
    }
  }

  #isNew(): boolean {
    const { hash1, hash2 } = this.#fingerprint;
    if (this.#before?.set.has(hash1, hash2) === true) return false;
    const at = this.#current.set.add(hash1, hash2);
    if (at < 0) return false;
    this.#added[this.#addedCount++] = at;
    return true;
  }

  #reserve(count: number): void {
    this.#current.set.reserve(count);
    const need = this.#addedCount + count;
    if (this.#added.length >= need) return;
    const grown = new Int32Array(need * 2);
    grown.set(this.#added);
    this.#added = grown;
  }

  #rotate(): void {
    const now = this.#clock.now();
    const { id, since, set } = this.#current;
    if (now - since < this.windowMs && set.size < this.#maxEntries) return;
    if (set.size === 0 && this.#before === undefined && !this.#sinceSaved) {
      this.#current = { id, since: now, set, saved: 0 };
      return;
    }
    if (this.#before !== undefined) this.#expired.push(this.#before);
    // What is older than a window when it rotates has nothing left to remember.
    if (now - since < this.windowMs * 2) this.#before = this.#current;
    else {
      this.#expired.push(this.#current);
      this.#before = undefined;
    }
    this.#current = { id: id + 1, since: now, set: new FingerprintSet(), saved: 0 };
    this.#sinceSaved = false;
  }

  #writeHead(to: StateWriter): void {
    if (this.#seedsSaved) return;
    to.put(seedsKey, Buffer.from(this.#seeds.buffer));
    this.#seedsSaved = true;
  }

  #write(to: StateWriter): void {
    for (const { id, saved } of this.#expired) {
      to.delete(keyOf(sinceTag, id));
      for (let at = 0; at < saved; at++) to.delete(keyOf(fingerprintsTag, id, at));
    }
    if (this.#addedCount === 0) return;
    this.#writeHead(to);
    const current = this.#current;
    if (!this.#sinceSaved) to.put(keyOf(sinceTag, current.id), number(current.since));
    this.#sinceSaved = true;
    const { slots } = current.set;
    const hashes = new Int32Array(this.#addedCount * 2);
    for (let i = 0; i < this.#addedCount; i++) {
      const at = this.#added[i]!;
      hashes[i * 2] = slots[at]!;
      hashes[i * 2 + 1] = slots[at + 1]!;
    }
    to.put(keyOf(fingerprintsTag, current.id, current.saved++), Buffer.from(hashes.buffer));
  }
}

function keyOf(tag: number, generation: number, at?: number): Buffer {
  const key = Buffer.alloc(at === undefined ? 5 : 9);
  key[0] = tag;
  key.writeUInt32BE(generation, 1);
  if (at !== undefined) key.writeUInt32BE(at, 5);
  return key;
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** The 32-bit words of bytes, wherever they lie in memory. */
function words(bytes: Uint8Array): Int32Array {
  const copy = new Uint8Array(bytes.length - (bytes.length % 4));
  copy.set(bytes.subarray(0, copy.length));
  return new Int32Array(copy.buffer);
}
