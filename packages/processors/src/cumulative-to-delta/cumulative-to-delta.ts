import { type Processor, stage } from '@otelier/core';
import { Converter } from './converter.js';
import { Journal } from './journal.js';
import { type CumulativeToDeltaOptions, settings } from './options.js';
import type { Reason } from './reason.js';

export type { CumulativeToDeltaOptions } from './options.js';

const TOO_MANY = 'too many series for cumulativeToDelta(): raise maxStreams';

/**
 * Turns cumulative sums, histograms and exponential histograms into increments, so that what comes out adds up to what was counted:
 * across restarts, several processes under one name, late and repeated points, and batches that are refused further on.
 *
 * State is in memory. Delta, gauges and summaries pass as they are.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function cumulativeToDelta(options: CumulativeToDeltaOptions = {}): Processor<'metrics'> {
  const all = settings(options);
  return stage(
    'cumulative-to-delta',
    {
      metrics: (next, host) => {
        const converter = new Converter(all, host.clock.now());
        const journals: Journal[] = [];
        return {
          async consume(batch, flow) {
            if (!converter.concerns(batch)) return next(batch, flow);
            batch.own();
            const before = batch.count;
            const journal = journals.pop() ?? new Journal();
            const removed = new Map<Reason, number>();
            converter.convert(batch, host.clock.now(), journal, removed);
            for (const [reason, count] of removed) {
              if (reason === 'too_many_streams') flow.refuse(count, TOO_MANY);
              else flow.drop(count, reason);
            }
            if (batch.count > 0) {
              if (batch.count < before) batch.prune();
              try {
                await next(batch, flow);
              } catch (error) {
                // The sender may or may not come back with these points: either way the increments go out with the next ones.
                converter.undo(journal);
                throw error;
              }
            }
            journal.clear();
            if (journals.length < 8) journals.push(journal);
          },
        };
      },
    },
    { produces: 'delta', options: { ...options } },
  );
}
