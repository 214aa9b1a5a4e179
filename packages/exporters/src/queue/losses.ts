import { type Clock, type Logger, PipelineError } from '@otelier/core';

const quietMs = 10_000;

/** What was accepted and then not delivered: logged at once, then at most every ten seconds, with the sums since. */
export class Losses {
  private readonly logger: Logger;
  private readonly clock: Clock;
  private lastAt: number = Number.NEGATIVE_INFINITY;
  private batches: number = 0;
  private items: number = 0;

  constructor(logger: Logger, clock: Clock) {
    this.logger = logger;
    this.clock = clock;
  }

  /** `error` is why the newest of them failed; undefined for the oldest that made room. */
  add(items: number, reason: string, error?: unknown, batches: number = 1): void {
    this.batches += batches;
    this.items += items;
    const now = this.clock.now();
    if (now - this.lastAt < quietMs) return;
    this.lastAt = now;
    this.report(reason, error === undefined ? undefined : PipelineError.from(error));
  }

  /** Logs what has not been logged yet. */
  flush(): void {
    if (this.batches > 0) this.report('see above', undefined);
  }

  private report(reason: string, error: PipelineError | undefined): void {
    const fields = { batches: this.batches, items: this.items, reason, ...(error && { error: error.message }) };
    this.batches = 0;
    this.items = 0;
    this.logger.error(fields, 'queued data was dropped');
  }
}
