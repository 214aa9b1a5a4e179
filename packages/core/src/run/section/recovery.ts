import { LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';
import type { AnyBatch } from '../../signal.js';
import { withoutPrefix } from '../../store/changes.js';
import type { StateChange, StateStore } from '../../store/state-store.js';
import { Entry } from './entry.js';

export const outboxTag = 0x6f;
/** Behind {@link outboxTag}: who has taken over an entry is read when the entry is known. */
export const takenTag = 0x74;
/** An entry whose bytes were not those that were written, kept for people. */
export const asideTag = 0x78;
const batchOf = { logs: LogsBatch, metrics: MetricsBatch, traces: TracesBatch } as const;

/** What the store has of a section, but for its processors. */
export interface Recovered {
  readonly arrivals: (readonly [Uint8Array, Uint8Array])[];
  /** Of the outbox, by place. */
  readonly entries: Map<number, Entry>;
  /** Items of each entry that was damaged, as far as that can be said. */
  readonly lost: number[];
  /** Entries of any kind that were damaged. */
  damaged: number;
  /** What becomes of those, and of marks that have no entry any more. */
  readonly repairs: StateChange[];
}

/** Reads what keys that begin with `own` have of a section. What is damaged is not read again; what may be a batch is kept under another key. */
export function recover(store: StateStore, own: Buffer, signal: AnyBatch['signal']): Recovered {
  const found: Recovered = { arrivals: [], entries: new Map(), lost: [], damaged: 0, repairs: [] };
  const damaged = (key: Uint8Array, value: Uint8Array | undefined): void => {
    const tag = key[own.length];
    if (tag === asideTag) return;
    found.damaged++;
    found.repairs.push([key, undefined]);
    if (tag !== outboxTag || value === undefined) return;
    const aside = Buffer.from(key);
    aside[own.length] = asideTag;
    found.repairs.push([aside, value]);
    found.lost.push(itemsIn(signal, value));
  };
  for (const [key, value] of withoutPrefix(store.entries(own, damaged), own)) {
    const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
    const tag = bytes[0];
    if (tag === outboxTag) {
      const entry = entryFrom(signal, value);
      if (entry === undefined) damaged(Buffer.concat([own, bytes]), value);
      else found.entries.set(placeIn(bytes), entry);
    } else if (tag === takenTag) {
      const entry = found.entries.get(placeIn(bytes));
      // Of an entry that is gone: another must not be taken for it.
      if (entry === undefined) found.repairs.push([Buffer.concat([own, bytes]), undefined]);
      else (entry.taken ??= new Set()).add(bytes.toString('utf8', 9));
    } else if (tag !== asideTag) found.arrivals.push([key, value]);
  }
  return found;
}

/** The key of the entry at a place of the outbox. */
export function keyOf(seq: number, tag: number = outboxTag): Buffer {
  const key = Buffer.alloc(9);
  key[0] = tag;
  key.writeBigUInt64BE(BigInt(seq), 1);
  return key;
}

/** Says that the exporter of this id has taken over the entry of this number. */
export function takenKey(seq: number, id: string): Buffer {
  return Buffer.concat([keyOf(seq, takenTag), Buffer.from(id)]);
}

function placeIn(key: Buffer): number {
  return Number(key.readBigUInt64BE(1));
}

/** Undefined when that is no batch, which only a store that knows no checksums can answer. */
function entryFrom(signal: AnyBatch['signal'], value: Uint8Array): Entry | undefined {
  try {
    return new Entry(new batchOf[signal](Buffer.from(value)), undefined);
  } catch {
    return undefined;
  }
}

/** As far as that can be said of a batch that is damaged; at least one. */
function itemsIn(signal: AnyBatch['signal'], bytes: Uint8Array): number {
  try {
    return Math.max(1, new batchOf[signal](bytes).count);
  } catch {
    return 1;
  }
}
