import { type Bytes, bytes, type Exporter, parseOptions, type Signal } from '@otelier/core';
import * as v from 'valibot';
import { wrapExporter } from '../wrap.js';
import { QueueStage, type WhenFull } from './queue-stage.js';

export type { WhenFull } from './queue-stage.js';

/** How much {@link queue} may hold, and what it does then. */
export interface QueueOptions {
  /** Protobuf bytes that may be held. Default `64MiB`. */
  readonly maxBytes?: Bytes;
  /** Batches that may be held. Default: no limit but that of bytes. */
  readonly maxBatches?: number;
  /** Batches that are sent at the same time; 1 keeps their order. Default 4, and 1 for metrics, which some backends take in order only. */
  readonly workers?: number;
  /**
   * What happens when a batch does not fit. Default `refuse`.
   *
   * - `refuse`: the sender is told `overloaded`, and to come back
   * - `drop-oldest`: the oldest batches are dropped and counted
   * - `wait`: the sender waits until there is room
   */
  readonly whenFull?: WhenFull;
}

const count = v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1'));
const schema = v.strictObject({
  maxBytes: v.optional(bytes(), '64MiB'),
  maxBatches: v.optional(count),
  workers: v.optional(count),
  whenFull: v.optional(v.picklist(['refuse', 'drop-oldest', 'wait']), 'refuse'),
});

/**
 * Holds batches in memory and says yes to the sender at once: the one place in a pipeline that does.
 *
 * What it has accepted it must deliver or count: a batch that fails behind the queue is dropped by reason and logged, and what is left
 * when the pipeline closes is logged as lost. A crash loses what is held.
 *
 * @throws {ConfigError} when an option is wrong.
 */
export function queue<S extends Signal>(inner: Exporter<S>, options: QueueOptions = {}): Exporter<S> {
  const { maxBytes, maxBatches, workers, whenFull } = parseOptions('queue', schema, options);
  const shown = { maxBytes, ...(maxBatches && { maxBatches }), ...(workers && { workers }), whenFull };
  return wrapExporter('queue', inner, shown, (stage, host) => {
    const limits = {
      maxBytes,
      maxBatches: maxBatches ?? Number.POSITIVE_INFINITY,
      workers: workers ?? (host.signal === 'metrics' ? 1 : 4),
      whenFull,
    };
    return new QueueStage(stage, host, limits);
  });
}
