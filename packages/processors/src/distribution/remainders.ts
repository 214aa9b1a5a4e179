import { MetricsBatch } from '@otelier/otlp';

/** More than a step and a half of rounding, in parts of the value: what is more was not kept back of this value. */
const MOST = 2 ** -51;

/**
 * What rounding kept back of the doubles of a batch, by position of their points, for the stage that gets the same batch next.
 *
 * Of running totals it is there to be read: the next value brings it up to date. Of increments it has to be taken, all of it and once:
 * whoever offers it keeps it otherwise.
 */
export class Remainders {
  declare readonly values: Float64Array;
  declare private readonly from: readonly Remainders[];
  declare private isOpen: boolean;
  declare private isTaken: boolean;

  /** `from`: what went into these, and is taken with them. */
  constructor(values: Float64Array, ...from: readonly Remainders[]) {
    this.values = values;
    this.from = from;
    this.isOpen = true;
    this.isTaken = false;
  }

  /** Takes what is offered; false when that is over. */
  take(): boolean {
    if (!this.isThere()) return false;
    for (const each of this.from) each.take();
    this.isTaken = true;
    return true;
  }

  private isThere(): boolean {
    return this.isOpen && !this.isTaken && this.from.every((each) => each.isThere());
  }

  /** Ends the offer; whether it was taken. */
  close(): boolean {
    this.isOpen = false;
    return this.isTaken;
  }
}

/** By batch, not in its bytes: nobody outside of the processors sees them. */
const byBatch = new WeakMap<MetricsBatch, Remainders>();

export function offer(batch: MetricsBatch, remainders: Remainders): void {
  byBatch.set(batch, remainders);
}

/** Whatever was offered with the batch is not of its points as they are now. */
export function withdraw(batch: MetricsBatch): void {
  byBatch.delete(batch);
}

/** What was offered with the batch; undefined when points of it are gone since then, so that positions no longer say whose is what. */
export function offered(batch: MetricsBatch): Remainders | undefined {
  const remainders = byBatch.get(batch);
  return remainders !== undefined && remainders.values.length === batch.count ? remainders : undefined;
}

/** The remainder, or none when it cannot be of this value: somebody has changed it on the way. */
export function fitting(value: number, remainder: number): number {
  return Math.abs(remainder) <= Math.abs(value) * MOST ? remainder : 0;
}

/** `first` and then `last` as one, with what was kept back of the points of both. */
export function joined(first: MetricsBatch, last: MetricsBatch): MetricsBatch {
  const batch = MetricsBatch.merge([first, last]);
  const ofFirst = offered(first);
  const ofLast = offered(last);
  if (ofFirst === undefined && ofLast === undefined) return batch;
  const values = new Float64Array(first.count + last.count);
  if (ofFirst !== undefined) values.set(ofFirst.values);
  if (ofLast !== undefined) values.set(ofLast.values, first.count);
  offer(batch, new Remainders(values, ...[ofFirst, ofLast].filter((each) => each !== undefined)));
  return batch;
}
