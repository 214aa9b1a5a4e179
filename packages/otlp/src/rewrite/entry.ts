import { after, varint } from '../wire/varint.js';

/** Where the parts of one attribute (a KeyValue) are on the wire. One object is used for many: {@link read} fills it. */
export class Entry {
  declare keyFrom: number;
  declare keyTo: number;
  /** Where the value's field begins; where the attribute ends when there is none. */
  declare valueAt: number;
  /** The content of the AnyValue. */
  declare valueFrom: number;
  declare valueTo: number;
  /** The first byte of the AnyValue, which tells its type: 0 when empty, 0x0a for a text. */
  declare kind: number;
  /** Where the content of a text, of bytes, a list or a map begins; it ends with the value. */
  declare contentFrom: number;

  constructor() {
    this.keyFrom = this.keyTo = this.valueAt = this.valueFrom = this.valueTo = this.kind = this.contentFrom = 0;
  }

  /** Reads the content [from, to) of a KeyValue; false when it is not a key and then at most one value of at most one member. */
  read(b: Uint8Array, from: number, to: number): boolean {
    let p = from;
    if (p < to && b[p] === 0x0a) {
      let n = b[p + 1]!;
      p += 2;
      if (n > 127) {
        n = varint(b, p - 1);
        p = after;
      }
      this.keyFrom = p;
      p += n;
    } else this.keyFrom = p;
    this.keyTo = this.valueAt = p;
    if (p === to) {
      this.valueFrom = this.valueTo = this.contentFrom = to;
      this.kind = 0;
      return true;
    }
    if (p > to || b[p] !== 0x12) return false;
    let n = b[p + 1]!;
    p += 2;
    if (n > 127) {
      n = varint(b, p - 1);
      p = after;
    }
    return p + n === to && this.value(b, p, to);
  }

  /** Reads the content [from, to) of an AnyValue; false when it has more than one member. */
  value(b: Uint8Array, from: number, to: number): boolean {
    this.valueFrom = from;
    this.valueTo = to;
    if (from === to) {
      this.kind = 0;
      this.contentFrom = to;
      return true;
    }
    const kind = b[from]!;
    this.kind = kind;
    let p = from + 1;
    if (kind === 0x10 || kind === 0x18) {
      this.contentFrom = p;
      while (b[p++]! > 127);
      return p === to;
    }
    if (kind === 0x21) {
      this.contentFrom = p;
      return p + 8 === to;
    }
    if (kind !== 0x0a && kind !== 0x2a && kind !== 0x32 && kind !== 0x3a) return false;
    let n = b[p++]!;
    if (n > 127) {
      n = varint(b, p - 1);
      p = after;
    }
    this.contentFrom = p;
    return p + n === to;
  }
}
