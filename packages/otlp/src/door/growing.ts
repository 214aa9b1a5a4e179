/** A buffer written forward that grows as needed; a length prefix is guessed first and put right once the length is known. */
export class Growing {
  declare private buffer: Buffer;
  declare private at: number;

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafe(capacity);
    this.at = 0;
  }

  /** What was written; the writer must not be used afterwards. */
  bytes(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  /** An unsigned number up to 2^53. */
  varint(value: number): void {
    this.room(8);
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.buffer[this.at++] = (rest % 128) | 128;
    this.buffer[this.at++] = rest;
  }

  /** An unsigned number up to 2^64. */
  bigVarint(value: bigint): void {
    this.room(10);
    let rest = value;
    for (; rest > 127n; rest >>= 7n) this.buffer[this.at++] = Number(rest & 127n) | 128;
    this.buffer[this.at++] = Number(rest);
  }

  copy(source: Uint8Array, from: number, to: number): void {
    this.room(to - from);
    this.buffer.set(source.subarray(from, to), this.at);
    this.at += to - from;
  }

  /** A string field. */
  text(tag: number, value: string): void {
    this.varint(tag);
    this.block(Buffer.from(value));
  }

  /** Bytes behind their length. */
  block(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.copy(bytes, 0, bytes.length);
  }

  /** Leaves space for the length of about `guess` bytes that follow; give the result and the guess to {@link close}. */
  open(guess: number): number {
    const width = widthOf(guess);
    this.room(width);
    this.at += width;
    return this.at;
  }

  close(start: number, guess: number): void {
    const length = this.at - start;
    const head = start - widthOf(guess);
    const width = widthOf(length);
    if (head + width !== start) {
      this.room(width);
      this.buffer.copyWithin(head + width, start, this.at);
    }
    this.at = head;
    this.varint(length);
    this.at += length;
  }

  private room(count: number): void {
    if (this.at + count <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(2 * this.buffer.length + count);
    grown.set(this.buffer.subarray(0, this.at));
    this.buffer = grown;
  }
}

/** Bytes a varint of this value takes. */
export function widthOf(value: number): number {
  let width = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) width++;
  return width;
}
