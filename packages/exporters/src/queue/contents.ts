import { type AnyBatch, type Clock, ownedBy, type Signal, type StateStore, signals, systemClock } from '@otelier/core';
import { Entry } from './entry.js';
import { type About, aboutOf, aboutTag, damagedTag, entryAsFound, entryOf, entryTag, keysFrom } from './format.js';
import { Records } from './records.js';

/** What a store has of one queue, without its batches. */
export interface QueueSummary {
  /** The component's id, such as `logs/events/queue`. */
  readonly id: string;
  readonly signal: Signal;
  /** Where its batches go, for people. */
  readonly destination: string;
  readonly batches: number;
  /** Log records, data points or spans. */
  readonly items: number;
  /** Protobuf bytes. */
  readonly bytes: number;
  /** When the oldest batch was accepted, in milliseconds since 1970; undefined when it is empty. */
  readonly oldestMs: number | undefined;
  /** Batches that were found damaged and set aside. */
  readonly damaged: number;
  /** Whether its sums were counted, since what it says of itself may be wrong or gone. */
  readonly salvaged: boolean;
}

/** The queues that have something to say in a store, by id; `salvaged`: of one that is damaged, where all is counted and nothing believed. */
export function queuesIn(store: StateStore, salvaged: boolean = false): QueueSummary[] {
  const queues: QueueSummary[] = [];
  // From owner to owner: an id ends at a zero byte, and nothing of its owner comes after a one.
  for (let from = Buffer.alloc(0); ; ) {
    const [first] = take(store.keys(Buffer.alloc(0), from), 1);
    if (first === undefined) return queues;
    const end = first.indexOf(0);
    if (end < 0) {
      // Of nobody, and so no key that was written.
      from = Buffer.concat([first, Buffer.alloc(1)]);
      continue;
    }
    const id = Buffer.from(first.subarray(0, end)).toString();
    // Not by the id's text: what is no text reads as another.
    from = Buffer.concat([first.subarray(0, end), Buffer.from([1])]);
    const summary = summaryOf(store, id, salvaged);
    if (summary !== undefined) queues.push(summary);
  }
}

function summaryOf(store: StateStore, id: string, salvaged: boolean): QueueSummary | undefined {
  const own = ownedBy(store, id);
  const said = aboutOf(own.get(Buffer.from([aboutTag])));
  const isCounted = salvaged || said === undefined;
  // Other components may have keys that look like those of batches.
  if (said === undefined && !salvaged && !hasBatch(own)) return undefined;
  const about = isCounted ? counted(own, id, said) : said;
  if (about === undefined) return undefined;
  const [oldest] = take(own.keys(Buffer.from([entryTag])), 1);
  const entry = oldest === undefined ? undefined : entryOf(oldest);
  let damaged = 0;
  for (const _ of own.keys(Buffer.from([damagedTag]))) damaged++;
  const { signal, destination, batches, items, bytes } = about;
  return { id, signal, destination, batches, items, bytes, oldestMs: entry?.storedAt, damaged, salvaged: isCounted };
}

function hasBatch(own: StateStore): boolean {
  for (const key of own.keys(Buffer.from([entryTag]))) if (entryOf(key)?.isKeyChecked === true) return true;
  return false;
}

/** From the keys; undefined when there are none. Ids begin with the signal. */
function counted(own: StateStore, id: string, said: About | undefined): About | undefined {
  const signal = said?.signal ?? signals.find((each) => id.startsWith(`${each}/`));
  if (signal === undefined) return undefined;
  const about = new Records<AnyBatch>(own, signal, said?.destination ?? 'unknown', systemClock).recount();
  return about.batches > 0 ? about : undefined;
}

function take(keys: Iterable<Uint8Array>, count: number): Uint8Array[] {
  const taken: Uint8Array[] = [];
  for (const key of keys) {
    taken.push(key);
    if (taken.length === count) break;
  }
  return taken;
}

/** A batch of a queue, read from a store. */
export interface StoredBatch {
  /** Undefined when its bytes are not those that were written. */
  readonly batch: AnyBatch | undefined;
  readonly count: number;
  /** Deletes it; resolves when that would survive a power cut. */
  remove(): Promise<void>;
}

/** The batches of one queue, oldest first, each read when its turn comes; also those whose keys were changed, as long as they are whole. */
export function* batchesOf(
  store: StateStore,
  { id, signal, destination, salvaged }: QueueSummary,
  clock: Clock = systemClock,
): Iterable<StoredBatch> {
  const own = ownedBy(store, id);
  const records = new Records<AnyBatch>(own, signal, destination, clock);
  const { next } = salvaged ? records.recount() : records.open();
  for (let from = keysFrom(0); ; ) {
    const keys = take(own.keys(Buffer.from([entryTag]), from), 256);
    if (keys.length === 0) return;
    for (const key of keys) {
      from = Buffer.concat([key, Buffer.alloc(1)]);
      const known = entryOf(key);
      // Those that a collector which runs has accepted since.
      if (known !== undefined && known.seq >= next) return;
      yield known === undefined ? asFound(records, key) : { ...stored(records, known, key), count: known.count };
    }
  }
}

function stored(records: Records<AnyBatch>, entry: Entry<AnyBatch>, key: Uint8Array) {
  return { batch: records.read(entry, key), remove: () => removed(records, entry, key) };
}

/** Of a key that was changed: what it says of the batch is not believed, but for its checksum. */
function asFound(records: Records<AnyBatch>, key: Uint8Array): StoredBatch {
  const said = entryAsFound(key);
  const batch = said && records.read(said, key);
  const count = batch?.count ?? 0;
  const entry = new Entry<AnyBatch>(0, count, batch?.size ?? 0, 0, 0, 0, true);
  return { batch, count, remove: () => removed(records, entry, key) };
}

async function removed(records: Records<AnyBatch>, entry: Entry<AnyBatch>, key: Uint8Array): Promise<void> {
  records.remove(entry, key);
  await records.flush();
}
