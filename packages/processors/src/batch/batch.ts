import { type Consume, type Host, type Processor, type Signal, type Signals, type Stage, stage } from '@otelier/core';
import { Batcher } from './batcher.js';
import { type BatchOptions, settings } from './options.js';
import { surroundings } from './surroundings.js';

export type { BatchOptions } from './options.js';

/**
 * Merges small requests into larger ones, by time, count and bytes.
 *
 * Senders wait until the batch that they became part of has been delivered, and all hear of its failure. A sender that gives up
 * before that takes its items back; one that gives up later does not stop the others. Requests of different verified identities are
 * never in one batch, unless `mixIdentities` says so.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function batch(options: BatchOptions = {}): Processor<Signal> {
  const limits = settings(options);
  return stage(
    'batch',
    {
      logs: (next: Consume<Signals['logs']>, host: Host) => new Batcher('logs', next, limits, host),
      metrics: (next: Consume<Signals['metrics']>, host: Host) => new Batcher('metrics', next, limits, host),
      traces: (next: Consume<Signals['traces']>, host: Host) => new Batcher('traces', next, limits, host),
    },
    { options: { timeout: '200ms', maxItems: 8192, maxBytes: '4MiB', ...options } },
  );
}

/**
 * Puts {@link batch} in front of any function that takes batches, without a pipeline.
 *
 * `flush()` the stage before you let go of it: what it holds is not sent before its time.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function batched<S extends Signal>(
  signal: S,
  next: Consume<Signals[S]>,
  options: BatchOptions = {},
): Stage<Signals[S]> & { flush(): Promise<void> } {
  return new Batcher(signal, next, settings(options), surroundings);
}
