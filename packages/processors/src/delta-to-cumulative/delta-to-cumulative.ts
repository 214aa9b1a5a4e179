import { type Processor, stage } from '@otelier/core';
import { Outcomes } from '../series-state/outcomes.js';
import { Accumulator } from './accumulator.js';
import { type DeltaToCumulativeOptions, settings } from './options.js';
import { following } from './zeros.js';

export type { DeltaToCumulativeOptions } from './options.js';

const TOO_MANY = 'too_many_streams: too many metrics and resources for deltaToCumulative(), raise maxStreams';

/**
 * Adds delta sums, histograms and exponential histograms up into series that only ever grow, one per identity, however many senders
 * there are and however late their points come. Each new series begins with a zero point.
 *
 * Its state is kept in the data directory, if there is one. Cumulative metrics, gauges and summaries pass as they are.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function deltaToCumulative(options: DeltaToCumulativeOptions = {}): Processor<'metrics'> {
  const all = settings(options);
  return stage(
    'delta-to-cumulative',
    {
      metrics: (next, host) => {
        const outcomes = new Outcomes();
        const accumulator = new Accumulator(all, host.clock.now(), outcomes);
        const end = accumulator.totals.observe(host);
        return {
          state: accumulator,
          async consume(batch, flow) {
            if (!accumulator.concerns(batch)) return next(batch, flow);
            const before = batch.count;
            const zeros = accumulator.accumulate(batch, host.clock.now());
            outcomes.report(flow, host, TOO_MANY);
            if (batch.count === 0) return;
            if (batch.count < before) batch.prune();
            if (zeros !== undefined) flow.add(zeros.count, 'seed');
            return next(following(zeros, batch), flow);
          },
          async close() {
            end();
          },
        };
      },
    },
    { produces: 'cumulative', stateful: true, options: { ...options } },
  );
}
