/** Bits behind the binary point: enough for every double from 2^-75 up, and for sums of any length. */
const scale = 128n;

/** A sum of integers and doubles without any rounding. */
export class Exact {
  /** The sum in units of 2^-128. */
  units: bigint = 0n;

  /** The exact value of a number, which is what a double stands for. */
  static of(value: number | bigint): Exact {
    const sum = new Exact();
    sum.add(value);
    return sum;
  }

  /** @throws {RangeError} when `value` is not finite, or too small to be kept exactly. */
  add(value: number | bigint): void {
    this.units += typeof value === 'bigint' ? value << scale : unitsOf(value);
  }

  addExact(other: Exact): void {
    this.units += other.units;
  }

  /** The double nearest to the sum. */
  toNumber(): number {
    const negative = this.units < 0n;
    const magnitude = negative ? -this.units : this.units;
    const surplus = BigInt(Math.max(0, magnitude.toString(2).length - 64));
    // 64 bits, the last of them sticky: one rounding, to the nearest, in Number().
    const kept = magnitude >> surplus;
    const sticky = surplus > 0n && kept << surplus !== magnitude ? 1n : 0n;
    const value = Number(kept | sticky) * 2 ** Number(surplus - scale);
    return negative ? -value : value;
  }

  /** How far `other` is from this sum, in rounding steps of the double nearest to this sum (units in its last place), rounded up. */
  stepsTo(other: Exact): number {
    const apart = this.units - other.units;
    if (apart === 0n) return 0;
    const nearest = Math.abs(this.toNumber());
    const step = unitsOf(2 ** Math.max(Math.floor(Math.log2(nearest || Number.MIN_VALUE)) - 52, -Number(scale)));
    const steps = (apart < 0n ? -apart : apart) + step - 1n;
    return Number(steps / step);
  }
}

const words = new DataView(new ArrayBuffer(8));

function unitsOf(value: number): bigint {
  if (!Number.isFinite(value)) throw new RangeError(`expected a finite number, got ${value}`);
  words.setFloat64(0, value);
  const bits = words.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const mantissa = (bits & 0xfffffffffffffn) | (exponent === 0n ? 0n : 1n << 52n);
  const shift = (exponent === 0n ? 1n : exponent) - 1075n + scale;
  const magnitude = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  if (shift < 0n && magnitude << -shift !== mantissa) throw new RangeError(`${value} is too small to be kept exactly`);
  return bits >> 63n === 1n ? -magnitude : magnitude;
}
