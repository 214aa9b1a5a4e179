import type { Admission, Lease } from '../host.js';
import { Tally } from '../run/tally.js';
import type { Signal } from '../signal.js';

/** How much may be in flight, and how much of that each signal may fill. */
export interface BudgetLimits {
  readonly bytes: number;
  /** By signal, from 0 to 1: beyond it requests of the signal are refused. */
  readonly shares: Readonly<Record<Signal, number>>;
}

/** Everybody may fill all of it. */
export const equalShares: BudgetLimits['shares'] = { logs: 1, metrics: 1, traces: 1 };

/**
 * The byte budget of a collector: first come, first served, nothing waits.
 *
 * A signal of lower priority finds it full earlier. While the process is short of memory, all of it is {@link squeeze}d.
 */
export class Budget implements Admission {
  declare limitBytes: number;
  declare inFlightBytes: number;
  declare refuseAfterMs: number;
  /** Requests that did not find room, by reason: `full`, `priority`, `memory`, and those of receivers. */
  declare readonly refused: Tally;
  declare private shares: BudgetLimits['shares'];
  /** Share of the limit that may be used now, above 0 and at most 1. */
  declare private squeezed: number;
  /** Bytes that may be in flight when one more request is admitted, by signal. */
  declare private marks: Record<Signal, number>;

  constructor(limits: BudgetLimits) {
    this.inFlightBytes = 0;
    this.refuseAfterMs = 0;
    this.refused = new Tally();
    this.squeezed = 1;
    this.limitBytes = limits.bytes;
    this.shares = limits.shares;
    this.marks = this.marked();
  }

  /** From now on there is so much; what is in flight stays. */
  resize({ bytes, shares }: BudgetLimits): void {
    this.limitBytes = bytes;
    this.shares = shares;
    this.marks = this.marked();
  }

  /** Lets only this share of the limit be used, above 0 and at most 1. */
  squeeze(share: number): void {
    this.squeezed = share;
    this.marks = this.marked();
  }

  get usableBytes(): number {
    return this.limitBytes * this.squeezed;
  }

  /** Share of what may be used now that is in use; beyond 1 when it was squeezed, or more is held than was admitted. */
  get filled(): number {
    return this.inFlightBytes / this.usableBytes;
  }

  acquire(bytes: number, signal?: Signal): Lease | undefined {
    return this.take(bytes, signal) ? new Share(this, bytes, signal) : undefined;
  }

  hold(bytes: number): Lease {
    this.inFlightBytes += bytes;
    return new Share(this, bytes, undefined);
  }

  turnAway(reason: string): void {
    this.refused.add(reason, 1);
  }

  take(bytes: number, signal: Signal | undefined): boolean {
    const after = this.inFlightBytes + bytes;
    const mark = signal === undefined ? this.usableBytes : this.marks[signal];
    // What is larger than its mark must find room one day: when it is alone.
    if (after > mark && (this.inFlightBytes > 0 || after > this.limitBytes)) {
      this.refused.add(this.whyNot(after, signal), 1);
      return false;
    }
    this.inFlightBytes = after;
    return true;
  }

  private whyNot(after: number, signal: Signal | undefined): string {
    if (after > this.limitBytes) return 'full';
    const share = signal === undefined ? 1 : this.shares[signal];
    return after > this.limitBytes * share ? 'priority' : 'memory';
  }

  private marked(): Record<Signal, number> {
    const { shares, usableBytes: bytes } = this;
    return { logs: bytes * shares.logs, metrics: bytes * shares.metrics, traces: bytes * shares.traces };
  }
}

class Share implements Lease {
  declare private readonly budget: Budget;
  declare private readonly signal: Signal | undefined;
  declare private leased: number;
  declare private released: boolean;

  constructor(budget: Budget, bytes: number, signal: Signal | undefined) {
    this.budget = budget;
    this.signal = signal;
    this.leased = bytes;
    this.released = false;
  }

  grow(more: number): boolean {
    if (this.released || !this.budget.take(more, this.signal)) return false;
    this.leased += more;
    return true;
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    this.budget.inFlightBytes -= this.leased;
  }
}
