import { crc32 } from 'node:zlib';
import {
  type AnyBatch,
  type Clock,
  commitFrom,
  type Flow,
  type Host,
  type Signal,
  type StateChange,
  type StateStore,
} from '@otelier/core';
import { Entry } from './entry.js';
import {
  type About,
  aboutOf,
  aboutTag,
  aboutValue,
  batchFrom,
  damagedTag,
  entryAsFound,
  entryKey,
  entryOf,
  entryTag,
  keysFrom,
} from './format.js';
import { laneOf } from './lane.js';

/** How long deletions of what was delivered wait for a commit that they can ride along with, and for the next attempt after one that failed. */
const rideMs = 50;
const againMs = 1000;
const aboutKey: Buffer = Buffer.from([aboutTag]);

/** How much there is; `bytes`: of protobuf. */
export type Sums = Pick<About, 'batches' | 'items' | 'bytes'>;

/** What a queue has on disk. Every commit renews what the queue says of itself, so that its sums are right whatever happens. */
export class Records<B extends AnyBatch> {
  readonly #store: StateStore;
  readonly #signal: Signal;
  readonly #clock: Clock;
  #destination: string;
  #next: number = 0;
  #batches: number = 0;
  #items: number = 0;
  #bytes: number = 0;
  /** All up to here are in the store, unless they have been deleted. */
  #safe: number = -1;
  #deletions: StateChange[] = [];
  /** Whether what the queue says of itself in the store is wrong. */
  #isAboutDue: boolean = false;
  #cancelRide: (() => void) | undefined;

  constructor(store: StateStore, signal: Signal, destination: string, clock: Clock) {
    this.#store = store;
    this.#signal = signal;
    this.#destination = destination;
    this.#clock = clock;
  }

  /** Where the damaged store was moved that this one replaces, if it does. */
  get replaces(): string | undefined {
    return this.#store.replaces;
  }

  /** Whether no later run will find what is here. */
  get isGone(): boolean {
    return this.#store.isGone ?? false;
  }

