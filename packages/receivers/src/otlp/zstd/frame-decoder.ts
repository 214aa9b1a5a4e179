import { BackwardBits } from './backward-bits.js';
import { constantTable, type FseTable, readFseTable } from './fse.js';
import type { HuffmanTable } from './huffman.js';
import { readLiterals } from './literals.js';
import { malformed } from './malformed.js';
import type { Output } from './output.js';
import {
  literalLengthCodes,
  literalLengths,
  matchLengthCodes,
  matchLengths,
  offsets,
  type SequenceCode,
} from './sequence-codes.js';

/** Farther back than any window that is accepted; also what one read of bits can give. */
const maxOffsetCode = 24;

/**
 * Decompresses the blocks of one frame (RFC 8878 §3.1.1), for Node versions whose zlib cannot.
 *
 * Every copy is checked against what its block may hold before it is made, so the work is bounded by input and output.
 */
export class FrameDecoder {
  declare private readonly body: Buffer;
  declare private readonly out: Output;
  declare private readonly blockLimit: number;
  declare private readonly start: number;
  declare private tree: HuffmanTable | undefined;
  declare private readonly tables: (FseTable | undefined)[];
  declare private readonly recent: [number, number, number];

  constructor(body: Buffer, out: Output, blockLimit: number) {
    this.body = body;
    this.out = out;
    this.blockLimit = blockLimit;
    this.start = out.size;
    this.tree = undefined;
    this.tables = [undefined, undefined, undefined];
    this.recent = [1, 4, 8];
  }

  /** Decompresses the block whose header is at `at`. */
  block(at: number): void {
    const header = this.body.readUIntLE(at, 3);
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    if (type === 0) this.out.append(this.body, at + 3, size);
    else if (type === 1) this.out.fill(this.body[at + 3] as number, size);
    else this.compressed(at + 3, at + 3 + size);
  }

  private compressed(start: number, limit: number): void {
    const { body, out, blockLimit } = this;
    const literals = readLiterals(body, start, limit, blockLimit, this.tree);
    this.tree = literals.tree;
    let at = literals.end;
    if (at >= limit) throw malformed(at, 'a number of sequences');
    let count = body[at++] as number;
    if (count === 255) {
      count = (body[at] ?? 0) + ((body[at + 1] ?? 0) << 8) + 0x7f00;
      at += 2;
    } else if (count > 127) count = ((count - 128) << 8) + (body[at++] ?? 0);
    // Each sequence copies at least three bytes.
    if (literals.bytes.length + count * 3 > blockLimit)
      throw malformed(start, `a block of at most ${blockLimit} bytes`);
    let used = 0;
    if (count > 0) used = this.sequences(at, limit, count, literals.bytes);
    else if (at !== limit) throw malformed(at, 'the end of the block');
    out.append(literals.bytes, used, literals.bytes.length - used);
  }

  private sequences(start: number, limit: number, count: number, literals: Uint8Array): number {
    const { body, out, recent } = this;
    const modes = body[start] ?? 0;
    if (start >= limit || (modes & 3) !== 0) throw malformed(start, 'the modes of the sequences');
    let at = this.table(0, literalLengths, modes >> 6, start + 1, limit);
    at = this.table(1, offsets, (modes >> 4) & 3, at, limit);
    at = this.table(2, matchLengths, (modes >> 2) & 3, at, limit);
    const [ll, of, ml] = this.tables as [FseTable, FseTable, FseTable];
    const bits = new BackwardBits(body, at, limit);
    let llState = bits.read(ll.accuracy);
    let ofState = bits.read(of.accuracy);
    let mlState = bits.read(ml.accuracy);
    const end = out.size + this.blockLimit;
    let used = 0;
    for (let i = 0; i < count; i++) {
      const ofCode = of.symbols[ofState] as number;
      const mlCode = ml.symbols[mlState] as number;
      const llCode = ll.symbols[llState] as number;
      if (ofCode > maxOffsetCode) throw malformed(at, 'an offset within the window');
      const distance = 2 ** ofCode + bits.read(ofCode);
      const length = (matchLengthCodes.bases[mlCode] as number) + bits.read(matchLengthCodes.bits[mlCode] as number);
      const plain = (literalLengthCodes.bases[llCode] as number) + bits.read(literalLengthCodes.bits[llCode] as number);
      if (used + plain > literals.length || out.size + plain + length > end)
        throw malformed(at, 'sequences within their block');
      out.append(literals, used, plain);
      used += plain;
      const offset = resolve(recent, distance, plain);
      if (offset < 1 || offset > out.size - this.start) throw malformed(at, 'an offset into what was decompressed');
      out.repeat(offset, length);
      if (i + 1 < count) {
        llState = (ll.bases[llState] as number) + bits.read(ll.bits[llState] as number);
        mlState = (ml.bases[mlState] as number) + bits.read(ml.bits[mlState] as number);
        ofState = (of.bases[ofState] as number) + bits.read(of.bits[ofState] as number);
      }
      if (bits.left < 0) throw malformed(at, 'enough bits for every sequence');
    }
    if (bits.left !== 0) throw malformed(at, 'a bit stream that ends with its last sequence');
    return used;
  }

  /** Puts the table that `mode` names in force; answers the first byte behind its description. */
  private table(slot: number, code: SequenceCode, mode: number, at: number, limit: number): number {
    if (mode === 0) this.tables[slot] = code.standard;
    else if (mode === 1) {
      const symbol = this.body[at] ?? 0;
      if (at >= limit || symbol > code.maxSymbol) throw malformed(at, `a code of at most ${code.maxSymbol}`);
      this.tables[slot] = constantTable(symbol);
      return at + 1;
    } else if (mode === 2) {
      const { table, end } = readFseTable(this.body, at, limit, code.maxAccuracy, code.maxSymbol);
      this.tables[slot] = table;
      return end;
    } else if (this.tables[slot] === undefined) throw malformed(at, 'a table before one is used again');
    return at;
  }
}

/** The offset that a sequence means, where small numbers stand for recent ones (RFC 8878 §3.1.1.5). */
function resolve(recent: [number, number, number], distance: number, plain: number): number {
  const [first, second, third] = recent;
  const which = distance > 3 ? 3 : distance - 1 + (plain === 0 ? 1 : 0);
  if (distance <= 3 && which === 0) return first;
  const offset = distance > 3 ? distance - 3 : which === 1 ? second : which === 2 ? third : first - 1;
  if (distance > 3 || which > 1) recent[2] = second;
  recent[1] = first;
  recent[0] = offset;
  return offset;
}
