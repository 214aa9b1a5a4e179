import { skip } from '../wire/varint.js';
import { EDIT, type EditLog, LEN, SRC, TO } from './edit-log.js';
import type { View } from './view.js';

const NONE: Buffer = Buffer.alloc(0);

/** Walks the fields of one message as they now are: as on the wire, replaced, or appended; deleted ones are left out. */
export class FieldCursor {
  /** Where the field's bytes are: the batch, or the log's inserted bytes. */
  declare bytes: Buffer;
  /** First byte of the field's tag, as position and as value. */
  declare at: number;
  declare tag: number;
  /** Behind the tag's first byte. */
  declare p: number;
  declare end: number;
  /** Index of the edit that the field comes from, or -1 for a field of the wire. */
  declare edit: number;
  declare private view: View;
  declare private log: EditLog | null;
  declare private next_: number;
  declare private e: number;

  constructor() {
    this.bytes = NONE;
    this.at = 0;
    this.tag = 0;
    this.p = 0;
    this.end = 0;
    this.edit = -1;
    this.view = undefined as unknown as View;
    this.log = null;
    this.next_ = 0;
    this.e = 0;
  }

  /** Starts over at the first field of `view`. */
  of(view: View, log: EditLog | null): this {
    this.view = view;
    this.log = log;
    this.next_ = view.start;
    this.e = log === null ? 0 : log.lowerBound(view.start);
    return this;
  }

  /** Steps to the next field; false at the end. */
  next(): boolean {
    const view = this.view;
    const b = view.bytes;
    const log = this.log;
    while (this.next_ < view.end) {
      const at = this.next_;
      const tag = b[at]!;
      const end = skip(b, at + 1, tag);
      this.next_ = end;
      if (log !== null) {
        const i = this.replacement(log, at);
        if (i >= 0) {
          if (log.edits[i * EDIT + LEN] === 0) continue;
          this.take(log, i);
          return true;
        }
      }
      this.bytes = b;
      this.at = at;
      this.tag = tag;
      this.p = at + 1;
      this.end = end;
      this.edit = -1;
      return true;
    }
    return log !== null && this.appended(log);
  }

  /** Deletes the field that the cursor is at. */
  delete(log: EditLog): void {
    if (this.edit >= 0) log.edits[this.edit * EDIT + LEN] = 0;
    else log.add(this.view, this.at, this.end, 0, 0);
  }

  /** Replaces the field that the cursor is at. */
  replace(log: EditLog, src: number, len: number): void {
    if (this.edit >= 0) {
      log.edits[this.edit * EDIT + SRC] = src;
      log.edits[this.edit * EDIT + LEN] = len;
    } else log.add(this.view, this.at, this.end, src, len);
  }

  private replacement(log: EditLog, at: number): number {
    const { edits, count } = log;
    let i = this.e;
    while (i < count && edits[i * EDIT]! < at) i++;
    this.e = i;
    for (; i < count && edits[i * EDIT] === at; i++) if (edits[i * EDIT + TO]! > at) return i;
    return -1;
  }

  private appended(log: EditLog): boolean {
    const { edits, count } = log;
    const end = this.view.end;
    while (this.e < count && edits[this.e * EDIT]! < end) this.e++;
    const i = log.appendedTo(this.view, this.e);
    if (i < 0) return false;
    this.e = i + 1;
    this.take(log, i);
    return true;
  }

  private take(log: EditLog, i: number): void {
    const b = log.inserted;
    const at = log.edits[i * EDIT + SRC]!;
    this.bytes = b;
    this.at = at;
    this.tag = b[at]!;
    this.p = at + 1;
    this.end = at + log.edits[i * EDIT + LEN]!;
    this.edit = i;
  }
}
