import { crc32 } from 'node:zlib';

/** What a value in a store begins with: that it was written at all, since one whose pages are gone reads as zeros, and how. */
const plain = 1;
const checked = 2;
/** A checksum follows. */
const headBytes = 5;

/** What stands in the store for a value: with a checksum of it and its key, so that another's value is not taken for it either. */
export function sealed(key: Uint8Array, value: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(headBytes + value.length);
  bytes[0] = checked;
  bytes.writeUInt32LE(crc32(value, crc32(key)), 1);
  bytes.set(value, headBytes);
  return bytes;
}

/** The value, which shares the memory; undefined when it is not the one that was written under this key. Stores of before have no checksums. */
export function opened(key: Uint8Array, stored: Uint8Array): Uint8Array | undefined {
  if (stored.length >= headBytes && stored[0] !== 0) {
    const value = stored.subarray(headBytes);
    // Whatever it begins with: a byte that has become that of a value without checksum must not make one of it.
    if (crc32(value, crc32(key)) === checksumIn(stored)) return value;
  }
  return stored[0] === plain ? stored.subarray(1) : undefined;
}

/** The value as it was found, for who can tell by itself whether it is right; undefined when none was written. */
export function found(stored: Uint8Array): Uint8Array | undefined {
  if (stored[0] === plain) return stored.subarray(1);
  return stored[0] === checked && stored.length >= headBytes ? stored.subarray(headBytes) : undefined;
}

function checksumIn(stored: Uint8Array): number {
  return (stored[1]! | (stored[2]! << 8) | (stored[3]! << 16) | (stored[4]! << 24)) >>> 0;
}
