import { type HuffmanTable, readHuffmanStream, readHuffmanTable } from './huffman.js';
import { malformed } from './malformed.js';

/** The literals of a block, and where its sequences begin. */
export interface Literals {
  readonly bytes: Uint8Array;
  readonly end: number;
  /** The tree in force, for blocks that use it again. */
  readonly tree: HuffmanTable | undefined;
}

/** Reads the literals section of a compressed block (RFC 8878 §3.1.1.3.1), at most `most` bytes of them. */
export function readLiterals(
  body: Buffer,
  start: number,
  limit: number,
  most: number,
  tree: HuffmanTable | undefined,
): Literals {
  const head = (i: number): number => body[start + i] ?? 0;
  const type = head(0) & 3;
  const format = (head(0) >> 2) & 3;
  if (type < 2) {
    const headBytes = format === 1 ? 2 : format === 3 ? 3 : 1;
    const size =
      headBytes === 1 ? head(0) >> 3 : (head(0) >> 4) | (head(1) << 4) | (headBytes === 3 ? head(2) << 12 : 0);
    const at = start + headBytes;
    const end = at + (type === 0 ? size : 1);
    if (end > limit || size > most) throw malformed(start, `literals of at most ${most} bytes within their block`);
    return { bytes: type === 0 ? body.subarray(at, end) : new Uint8Array(size).fill(body[at] as number), end, tree };
  }
  const headBytes = format < 2 ? 3 : format + 2;
  const width = format < 2 ? 10 : format === 2 ? 14 : 18;
  const low = (head(0) | (head(1) << 8) | (head(2) << 16) | (headBytes > 3 ? head(3) << 24 : 0)) >>> 0;
  const mask = (1 << width) - 1;
  const size = (low >>> 4) & mask;
  const packed = ((low >>> (4 + width)) | (headBytes === 5 ? head(4) << 10 : 0)) & mask;
  let at = start + headBytes;
  const end = at + packed;
  if (end > limit || size > most) throw malformed(start, `literals of at most ${most} bytes within their block`);
  let table = tree;
  if (type === 2) ({ table, end: at } = readHuffmanTable(body, at, end));
  if (table === undefined) throw malformed(start, 'a Huffman tree before one is used again');
  const bytes = new Uint8Array(size);
  if (format === 0) readHuffmanStream(table, body, at, end, bytes, 0, size);
  else readFour(table, body, at, end, bytes);
  return { bytes, end, tree: table };
}

function readFour(table: HuffmanTable, body: Buffer, start: number, end: number, out: Uint8Array): void {
  if (start + 6 > end) throw malformed(start, 'the lengths of four streams');
  const part = (out.length + 3) >> 2;
  let at = start + 6;
  for (let i = 0; i < 4; i++) {
    const to = i < 3 ? at + body.readUInt16LE(start + 2 * i) : end;
    if (to > end || part * i > out.length) throw malformed(start, 'four streams within their block');
    readHuffmanStream(table, body, at, to, out, part * i, Math.min(part * (i + 1), out.length));
    at = to;
  }
}
