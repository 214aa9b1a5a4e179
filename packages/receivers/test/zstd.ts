const header = (declared: number, single: boolean, windowByte = 0x38): Buffer => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(declared);
  const descriptor = 0x80 | (single ? 0x20 : 0);
  return Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, descriptor]),
    single ? Buffer.alloc(0) : Buffer.from([windowByte]),
    size,
  ]);
};

/** A block header and its content. `type` 0: stored bytes; 1: one byte, `size` times. */
export function zstdBlock(type: 0 | 1 | 2 | 3, size: number, isLast: boolean, content: Buffer): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntLE((size << 3) | (type << 1) | (isLast ? 1 : 0), 0, 3);
  return Buffer.concat([head, content]);
}

/** A zstd frame that stores `bytes` in blocks of at most 128 KiB, built by hand from RFC 8878. */
export function storedZstd(bytes: Buffer, blockSize: number = 128 * 1024): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length || at === 0; at += blockSize) {
    const part = bytes.subarray(at, at + blockSize);
    blocks.push(zstdBlock(0, part.length, at + blockSize >= bytes.length, part));
  }
  return Buffer.concat([header(bytes.length, false), ...blocks]);
}

/** A few bytes that decompress to `size` zero bytes and do not say so beforehand. */
export function largeZstd(size: number, windowByte = 0x38): Buffer {
  const blocks: Buffer[] = [];
  for (let left = size; left > 0; left -= 128 * 1024) {
    const part = Math.min(left, 128 * 1024);
    blocks.push(zstdBlock(1, part, left === part, Buffer.from([0])));
  }
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, windowByte]), ...blocks]);
}

/** A frame of the given header and blocks. */
export function zstdFrame(declared: number, single: boolean, blocks: readonly Buffer[], windowByte?: number): Buffer {
  return Buffer.concat([header(declared, single, windowByte), ...blocks]);
}
