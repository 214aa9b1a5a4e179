import { type Clock, type Logger, PipelineError } from '@otelier/core';
import type { Records } from './records.js';

const quietMs = 10_000;

/** Tells people what a queue goes through: at once, then at most every ten seconds, and when it is over. */
export class Troubles {
  private readonly logger: Logger;
  private readonly clock: Clock;
  /** Since when the backend has been failing, in milliseconds since 1970. */
  failingSince: number | undefined;
  /** What its last failure said. */
  failingWhy: string | undefined;
  private quietUntil: number = Number.NEGATIVE_INFINITY;
  private unwritableUntil: number = Number.NEGATIVE_INFINITY;

  constructor(logger: Logger, clock: Clock) {
    this.logger = logger;
    this.clock = clock;
  }

  /** What a start has found. */
  recovered(
    records: Pick<Records<never>, 'replaces'> | undefined,
    found: { readonly batches: number; readonly items: number; readonly bytes: number },
  ): void {
    if (records?.replaces !== undefined) {
      this.logger.error(
        { moved: records.replaces },
        'batches that this queue may have had in the damaged store are out of its sight',
      );
    }
    if (found.items > 0) this.logger.info(found, 'goes on with what an earlier run has left in the queue');
  }

  /** What was queued for one place goes to another, since that is what the pipeline file says now. */
  redirected(from: string, to: string, batches: number): void {
    this.logger.warn({ from, to, batches }, 'batches that were queued for another place go to this one');
  }

  /** The backend does not take a batch for a reason that may pass. */
  failing(error: unknown, { batches, bytes }: { readonly batches: number; readonly bytes: number }): void {
    const now = this.clock.now();
    this.failingSince ??= now;
    this.failingWhy = PipelineError.from(error).message;
    if (now < this.quietUntil) return;
    this.quietUntil = now + quietMs;
    this.logger.warn(
      { batches, bytes, error: this.failingWhy },
      'batches are not taken at present: they stay in the queue',
    );
  }

  /** The backend has taken a batch. */
  delivered(): void {
    if (this.failingSince === undefined) return;
    const afterMs = this.clock.now() - this.failingSince;
    this.failingSince = undefined;
    this.failingWhy = undefined;
    this.quietUntil = Number.NEGATIVE_INFINITY;
    this.logger.info({ afterMs }, 'batches are taken again');
  }

  /** A commit has failed. */
  unwritable(error: unknown): void {
    const now = this.clock.now();
    if (now < this.unwritableUntil) return;
    this.unwritableUntil = now + quietMs;
    this.logger.error({ err: error }, 'the disk of the queue does not take writes: nothing is accepted until it does');
  }
}
