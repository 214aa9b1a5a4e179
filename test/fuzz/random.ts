/** Seeded random numbers (xorshift32): the same seed makes the same run. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ 0x5bd1e995) | 0 || 1;
  }

  /** 32 random bits, unsigned. */
  bits(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return x >>> 0;
  }

  /** A whole number from 0 up to, not including, `end`; 0 when `end` is 0. */
  below(end: number): number {
    return end < 2 ? 0 : this.bits() % end;
  }

  /** From 0 up to, not including, 1. */
  share(): number {
    return this.bits() / 4294967296;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}
