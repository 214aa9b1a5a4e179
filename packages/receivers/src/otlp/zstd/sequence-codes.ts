import { type FseTable, fseTable } from './fse.js';

/** One of the three numbers of a sequence: how its codes are read (RFC 8878 §3.1.1.3.2.1). */
export interface SequenceCode {
  readonly maxAccuracy: number;
  readonly maxSymbol: number;
  /** The distribution that is in force when a block names none. */
  readonly standard: FseTable;
}

const repeat = (value: number, times: number): number[] => Array<number>(times).fill(value);

export const literalLengths: SequenceCode = {
  maxAccuracy: 9,
  maxSymbol: 35,
  standard: fseTable([4, 3, ...repeat(2, 11), 1, 1, 1, ...repeat(2, 9), 3, 2, ...repeat(1, 5), ...repeat(-1, 4)], 6),
};
export const matchLengths: SequenceCode = {
  maxAccuracy: 9,
  maxSymbol: 52,
  standard: fseTable([1, 4, 3, ...repeat(2, 6), ...repeat(1, 37), ...repeat(-1, 7)], 6),
};
export const offsets: SequenceCode = {
  maxAccuracy: 8,
  maxSymbol: 31,
  standard: fseTable([...repeat(1, 6), 2, 2, 2, ...repeat(1, 15), ...repeat(-1, 5)], 5),
};

/** Extra bits of each code from a first code on; a code's base is the sum of what the codes before it cover. */
function codes(first: number, plain: number, extraBits: readonly number[]): { bases: Uint32Array; bits: Uint8Array } {
  const bits = Uint8Array.of(...repeat(0, plain), ...extraBits);
  const bases = new Uint32Array(bits.length);
  let base = first;
  bits.forEach((count, code) => {
    bases[code] = base;
    base += 2 ** count;
  });
  return { bases, bits };
}

/** Base and extra bits of each literal length code. */
export const literalLengthCodes: { readonly bases: Uint32Array; readonly bits: Uint8Array } = codes(
  0,
  16,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);
/** Base and extra bits of each match length code. */
export const matchLengthCodes: { readonly bases: Uint32Array; readonly bits: Uint8Array } = codes(
  3,
  32,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);
