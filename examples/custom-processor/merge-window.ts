import { LogsBatch, operator, type Processor } from 'otelier';
import { bufferTime, filter, map } from 'rxjs';

/**
 * The RxJS form, for time and state: everything that comes within `ms` milliseconds leaves as one batch.
 *
 * Every sender whose records are in that batch waits for its delivery, and hears of its failure.
 */
export const mergeWindow = (ms: number): Processor<'logs'> =>
  operator('merge-window', {
    logs: (batches$) =>
      batches$.pipe(
        bufferTime(ms),
        filter((held) => held.length > 0),
        map((held) => LogsBatch.merge(held)),
      ),
  });
