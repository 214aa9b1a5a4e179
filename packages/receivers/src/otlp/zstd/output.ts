import { type Growing, overloaded, tooLarge } from '../intake.js';

/** What comes out of a decoder: one growing buffer, stopped at the limit and at the end of the byte budget. */
export class Output {
  declare size: number;
  declare private buffer: Buffer;
  declare private readonly maxBytes: number;
  declare private readonly lease: Growing;

  constructor(expected: number, maxBytes: number, lease: Growing) {
    this.size = 0;
    this.buffer = Buffer.allocUnsafeSlow(Math.min(expected, maxBytes));
    this.maxBytes = maxBytes;
    this.lease = lease;
  }

  /** How much more fits. */
  get left(): number {
    return this.maxBytes - this.size;
  }

  append(from: Uint8Array, start: number, length: number): void {
    this.reserve(length);
    if (length > 16) this.buffer.set(from.subarray(start, start + length), this.size);
    else for (let i = 0; i < length; i++) this.buffer[this.size + i] = from[start + i] as number;
    this.size += length;
  }

  fill(byte: number, length: number): void {
    this.reserve(length);
    this.buffer.fill(byte, this.size, this.size + length);
    this.size += length;
  }

  /** Copies `length` bytes from `offset` bytes back; they may overlap what is being written. */
  repeat(offset: number, length: number): void {
    this.reserve(length);
    const { buffer, size } = this;
    if (offset >= length && length > 32) buffer.copyWithin(size, size - offset, size - offset + length);
    else for (let i = 0; i < length; i++) buffer[size + i] = buffer[size + i - offset] as number;
    this.size += length;
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.size);
  }

  private reserve(length: number): void {
    const needed = this.size + length;
    if (needed <= this.buffer.length) return;
    if (needed > this.maxBytes) throw tooLarge('the decompressed body', this.maxBytes);
    const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, this.buffer.length * 2), this.maxBytes));
    if (!this.lease.grow(grown.length - this.buffer.length)) throw overloaded();
    this.buffer.copy(grown, 0, 0, this.size);
    this.buffer = grown;
  }
}
