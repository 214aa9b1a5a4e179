import { PipelineError, type Processor, stage } from '@otelier/core';
import { MetricsBatch } from '@otelier/otlp';
import { Accumulator, type Reason } from './accumulator.js';
import { Journal } from './journal.js';
import { type DeltaToCumulativeOptions, settings } from './options.js';

export type { DeltaToCumulativeOptions } from './options.js';

const TOO_MANY = 'too many series for deltaToCumulative(): raise maxStreams';

/**
 * Adds delta sums, histograms and exponential histograms up into series that only ever grow, one per identity, however many senders
 * there are and however late their points come. Each new series begins with a zero point.
 *
 * State is in memory. Cumulative metrics, gauges and summaries pass as they are.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function deltaToCumulative(options: DeltaToCumulativeOptions = {}): Processor<'metrics'> {
  const all = settings(options);
  return stage(
    'delta-to-cumulative',
    {
      metrics: (next, host) => {
        const accumulator = new Accumulator(all, host.clock.now());
        return {
          async consume(batch, flow) {
            const now = host.clock.now();
            const journal = new Journal();
            const found = { points: 0 };
            const zeros = accumulator.look(batch, now, journal, found);
            if (found.points === 0) return next(batch, flow);
            batch.own();
            const before = batch.count;
            const removed = new Map<Reason, number>();
            accumulator.accumulate(batch, now, journal, removed);
            for (const [reason, count] of removed) {
              if (reason === 'too_many_streams') flow.refuse(count, TOO_MANY);
              else flow.drop(count, reason);
            }
            if (batch.count === 0) return;
            if (batch.count < before) batch.prune();
            if (zeros !== undefined) flow.add(zeros.count, 'seed');
            try {
              await next(zeros === undefined ? batch : MetricsBatch.merge([zeros, batch]), flow);
            } catch (error) {
              accumulator.settle(journal, PipelineError.from(error).retryable ? 'comes back' : 'refused');
              throw error;
            }
            accumulator.settle(journal, 'delivered');
          },
        };
      },
    },
    { produces: 'cumulative', options: { ...options } },
  );
}
