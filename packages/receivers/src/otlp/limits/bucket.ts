/**
 * A token bucket whose waits are exact: after the time that {@link wait} names, and not a millisecond sooner, there is something to take.
 *
 * It holds one second's worth. What is taken may be more than there is: the rest is a debt, so that the size of a request need not be known before.
 */
export class Bucket {
  /** Tokens a second, which are also thousandths of a token a millisecond. */
  declare private readonly rate: number;
  /** Thousandths of tokens, so that refilling is arithmetic of whole numbers. */
  declare private level: number;
  declare private at: number;

  /** `rate`: tokens a second, a whole number above 0. `now` in milliseconds, as everywhere here. */
  constructor(rate: number, now: number) {
    this.rate = rate;
    this.level = rate * 1000;
    this.at = now;
  }

  /** Milliseconds until there is a token, 0 when there is one now; otherwise at least 1. */
  wait(now: number): number {
    this.fill(now);
    return this.level >= 1000 ? 0 : Math.ceil((1000 - this.level) / this.rate);
  }

  /** Takes tokens, also ones that are yet to come. */
  take(tokens: number): void {
    this.level -= tokens * 1000;
  }

  /** Adds tokens; those above what it holds are lost when time passes. */
  give(tokens: number): void {
    this.level += tokens * 1000;
  }

  /** Whether nothing would be lost by making a new one instead. */
  isFull(now: number): boolean {
    this.fill(now);
    return this.level === this.rate * 1000;
  }

  private fill(now: number): void {
    // A clock that was set back brings nothing, and takes nothing.
    if (now > this.at) this.level = Math.min(this.rate * 1000, this.level + (now - this.at) * this.rate);
    this.at = now;
  }
}
