import { crc32 } from 'node:zlib';
import { type AnyBatch, type Signal, signals } from '@otelier/core';
import { LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';
import { Entry } from './entry.js';

/** What a queue's records begin with: what it is, a batch in it, a batch that was found damaged. */
export const aboutTag = 0x69;
export const entryTag = 0x71;
export const damagedTag = 0x78;

/** Of the keys of before, and of today's, which end in a checksum of what is in them. */
const uncheckedBytes = 31;
const keyBytes = 35;
/** No place is near this one, which leaves room for those that come after any. */
const mostPlaces = 2 ** 47;
const batchOf = { logs: LogsBatch, metrics: MetricsBatch, traces: TracesBatch } as const;

/** What a queue says of itself, in one record that every commit renews. */
export interface About {
  readonly signal: Signal;
  /** Where its batches go, for people. */
  readonly destination: string;
  /** The place of the next batch. */
  readonly next: number;
  readonly batches: number;
  readonly items: number;
  readonly bytes: number;
}

/** The key of a batch holds everything but its bytes, so that a start reads no values. */
export function entryKey<B extends AnyBatch>(entry: Entry<B>, tag: number = entryTag): Buffer {
  const key = Buffer.allocUnsafe(entry.isKeyChecked ? keyBytes : uncheckedBytes);
  key[0] = tag;
  // Six bytes of a count last for nine thousand years at a thousand batches a second.
  key.writeUInt16BE(0, 1);
  key.writeUIntBE(entry.seq, 3, 6);
  key.writeUIntBE(entry.storedAt, 9, 6);
  key.writeUInt32BE(entry.count, 15);
  key.writeUInt32BE(entry.bytes, 19);
  key.writeUInt32BE(entry.lane, 23);
  key.writeUInt32BE(entry.checksum, 27);
  if (entry.isKeyChecked) key.writeUInt32BE(checksumOf(key), uncheckedBytes);
  return key;
}

/** Of what is in a key behind its tag, which changes when a batch is set aside. */
function checksumOf(key: Uint8Array): number {
  return crc32(key.subarray(1, uncheckedBytes));
}

/** Where the keys of batches from place `seq` on begin. */
export function keysFrom(seq: number): Buffer {
  const key = Buffer.alloc(9);
  key[0] = entryTag;
  key.writeUIntBE(seq, 3, 6);
  return key;
}

/** Undefined when that is no key of a batch, or not the one that was written. */
export function entryOf<B extends AnyBatch>(key: Uint8Array): Entry<B> | undefined {
  const entry = entryAsFound<B>(key);
  return entry?.isKeyChecked === true &&
    Buffer.from(key.buffer, key.byteOffset, key.length).readUInt32BE(uncheckedBytes) !== checksumOf(key)
    ? undefined
    : entry;
}

/** What a key says that may not be the one that was written; undefined when it cannot be one. */
export function entryAsFound<B extends AnyBatch>(bytes: Uint8Array): Entry<B> | undefined {
  if (bytes.length !== keyBytes && bytes.length !== uncheckedBytes) return undefined;
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entry = new Entry<B>(
    key.readUIntBE(3, 6),
    key.readUInt32BE(15),
    key.readUInt32BE(19),
    key.readUIntBE(9, 6),
    key.readUInt32BE(23),
    key.readUInt32BE(27),
    true,
  );
  entry.isKeyChecked = key.length === keyBytes;
  return entry;
}

/** The batch of these bytes; undefined when they are not those that were written. */
export function batchFrom(signal: Signal, entry: Entry<AnyBatch>, value: Uint8Array | undefined): AnyBatch | undefined {
  if (value?.length !== entry.bytes || crc32(value) !== entry.checksum) return undefined;
  return new batchOf[signal](value);
}

export function aboutValue(about: About): Buffer {
  return Buffer.from(JSON.stringify(about));
}

/** Undefined when there is none, or it cannot be read. */
export function aboutOf(value: Uint8Array | undefined): About | undefined {
  if (value === undefined) return undefined;
  try {
    const { signal, destination, next, batches, items, bytes } = JSON.parse(Buffer.from(value).toString()) as About;
    const counts = [next, batches, items, bytes];
    if (!signals.includes(signal) || typeof destination !== 'string') return undefined;
    if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0) || next > mostPlaces) return undefined;
    return { signal, destination, next, batches, items, bytes };
  } catch {
    return undefined;
  }
}
