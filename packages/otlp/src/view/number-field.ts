import { foundEdit, foundIn, load, scratch, type View } from './view.js';

// A oneof of a double and an sfixed64, as data points and exemplars have it: the tag before the eight bytes tells which it is.

/** The number, 0 when there is none. */
export function readNumber(of: View, doubleTag: number, intTag: number): number {
  const p = of.locateNumber(doubleTag, intTag);
  if (p < 0) return 0;
  const isDouble = foundIn[p - 1] === doubleTag;
  if (foundEdit >= 0) {
    const v = load(foundIn, p);
    return isDouble ? v.getFloat64(0, true) : v.getInt32(4, true) * 4294967296 + v.getUint32(0, true);
  }
  const v = of.root.view;
  return isDouble ? v.getFloat64(p, true) : v.getInt32(p + 4, true) * 4294967296 + v.getUint32(p, true);
}

/** 'double' or 'int', or undefined when neither is there. */
export function numberKind(of: View, doubleTag: number, intTag: number): 'double' | 'int' | undefined {
  const p = of.locateNumber(doubleTag, intTag);
  return p < 0 ? undefined : foundIn[p - 1] === doubleTag ? 'double' : 'int';
}

/** The number as an exact integer; of a double its whole part. */
export function readInteger(of: View, doubleTag: number, intTag: number): bigint {
  const p = of.locateNumber(doubleTag, intTag);
  if (p < 0) return 0n;
  const v = load(foundIn, p);
  if (foundIn[p - 1] === intTag) return v.getBigInt64(0, true);
  const x = v.getFloat64(0, true);
  return Number.isFinite(x) ? BigInt(Math.trunc(x)) : 0n;
}

/** Keeps an int an int while the value is a safe integer; else writes a double. */
export function writeNumber(of: View, doubleTag: number, intTag: number, value: number): void {
  const p = of.locateNumber(doubleTag, intTag);
  if (p >= 0 && foundEdit < 0 && of.writable()) {
    const b = of.bytes;
    const v = of.root.view;
    if (b[p - 1] === doubleTag) {
      v.setFloat64(p, value, true);
      return;
    }
    if (Number.isSafeInteger(value)) {
      const hi = Math.floor(value / 4294967296);
      v.setInt32(p + 4, hi, true);
      v.setUint32(p, value - hi * 4294967296, true);
      return;
    }
    b[p - 1] = doubleTag;
    v.setFloat64(p, value, true);
    return;
  }
  const int = p >= 0 && foundIn[p - 1] === intTag && Number.isSafeInteger(value);
  if (int) scratch.setBigInt64(0, BigInt(value), true);
  else scratch.setFloat64(0, value, true);
  of.setEight(p, int ? intTag : doubleTag, int ? doubleTag : intTag);
}

/** Writes an int, whatever was there. */
export function writeInteger(of: View, doubleTag: number, intTag: number, value: bigint): void {
  if (BigInt.asIntN(64, value) !== value) throw new RangeError('expected a bigint that fits in 64 signed bits');
  const p = of.locateNumber(doubleTag, intTag);
  scratch.setBigInt64(0, value, true);
  of.setEight(p, intTag, doubleTag);
}
