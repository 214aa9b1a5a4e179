import { putVarint, width } from './varint.js';

/** A length-delimited field with a tag of one byte, of these parts one after the other. */
export function field(tag: number, ...content: readonly Uint8Array[]): Buffer {
  let size = 0;
  for (const part of content) size += part.length;
  const b = Buffer.allocUnsafe(1 + width(size) + size);
  b[0] = tag;
  let at = putVarint(b, 1, size);
  for (const part of content) {
    b.set(part, at);
    at += part.length;
  }
  return b;
}
