import { BackwardBits } from './backward-bits.js';
import { readFseTable } from './fse.js';
import { malformed } from './malformed.js';

/** A Huffman decoding table: the next `depth` bits give symbol and length. */
export interface HuffmanTable {
  readonly depth: number;
  readonly symbols: Uint8Array;
  readonly lengths: Uint8Array;
}

const deepest = 11;

/** Reads a tree description (RFC 8878 §4.2.1); `end` is the first byte behind it. */
export function readHuffmanTable(bytes: Buffer, start: number, limit: number): { table: HuffmanTable; end: number } {
  const header = bytes[start] as number;
  const isDirect = header >= 128;
  const end = start + 1 + (isDirect ? (header - 126) >> 1 : header);
  if (start >= limit || end > limit) throw malformed(start, 'a whole Huffman tree');
  const weights: number[] = [];
  if (isDirect) {
    for (let i = 0; i < header - 127; i++) {
      const byte = bytes[start + 1 + (i >> 1)] as number;
      weights.push(i & 1 ? byte & 15 : byte >> 4);
    }
  } else readWeights(bytes, start + 1, end, weights);
  return { table: huffmanTable(weights, start), end };
}

function readWeights(bytes: Buffer, start: number, end: number, weights: number[]): void {
  const { table, end: from } = readFseTable(bytes, start, end, 6, 255);
  const bits = new BackwardBits(bytes, from, end);
  // Two states take turns; the one that runs out of bits leaves the last word to the other.
  let state = bits.read(table.accuracy);
  let other = bits.read(table.accuracy);
  while (weights.length < 255) {
    weights.push(table.symbols[state] as number);
    const next = (table.bases[state] as number) + bits.read(table.bits[state] as number);
    if (bits.left < 0) {
      weights.push(table.symbols[other] as number);
      return;
    }
    state = other;
    other = next;
  }
  throw malformed(start, 'at most 255 Huffman weights');
}

function huffmanTable(weights: number[], at: number): HuffmanTable {
  let sum = 0;
  for (const weight of weights) {
    if (weight > deepest) throw malformed(at, `Huffman codes of at most ${deepest} bits`);
    if (weight > 0) sum += 1 << (weight - 1);
  }
  // The last weight is not written: it fills the sum up to a power of two.
  const depth = 32 - Math.clz32(sum);
  const left = (1 << depth) - sum;
  if (sum === 0 || depth > deepest || (left & (left - 1)) !== 0) throw malformed(at, 'Huffman weights that sum up');
  weights.push(32 - Math.clz32(left));
  const symbols = new Uint8Array(1 << depth);
  const lengths = new Uint8Array(1 << depth);
  let from = 0;
  for (let weight = 1; weight <= depth; weight++) {
    weights.forEach((own, symbol) => {
      if (own !== weight) return;
      const to = from + (1 << (weight - 1));
      symbols.fill(symbol, from, to);
      lengths.fill(depth + 1 - weight, from, to);
      from = to;
    });
  }
  return { depth, symbols, lengths };
}

/** Decodes one stream into exactly `out.subarray(from, to)`. */
export function readHuffmanStream(
  table: HuffmanTable,
  bytes: Buffer,
  start: number,
  end: number,
  out: Uint8Array,
  from: number,
  to: number,
): void {
  const bits = new BackwardBits(bytes, start, end);
  const { depth, symbols, lengths } = table;
  for (let at = from; at < to && bits.left >= 0; at++) {
    const code = bits.peek(depth);
    out[at] = symbols[code] as number;
    bits.left -= lengths[code] as number;
  }
  if (bits.left !== 0) throw malformed(start, 'a Huffman stream that ends with its last symbol');
}
