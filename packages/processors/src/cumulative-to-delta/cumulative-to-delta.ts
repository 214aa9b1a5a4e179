import { type Processor, stage } from '@otelier/core';
import { Outcomes } from '../series-state/outcomes.js';
import { Converter } from './converter.js';
import { type CumulativeToDeltaOptions, settings } from './options.js';

export type { CumulativeToDeltaOptions } from './options.js';

const TOO_MANY = 'too_many_streams: too many series for cumulativeToDelta(), raise maxStreams';

/**
 * Turns cumulative sums, histograms and exponential histograms into increments, so that what comes out adds up to what was counted:
 * across restarts, several processes under one name, late and repeated points, and batches that are sent again.
 *
 * Its state is kept in the data directory, if there is one. Delta, gauges and summaries pass as they are.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function cumulativeToDelta(options: CumulativeToDeltaOptions = {}): Processor<'metrics'> {
  const all = settings(options);
  return stage(
    'cumulative-to-delta',
    {
      metrics: (next, host) => {
        const outcomes = new Outcomes();
        const converter = new Converter(all, host.clock.now(), outcomes);
        const end = converter.totals.observe(host);
        return {
          state: converter,
          async consume(batch, flow) {
            if (!converter.concerns(batch)) return next(batch, flow);
            const kept = converter.keptBack(batch);
            batch.own();
            const before = batch.count;
            converter.convert(batch, host.clock.now(), kept);
            outcomes.report(flow, host, TOO_MANY);
            if (batch.count === 0) return;
            if (batch.count < before) batch.prune();
            return next(batch, flow);
          },
          async close() {
            end();
          },
        };
      },
    },
    { produces: 'delta', stateful: true, options: { ...options } },
  );
}