  /** What an earlier run has left, without reading it. */
  open(): About {
    const said = aboutOf(this.#store.get(aboutKey));
    return this.#begin(said === undefined || this.#isBeyond(said.next) ? this.#counted() : said);
  }

  /** What there is, by its keys, whatever the queue has said of itself. */
  recount(): About {
    return this.#begin(this.#counted());
  }

  #begin(about: About): About {
    const { destination, next, batches, items, bytes } = about;
    this.#destination = destination;
    this.#next = next;
    this.#safe = next - 1;
    [this.#batches, this.#items, this.#bytes] = [batches, items, bytes];
    return about;
  }

  /** From now on batches go there; answers where they have gone before. */
  redirect(destination: string): string {
    const before = this.#destination;
    this.#destination = destination;
    return before;
  }

  /** Resolves when the batch would survive a power cut; deletions ride along. */
  async put(batch: B, count: number, lane: number, host: Host, flow: Flow): Promise<Entry<B>> {
    const value = batch.bytes();
    const entry = new Entry<B>(this.#next++, count, value.length, this.#clock.now(), lane, crc32(value), true);
    this.#add(entry);
    try {
      await this.#commit([[entryKey(entry), value]], (all) => commitFrom(host, flow, this.#store, all));
    } catch (error) {
      this.#subtract(entry);
      throw error;
    }
    this.#safe = Math.max(this.#safe, entry.seq);
    return entry;
  }

  /** The place of a batch that stays in memory. */
  reserve(): number {
    return this.#next++;
  }

  /** Writes entries that have been in memory alone; when that fails, they are as before. */
  async save(entries: readonly Entry<B>[]): Promise<void> {
    const changes: StateChange[] = [];
    for (const entry of entries) {
      const value = entry.batch!.bytes();
      entry.checksum = crc32(value);
      entry.stored = true;
      this.#add(entry);
      changes.push([entryKey(entry), value]);
    }
    try {
      await this.#commit(changes, (all) => this.#store.commit(all));
    } catch (error) {
      for (const entry of entries) {
        // Who has come to its end meanwhile has been taken off the sums.
        if (entry.state === 'gone') continue;
        entry.stored = false;
        this.#subtract(entry);
      }
      throw error;
    }
    for (const { seq } of entries) this.#safe = Math.max(this.#safe, seq);
  }

  /** Deletes an entry with the next commit. `key`: under which it was found. */
  remove(entry: Entry<B>, key: Uint8Array = entryKey(entry)): void {
    this.#subtract(entry);
    this.#deletions.push([key, undefined]);
    this.#cancelRide ??= this.#clock.after(rideMs, () => void this.flush());
  }

  /** Has the next commit write what is left of an entry in place of all of it. */
  shrink(entry: Entry<B>, rest: B): void {
    const value = rest.bytes();
    const { seq, storedAt } = entry;
    const less = new Entry<B>(seq, rest.count, value.length, storedAt, laneOf(rest), crc32(value), true);
    this.remove(entry);
    this.#add(less);
    this.#deletions.push([entryKey(less), value]);
  }

  /** Takes an entry out of the line whose bytes are not those that were written, and keeps what there is under another key. */
  setAside(entry: Entry<B>): void {
    const value = this.#found(entryKey(entry));
    if (value !== undefined) this.#deletions.push([entryKey(entry, damagedTag), value]);
    this.remove(entry);
  }

  /** The batch of an entry; undefined when it is damaged. `key`: under which it was found. */
  read(entry: Entry<B>, key: Uint8Array = entryKey(entry)): B | undefined {
    // The signal's batches are what this queue holds.
    return batchFrom(this.#signal, entry as Entry<AnyBatch>, this.#found(key)) as B | undefined;
  }

  /** At most so many entries from place `from` on that are in the store for good. */
  page(from: number, limit: number): Entry<B>[] {
    const entries: Entry<B>[] = [];
    for (const key of this.#store.keys(Buffer.from([entryTag]), keysFrom(from))) {
      const entry = entryOf<B>(key);
      if (entry === undefined) {
        this.#displace(key);
        continue;
      }
      if (entry.seq > this.#safe || entries.length === limit) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Keeps what is under a key that is not the one that was written, and about which nothing is known, out of the line. */
  #displace(key: Uint8Array): void {
    const aside = Buffer.from(key);
    aside[0] = damagedTag;
    const value = this.#found(key);
    if (value !== undefined) this.#deletions.push([aside, value]);
    this.#deletions.push([key, undefined]);
    // Without a commit of their own, which a store that is only read refuses for ever: whoever misses them commits.
  }

  /** From now on these are all that there are; answers how much more that is than was known, undefined when it is as much. */
  settle(entries: Iterable<Entry<B>>): Sums | undefined {
    const by = { batches: -this.#batches, items: -this.#items, bytes: -this.#bytes };
    for (const { stored, count, bytes } of entries) {
      if (!stored) continue;
      by.batches++;
      by.items += count;
      by.bytes += bytes;
    }
    if (by.batches === 0 && by.items === 0 && by.bytes === 0) return undefined;
    this.#batches += by.batches;
    this.#items += by.items;
    this.#bytes += by.bytes;
    this.#isAboutDue = true;
    this.#cancelRide ??= this.#clock.after(rideMs, () => void this.flush());
    return by;
  }

  /** Commits the deletions that wait for company. What fails is tried again. */
  async flush(): Promise<void> {
    this.#cancelRide?.();
    this.#cancelRide = undefined;
    if (this.#deletions.length > 0 || this.#isAboutDue)
      await this.#commit([], (all) => this.#store.commit(all)).catch(() => {});
  }

  /** Ends the wait for company. */
  async close(): Promise<void> {
    await this.flush();
    this.#cancelRide?.();
    this.#cancelRide = undefined;
  }

  async #commit(
    changes: readonly StateChange[],
    commit: (all: readonly StateChange[]) => Promise<void>,
  ): Promise<void> {
    const deletions = this.#deletions;
    this.#deletions = [];
    this.#cancelRide?.();
    this.#cancelRide = undefined;
    const about: StateChange = [aboutKey, aboutValue(this.#about())];
    try {
      await commit([...deletions, ...changes, about]);
      this.#isAboutDue = false;
    } catch (error) {
      this.#deletions.unshift(...deletions);
      if (this.#deletions.length > 0 || this.#isAboutDue)
        this.#cancelRide ??= this.#clock.after(againMs, () => void this.flush());
      throw error;
    }
  }

  #about(): About {
    return {
      ...{ signal: this.#signal, destination: this.#destination, next: this.#next },
      ...{ batches: this.#batches, items: this.#items, bytes: this.#bytes },
    };
  }

  #add({ count, bytes }: Entry<B>): void {
    this.#batches++;
    this.#items += count;
    this.#bytes += bytes;
  }

  #subtract({ count, bytes }: Entry<B>): void {
    this.#batches--;
    this.#items -= count;
    this.#bytes -= bytes;
  }

  /** Also what the store says is damaged: a batch is known by the checksum in its key. */
  #found(key: Uint8Array): Uint8Array | undefined {
    let found: Uint8Array | undefined;
    try {
      return this.#store.get(key, (_, other) => void (found = other)) ?? found;
    } catch {
      // A page of the store that leads there is damaged.
      return undefined;
    }
  }

  /** Whether there is a batch whose place was not given away yet. */
  #isBeyond(next: number): boolean {
    for (const key of this.#store.keys(Buffer.from([entryTag]), keysFrom(next)))
      if (entryOf(key) !== undefined) return true;
    return false;
  }

  /** From the keys, when the queue has said nothing of itself, or nothing that could be read. */
  #counted(): About {
    let [next, batches, items, bytes] = [0, 0, 0, 0];
    for (const key of this.#store.keys(Buffer.from([entryTag]))) {
      if (entryAsFound(key) === undefined) continue;
      const entry = entryOf(key);
      batches++;
      // Of one whose key was changed it is only known that there was something.
      items += entry?.count ?? 1;
      bytes += entry?.bytes ?? 0;
      if (entry !== undefined) next = entry.seq + 1;
    }
    return { signal: this.#signal, destination: this.#destination, next, batches, items, bytes };
  }
}
