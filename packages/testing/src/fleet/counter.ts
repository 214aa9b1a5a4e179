import type { AttributesData, NumberPointData } from '@otelier/otlp';

/** What a process counts in. Claude Code counts in doubles; `int` has counts so large that their sums pass 2^53, which a pipeline has to carry exactly. */
export type Numbers = 'double' | 'int';

/** One counter of one process, exported as the OpenTelemetry JavaScript SDK does it. */
export class Counter {
  readonly metric: string;
  readonly attributes: AttributesData;
  /** Milliseconds since 1970 of the first use, which is the start time of its cumulative series. */
  readonly startAt: number;
  /** All that was ever counted. */
  value: number | bigint = 0;
  private pending: number | bigint = 0;
  /** Of the delta interval that is open; undefined while nobody counts. */
  private openSince: number | undefined;
  private lastCollect: number | undefined;

  constructor(metric: string, attributes: AttributesData, startAt: number, zero: number | bigint) {
    this.metric = metric;
    this.attributes = attributes;
    this.startAt = startAt;
    this.value = zero;
    this.pending = zero;
  }

  add(amount: number | bigint, at: number): void {
    // Of one kind each, as the process counts in doubles or in integers.
    this.value = (this.value as number) + (amount as number);
    this.pending = (this.pending as number) + (amount as number);
    // Back to back while it is used; after an idle interval the next one begins with the next use.
    this.openSince ??= this.lastCollect ?? at;
  }

  /** What the interval that ends at `at` has counted, or undefined when it was idle. */
  delta(at: number): NumberPointData | undefined {
    const { openSince, pending } = this;
    if (openSince === undefined) {
      this.lastCollect = undefined;
      return undefined;
    }
    this.openSince = undefined;
    this.lastCollect = at;
    this.pending = typeof pending === 'bigint' ? 0n : 0;
    return this.point(openSince, at, pending);
  }

  cumulative(at: number): NumberPointData {
    return this.point(this.startAt, at, this.value);
  }

  private point(from: number, to: number, value: number | bigint): NumberPointData {
    return { attributes: this.attributes, startTimeUnixNano: nanos(from), timeUnixNano: nanos(to), value };
  }
}

/** The client knows milliseconds only. */
function nanos(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}
