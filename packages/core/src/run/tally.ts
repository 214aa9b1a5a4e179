import type { CountsByReason } from './account-data.js';

/** One count of a tally, kept as an object so that counting and observing it allocate nothing. */
export interface Count {
  value: number;
  /** Attributes under which telemetry observes this count, made on its first observation. */
  attributes: { [name: string]: string } | undefined;
}

// Reasons are meant to be few; one that carries data must not grow the table without end.
const maxReasons = 100;

/** Counts by reason. */
export class Tally {
  readonly counts: Map<string, Count> = new Map();

  add(reason: string, count: number): void {
    const known = this.counts.get(reason) ?? this.#open(reason);
    known.value += count;
  }

  get total(): number {
    let total = 0;
    for (const { value } of this.counts.values()) total += value;
    return total;
  }

  /** Plain data. */
  data(): CountsByReason {
    return Object.fromEntries([...this.counts].map(([reason, { value }]) => [reason, value]));
  }

  #open(reason: string): Count {
    const name = this.counts.size < maxReasons ? reason : 'other';
    const known = this.counts.get(name);
    if (known !== undefined) return known;
    const made: Count = { value: 0, attributes: undefined };
    this.counts.set(name, made);
    return made;
  }
}
