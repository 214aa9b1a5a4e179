/**
 * Walks the fields of one message, whatever their encoding; for the paths where speed does not matter.
 * Never reads past its end: `next()` answers false at the end and at the first field that does not fit.
 */
export class Fields {
  declare readonly buffer: Uint8Array;
  declare readonly end: number;
  /** Where the next field begins. */
  declare position: number;
  declare number: number;
  declare wireType: number;
  /** Range of the whole field, tag included: [at, to). */
  declare at: number;
  /** Where the value begins: after the tag, and after the length when there is one. */
  declare from: number;
  declare to: number;

  constructor(buffer: Uint8Array, start = 0, end: number = buffer.length) {
    this.buffer = buffer;
    this.end = end;
    this.position = start;
    this.number = 0;
    this.wireType = 0;
    this.at = start;
    this.from = start;
    this.to = start;
  }

  next(): boolean {
    if (this.position >= this.end) return false;
    this.at = this.position;
    const tag = this.varint();
    if (tag < 0 || tag > 0xffffffff || tag < 8) return false;
    this.number = Math.floor(tag / 8);
    this.wireType = tag & 7;
    this.from = this.position;
    switch (this.wireType) {
      case 0:
        if (this.varint() < 0) return false;
        break;
      case 1:
        this.position += 8;
        break;
      case 2: {
        const length = this.varint();
        if (length < 0) return false;
        this.from = this.position;
        this.position += length;
        break;
      }
      case 3:
        if (!this.skipGroup()) return false;
        break;
      case 5:
        this.position += 4;
        break;
      default:
        return false;
    }
    this.to = this.position;
    return this.to <= this.end;
  }

  /** The varint at `position`, -1 when it does not end in time; rounded above 2^53. */
  private varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.end) return -1;
      const byte = this.buffer[this.position++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return -1;
  }

  private skipGroup(): boolean {
    for (let open = 1; open > 0; ) {
      const tag = this.varint();
      if (tag < 0) return false;
      const wireType = tag & 7;
      if (wireType === 3) open++;
      else if (wireType === 4) open--;
      else if (wireType === 0) {
        if (this.varint() < 0) return false;
      } else if (wireType === 2) {
        const length = this.varint();
        if (length < 0) return false;
        this.position += length;
      } else if (wireType === 1) this.position += 8;
      else if (wireType === 5) this.position += 4;
      else return false;
    }
    return true;
  }
}
