import { randomFillSync } from 'node:crypto';
import { BatchFingerprints, FINGERPRINT_WORDS, MetricsBatch } from '@otelier/otlp';
import type { Clock } from '../../host.js';
import type { AnyBatch } from '../../signal.js';
import type { StateEntries, Stateful, StateWriter } from '../../state.js';
import { ArrivalLog } from './arrival-log.js';

/** Fingerprints of one stretch of time. */
interface Generation {
  readonly id: number;
  /** Milliseconds of the clock. */
  readonly since: number;
  readonly log: ArrivalLog;
  /** Entries in the store. */
  saved: number;
}

const seedsKey: Buffer = Buffer.from('a-seeds');
const sinceTag = 0x62;
const logTag = 0x64;

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
  #fingerprints: BatchFingerprints;
  #current: Generation;
  #before: Generation | undefined;
  /** Generations whose entries in the store are to be deleted. */
  #expired: Generation[] = [];
  #seedsSaved = false;
  #sinceSaved = false;
  // The places of known points in the batch that is being admitted, and how far the traversal that removes them is.
  #known: Int32Array = new Int32Array(64);
  #place = 0;
  #passed = 0;
  readonly #isUnknown: () => boolean;

  constructor(windowMs: number, clock: Clock, maxEntries: number = 1 << 20) {
    this.windowMs = windowMs;
    this.#clock = clock;
    this.#maxEntries = maxEntries;
    this.#fingerprints = new BatchFingerprints(this.#seeds[0]!, this.#seeds[1]!);
    this.#current = { id: 1, since: clock.now(), log: new ArrivalLog(), saved: 0 };
    this.#before = undefined;
    this.#isUnknown = () => {
      if (this.#place++ !== this.#known[this.#passed]) return true;
      this.#passed++;
      return false;
    };
  }

  /** Takes note of a batch, out of which it removes what it knows; answers how many items those were. A batch known as a whole stays as it is. */
  admit(batch: AnyBatch): number {
    this.#rotate();
    const { count } = batch;
    if (count === 0) return 0;
    if (!(batch instanceof MetricsBatch)) {
      this.#fingerprints.ofRequest(batch.bytes());
      return this.#note() === 0 ? 0 : count;
    }
    this.#fingerprints.ofPoints(batch);
    const known = this.#note();
    return known === 0 ? 0 : this.#remove(batch, known);
  }

  undo(): void {
    this.#current.log.undo();
  }

  save(to: StateWriter | undefined): void {
    if (to !== undefined) this.#write(to);
    this.#current.log.keep();
    if (this.#expired.length > 0) this.#expired = [];
  }

  snapshot(to: StateWriter): void {
    to.put(seedsKey, Buffer.from(this.#seeds.buffer));
    this.#seedsSaved = true;
    for (const generation of [this.#before, this.#current]) {
      if (generation === undefined) continue;
      to.put(keyOf(sinceTag, generation.id), number(generation.since));
      to.put(keyOf(logTag, generation.id, 0), bytesOf(generation.log.encode(true)));
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
      const known = generations.get(id);
      if (key[0] === sinceTag)
        generations.set(id, { id, since: Buffer.from(value).readDoubleLE(0), log: new ArrivalLog(), saved: 0 });
      else if (key[0] === logTag && known !== undefined) {
        known.saved = Math.max(known.saved, key.readUInt32BE(5) + 1);
        known.log.append(words(value));
      }
    }
    this.#fingerprints = new BatchFingerprints(this.#seeds[0]!, this.#seeds[1]!);
    const [current, before] = [...generations.values()].sort((a, b) => b.id - a.id);
    if (current === undefined) return;
    this.#current = current;
    this.#before = before;
    this.#sinceSaved = true;
  }

  /** Remembers the fingerprints just taken; answers how many it knows already, whose places are in `#known`. */
  #note(): number {
    const { count, words: taken } = this.#fingerprints;
    const { log } = this.#current;
    const before = this.#before?.log;
    log.reserve(count);
    const end = count * FINGERPRINT_WORDS;
    // What was collected together is found in one place.
    if (count > 1 && taken[2] !== taken[end - 2]) {
      log.warm(taken, 2, end, FINGERPRINT_WORDS);
      before?.warm(taken, 2, end, FINGERPRINT_WORDS);
    }
    let known = 0;
    let origin = 0;
    // Where the origin's fingerprints are, here and in the generation before; neighbours mostly have the same.
    let here = -1;
    let there = -1;
    for (let i = 0; i < count; i++) {
      const at = i * FINGERPRINT_WORDS;
      const hash1 = taken[at]!;
      const hash2 = taken[at + 1]!;
      if (i === 0 || taken[at + 2] !== origin) {
        origin = taken[at + 2]!;
        here = log.known(origin);
        there = before === undefined ? -1 : before.known(origin);
      }
      const isKnown =
        (there >= 0 && before!.has(there, hash1, hash2)) ||
        (here >= 0 && log.has(here, hash1, hash2)) ||
        !log.add(origin, hash1, hash2);
      if (isKnown) this.#knows(known++, taken[at + 3]!);
    }
    return known;
  }

  #knows(index: number, place: number): void {
    if (index === this.#known.length) {
      const grown = new Int32Array(index * 2);
      grown.set(this.#known);
      this.#known = grown;
    }
    this.#known[index] = place;
  }

  #remove(batch: MetricsBatch, known: number): number {
    this.#place = 0;
    this.#passed = 0;
    this.#knows(known, -1);
    return batch.filter(this.#isUnknown);
  }

  #rotate(): void {
    const now = this.#clock.now();
    const { id, since, log } = this.#current;
    if (now - since < this.windowMs && log.size < this.#maxEntries) return;
    if (log.size === 0 && this.#before === undefined && !this.#sinceSaved) {
      this.#current = { id, since: now, log, saved: 0 };
      return;
    }
    if (this.#before !== undefined) this.#expired.push(this.#before);
    // What is older than a window when it rotates has nothing left to remember.
    if (now - since < this.windowMs * 2) this.#before = this.#current;
    else {
      this.#expired.push(this.#current);
      this.#before = undefined;
    }
    this.#current = { id: id + 1, since: now, log: new ArrivalLog(), saved: 0 };
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
      for (let at = 0; at < saved; at++) to.delete(keyOf(logTag, id, at));
    }
    const current = this.#current;
    if (!current.log.hasChanged) return;
    this.#writeHead(to);
    if (!this.#sinceSaved) to.put(keyOf(sinceTag, current.id), number(current.since));
    this.#sinceSaved = true;
    to.put(keyOf(logTag, current.id, current.saved++), bytesOf(current.log.encode(false)));
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
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
