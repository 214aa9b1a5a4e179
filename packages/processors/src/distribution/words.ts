import { DOUBLE, INT } from '@otelier/otlp';

// Number values and nanoseconds as pairs of 32-bit words, low then high: a bigint for each would cost more than the rest of the work.

const scratch = new DataView(new ArrayBuffer(8));

/** Low word of the last {@link add} or {@link subtract}, {@link ofNumber} or {@link ofDouble}. */
export let low = 0;
/** High word of the same. */
export let high = 0;
/** Whether the words of the last {@link add} or {@link subtract} are a `DOUBLE` or an `INT`. */
export let kind: number = INT;
/** The same as a number when it is a `DOUBLE`. */
export let double = 0;

/** The number that the words of a double or int stand for; of ints beyond 2^53 the nearest. */
export function toNumber(ofKind: number, lowWord: number, highWord: number): number {
  if (ofKind === INT) return highWord * 4294967296 + (lowWord >>> 0);
  scratch.setInt32(0, lowWord, true);
  scratch.setInt32(4, highWord, true);
  return scratch.getFloat64(0, true);
}

/** Leaves the words of a double in {@link low} and {@link high}. */
export function ofDouble(value: number): void {
  scratch.setFloat64(0, value, true);
  low = scratch.getInt32(0, true);
  high = scratch.getInt32(4, true);
  kind = DOUBLE;
  double = value;
}

/** The sum of two values: of ints exact, and a double only where it leaves 64 bits; of doubles, and of one each, a double. */
export function add(kindA: number, lowA: number, highA: number, kindB: number, lowB: number, highB: number): void {
  if (kindA === INT && kindB === INT) {
    const l = (lowA >>> 0) + (lowB >>> 0);
    const h = highA + highB + (l > 4294967295 ? 1 : 0);
    if (h === (h | 0)) {
      low = l | 0;
      high = h;
      kind = INT;
      return;
    }
  }
  ofDouble(toNumber(kindA, lowA, highA) + toNumber(kindB, lowB, highB));
}

/** The first value less the second; as {@link add}. */
export function subtract(kindA: number, lowA: number, highA: number, kindB: number, lowB: number, highB: number): void {
  if (kindA === INT && kindB === INT) {
    const l = (lowA >>> 0) - (lowB >>> 0);
    const h = highA - highB - (l < 0 ? 1 : 0);
    if (h === (h | 0)) {
      low = l | 0;
      high = h;
      kind = INT;
      return;
    }
  }
  ofDouble(toNumber(kindA, lowA, highA) - toNumber(kindB, lowB, highB));
}

/** Negative when the first value is less, positive when it is greater, NaN when one is. */
export function compare(
  kindA: number,
  lowA: number,
  highA: number,
  kindB: number,
  lowB: number,
  highB: number,
): number {
  if (kindA === INT && kindB === INT) return highA - highB || (lowA >>> 0) - (lowB >>> 0);
  return toNumber(kindA, lowA, highA) - toNumber(kindB, lowB, highB);
}

/** Negative when the first time is earlier; times are unsigned. */
export function compareTimes(lowA: number, highA: number, lowB: number, highB: number): number {
  return (highA >>> 0) - (highB >>> 0) || (lowA >>> 0) - (lowB >>> 0);
}
