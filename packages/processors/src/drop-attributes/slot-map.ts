import type { StateWriter } from '@otelier/core';
import type { StreamTable } from '@otelier/otlp';

/** What a {@link SlotMap} keeps: plain fields, so that a shallow copy is a copy. */
export interface Item {
  /** Its number for life; given by the map. */
  uid: number;
}

/** What is known of each stream of a table, as transactions, for streams that are few. */
export class SlotMap<T extends Item> {
  declare private readonly table: StreamTable;
  declare private readonly kind: number;
  declare private readonly encode: (item: T) => Uint8Array;
  declare private readonly items: Map<number, T>;
  /** What was there before the transaction, of all that changed in it. */
  declare private readonly before: Map<number, T | undefined>;
  declare private nextUid: number;

  /** `kind` tells the entries of one map from those of another. */
  constructor(table: StreamTable, kind: number, encode: (item: T) => Uint8Array) {
    this.table = table;
    this.kind = kind;
    this.encode = encode;
    this.items = new Map();
    this.before = new Map();
    this.nextUid = 1;
  }

  get size(): number {
    return this.items.size;
  }

  [Symbol.iterator](): IterableIterator<[number, T]> {
    return this.items.entries();
  }

  get(slot: number): T | undefined {
    return this.items.get(slot);
  }

  /** To be changed. */
  touch(slot: number): T {
    const item = this.items.get(slot)!;
    if (!this.before.has(slot)) this.before.set(slot, { ...item });
    return item;
  }

  add(slot: number, item: T): T {
    if (!this.before.has(slot)) this.before.set(slot, undefined);
    item.uid = this.nextUid++;
    this.items.set(slot, item);
    return item;
  }

  delete(slot: number): void {
    if (!this.before.has(slot)) this.before.set(slot, this.items.get(slot));
    this.items.delete(slot);
  }

  save(to: StateWriter | undefined): void {
    for (const [slot, before] of this.before) {
      const item = this.items.get(slot);
      if (before !== undefined && before.uid !== item?.uid) to?.delete(this.key(before.uid));
      if (item === undefined) this.table.delete(slot);
      else if (to !== undefined) this.write(to, slot, item);
    }
    this.before.clear();
  }

  undo(): void {
    for (const [slot, before] of this.before) {
      if (before !== undefined) this.items.set(slot, before);
      else {
        this.items.delete(slot);
        this.table.delete(slot);
      }
    }
    this.before.clear();
  }

  snapshot(to: StateWriter): void {
    for (const [slot, item] of this.items) this.write(to, slot, item);
  }

  /** An entry that {@link save} wrote. */
  static read(key: Uint8Array, value: Uint8Array): { kind: number; uid: number; request: Buffer; fields: Buffer } {
    const b = Buffer.from(value);
    const size = b.readUInt32LE(0);
    return {
      kind: key[0]!,
      uid: Number(Buffer.from(key).readBigUInt64BE(1)),
      request: b.subarray(4, 4 + size),
      fields: b.subarray(4 + size),
    };
  }

  restore(slot: number, item: T): void {
    this.items.set(slot, item);
    if (item.uid >= this.nextUid) this.nextUid = item.uid + 1;
  }

  private write(to: StateWriter, slot: number, item: T): void {
    const request = this.table.request(slot);
    const size = Buffer.allocUnsafe(4);
    size.writeUInt32LE(request.length);
    to.put(this.key(item.uid), Buffer.concat([size, request, this.encode(item)]));
  }

  private key(uid: number): Buffer {
    const b = Buffer.allocUnsafe(9);
    b[0] = this.kind;
    b.writeBigUInt64BE(BigInt(uid), 1);
    return b;
  }
}
