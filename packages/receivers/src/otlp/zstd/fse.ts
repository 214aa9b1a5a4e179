import { malformed } from './malformed.js';

/** A decoding table of finite state entropy: per state its symbol, and how the next state is made (RFC 8878 §4.1). */
export interface FseTable {
  readonly accuracy: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** The table that always gives one symbol. */
export function constantTable(symbol: number): FseTable {
  return { accuracy: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) };
}

/** Builds the table of a distribution; a count of -1 stands for a probability below one. */
export function fseTable(counts: readonly number[], accuracy: number): FseTable {
  const size = 1 << accuracy;
  const symbols = new Uint8Array(size);
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  const next = counts.map((count) => Math.abs(count));
  let high = size;
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[--high] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  });
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state] as number;
    const count = next[symbol] as number;
    next[symbol] = count + 1;
    const width = accuracy - (31 - Math.clz32(count));
    bits[state] = width;
    bases[state] = (count << width) - size;
  }
  return { accuracy, symbols, bits, bases };
}

/** Reads a table's description; `end` is the first byte behind it. */
export function readFseTable(
  bytes: Buffer,
  start: number,
  limit: number,
  maxAccuracy: number,
  maxSymbol: number,
): { table: FseTable; end: number } {
  let position = start * 8;
  const take = (count: number, of: number): number => {
    const value = forwardBits(bytes, position, of);
    position += count;
    return value;
  };
  const accuracy = take(4, 4) + 5;
  if (accuracy > maxAccuracy) throw malformed(start, `a table of accuracy ${maxAccuracy} at most`);
  const counts: number[] = [];
  let threshold = 1 << accuracy;
  let remaining = threshold + 1;
  let width = accuracy + 1;
  while (remaining > 1 && counts.length <= maxSymbol && position < limit * 8) {
    const short = 2 * threshold - 1 - remaining;
    let value = take(0, width);
    if ((value & (threshold - 1)) < short) {
      value &= threshold - 1;
      position += width - 1;
    } else {
      value &= 2 * threshold - 1;
      if (value >= threshold) value -= short;
      position += width;
    }
    const count = value - 1;
    remaining -= Math.abs(count);
    counts.push(count);
    for (let zeros = count === 0 ? 3 : 0; zeros === 3 && counts.length <= maxSymbol + 1; ) {
      zeros = take(2, 2);
      for (let i = 0; i < zeros; i++) counts.push(0);
    }
    while (remaining > 0 && remaining < threshold) {
      width--;
      threshold >>= 1;
    }
  }
  const end = (position + 7) >> 3;
  if (remaining !== 1 || counts.length > maxSymbol + 1 || end > limit)
    throw malformed(start, 'a table whose probabilities sum up');
  return { table: fseTable(counts, accuracy), end };
}

function forwardBits(bytes: Buffer, position: number, count: number): number {
  const at = position >>> 3;
  const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return (word >>> (position & 7)) & ((1 << count) - 1);
}
