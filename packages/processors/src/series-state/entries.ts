import type { StateWriter } from '@otelier/core';
import type { StreamTable } from '@otelier/otlp';
import { FLAGS, NAME, NEW, SLOT, START, TOUCHED, UID, VALUE } from './layout.js';
import type { Rows } from './rows.js';

/** How one kind of distribution is kept on disk. */
export interface Codec<D> {
  encode(distribution: D): Uint8Array;
  decode(bytes: Uint8Array): D;
}

/** Last byte of the keys: after the series' number. */
export const IDENTITY = 0;
export const ROW = 1;
/** Words of a row that are kept: flags, then from VALUE to the end of PEAK. */
const KEPT = 11;
/** Flags that are of this transaction alone. */
export const PASSING: number = TOUCHED | NEW;

/** Writes and reads the two entries of a series. */
export class Entries<D extends object> {
  declare private readonly rows: Rows;
  declare private readonly table: StreamTable;
  declare private readonly codec: Codec<D>;
  declare private readonly key: Buffer;
  declare private readonly value: Buffer;

  constructor(rows: Rows, table: StreamTable, codec: Codec<D>) {
    this.rows = rows;
    this.table = table;
    this.codec = codec;
    this.key = Buffer.alloc(9);
    this.value = Buffer.alloc(KEPT * 4);
  }

  /** Keeps a row that is open, and its identity when it is new. */
  write(to: StateWriter, at: number, isNew: boolean, distribution: D | undefined): void {
    const { rows, key, table, codec } = this;
    const { words } = rows;
    this.putKey(uidAt(words, at));
    if (isNew) {
      key[8] = IDENTITY;
      to.put(key, table.request(words[at + SLOT]!, words[at + START]!, words[at + START + 1]!));
    }
    key[8] = ROW;
    const { value } = this;
    value.writeInt32LE(words[at + FLAGS]! & ~PASSING, 0);
    for (let i = 1; i < KEPT; i++) value.writeInt32LE(words[at + VALUE + i - 1]!, i * 4);
    to.put(key, distribution === undefined ? value : Buffer.concat([value, codec.encode(distribution)]));
  }

  /** Deletes what was kept of a series. */
  erase(to: StateWriter | undefined, uid: number): void {
    if (to === undefined) return;
    this.putKey(uid);
    this.key[8] = IDENTITY;
    to.delete(this.key);
    this.key[8] = ROW;
    to.delete(this.key);
  }

  private putKey(uid: number): void {
    this.key.writeUInt32BE(Math.floor(uid / 4294967296), 0);
    this.key.writeUInt32BE(uid >>> 0, 4);
  }

  /** Fills a row with what was kept; its distribution, if it is one. */
  read(row: number, value: Uint8Array): D | undefined {
    const { rows } = this;
    const at = rows.open(row);
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    rows.words[at + FLAGS] = view.getInt32(0, true);
    for (let i = 1; i < KEPT; i++) rows.words[at + VALUE + i - 1] = view.getInt32(i * 4, true);
    return value.length > KEPT * 4 ? this.codec.decode(value.subarray(KEPT * 4)) : undefined;
  }
}

/** The number of a series, whose row is open or whose key it is. */
export function uidAt(words: Int32Array, at: number): number {
  return (words[at + NAME]! >>> 16) * 4294967296 + (words[at + UID]! >>> 0);
}

export function uidOf(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  return view.getUint32(0) * 4294967296 + view.getUint32(4);
}
