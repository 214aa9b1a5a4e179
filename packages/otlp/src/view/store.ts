import { putVarint, width } from '../wire/varint.js';
import { EditLog } from './edit-log.js';
import { splice } from './splice.js';
import type { View } from './view.js';

/** A request's compressed form, remembered while nobody edits it. */
export interface Compressed {
  readonly encoding: 'gzip' | 'zstd' | 'deflate';
  readonly bytes: Uint8Array;
}

const pool: EditLog[] = [];
const GONE: Buffer = Buffer.alloc(0);
const EMPTY: Buffer = Buffer.alloc(0);

/**
 * The bytes behind a batch and what the current traversal changed about them.
 *
 * Also stands for a resource, scope or status that is absent on the wire (`parent` set): empty bytes that enter the parent once written to.
 */
export class Store {
  declare bytes: Buffer;
  declare log: EditLog | null;
  /** Nobody else reads or writes these bytes: in-place edits are allowed. */
  declare owned: boolean;
  /** Log records, data points or spans; -1 when not known. */
  declare count: number;
  declare compressed: Compressed | undefined;
  declare private data: DataView | null;
  declare private readonly parent: View | null;
  declare private readonly tag: number;
  declare private absent: Map<number, Store> | null;

  constructor(bytes: Buffer, owned: boolean, parent: View | null, tag: number) {
    this.bytes = bytes;
    this.log = null;
    this.owned = owned;
    this.count = -1;
    this.compressed = undefined;
    this.data = null;
    this.parent = parent;
    this.tag = tag;
    this.absent = null;
  }

  /** For fixed-width fields: one load where Buffer.readDoubleLE takes a call and BigInt reads ten times as long. */
  get view(): DataView {
    return (this.data ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length));
  }

  /** The log to write an edit of `view` into. */
  edit(view: View): EditLog {
    if (view.bytes !== this.bytes) throw stale();
    if (this.log !== null) return this.log;
    this.compressed = undefined;
    if (this.parent !== null) this.parent.root.edit(this.parent);
    this.log = pool.pop() ?? new EditLog();
    return this.log;
  }

  /** Bytes in place are about to change. */
  patched(): void {
    this.compressed = undefined;
  }

  /** The store that stands for the absent message `tag` of `parent`; the same one every time within a traversal. */
  absentChild(parent: View, tag: number): Store {
    this.absent ??= new Map();
    const id = parent.at * 128 + tag;
    let child = this.absent.get(id);
    if (child === undefined) {
      child = new Store(EMPTY.subarray(0), true, parent, tag);
      this.absent.set(id, child);
    }
    return child;
  }

  /** True when the absent message `tag` of `parent` was written to. */
  wroteAbsent(parent: View, tag: number): boolean {
    return this.absent?.get(parent.at * 128 + tag)?.log != null;
  }

  /** Replaces the bytes by an equal copy that is this store's alone. */
  adopt(copy: Buffer): void {
    this.bytes = copy;
    this.owned = true;
    this.data = null;
  }

  /** The bytes with all edits in them. Views taken before are stale when there were any. */
  clean(): Buffer {
    const absent = this.absent;
    if (absent !== null) {
      this.absent = null;
      for (const child of absent.values()) child.settle();
    }
    const log = this.log;
    if (log === null) return this.bytes;
    this.bytes = splice(log, this.bytes, this.owned);
    this.owned = true;
    this.log = null;
    this.data = null;
    log.reset();
    if (pool.length < 8 && log.poolable) pool.push(log);
    return this.bytes;
  }

  /** Puts a message that was absent into its parent, in front of the fields that are there. */
  private settle(): void {
    const parent = this.parent!;
    if (this.log !== null) {
      const content = this.clean();
      const log = parent.root.edit(parent);
      const size = 1 + width(content.length) + content.length;
      const at = log.room(size);
      log.inserted[at] = this.tag;
      log.inserted.set(content, putVarint(log.inserted, at + 1, content.length));
      log.used += size;
      log.add(parent, parent.start, parent.start, at, size);
    }
    this.bytes = GONE;
  }
}

/** The error for a view that outlived its traversal. */
export function stale(): Error {
  return new Error(
    'this view is from an earlier traversal of the batch: a batch that was edited in between has moved its bytes; take the view again',
  );
}
