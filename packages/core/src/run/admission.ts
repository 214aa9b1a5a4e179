import type { Admission, Lease } from '../host.js';

/** The byte budget of a collector: first come, first served, nothing waits. */
export function createAdmission(limitBytes: number): Admission {
  return new Budget(limitBytes);
}

class Budget implements Admission {
  declare readonly limitBytes: number;
  declare inFlightBytes: number;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
    this.inFlightBytes = 0;
  }

  acquire(bytes: number): Lease | undefined {
    return this.take(bytes) ? new Share(this, bytes) : undefined;
  }

  take(bytes: number): boolean {
    if (this.inFlightBytes + bytes > this.limitBytes) return false;
    this.inFlightBytes += bytes;
    return true;
  }
}

class Share implements Lease {
  declare private readonly budget: Budget;
  declare private leased: number;
  declare private released: boolean;

  constructor(budget: Budget, bytes: number) {
    this.budget = budget;
    this.leased = bytes;
    this.released = false;
  }

  grow(more: number): boolean {
    if (this.released || !this.budget.take(more)) return false;
    this.leased += more;
    return true;
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    this.budget.inFlightBytes -= this.leased;
  }
}
