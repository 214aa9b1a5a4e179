import {
  type Bytes,
  bytes,
  ConfigError,
  type Duration,
  duration,
  type Exporter,
  parseOptions,
  type Signal,
} from '@otelier/core';
import * as v from 'valibot';
import { wrapExporter } from '../wrap.js';
import { destinationOf } from './destination.js';
import type { Keep, WhenFull } from './limits.js';
import { QueueStage } from './queue-stage.js';

export { batchesOf, type QueueSummary, queuesIn, type StoredBatch } from './contents.js';
export type { Keep, WhenFull } from './limits.js';

/** How much {@link queue} may hold, and what it does then. */
export interface QueueOptions {
  /** A directory of its own for what is held; queues may share it. Default: the collector's data directory, or memory when it has none. */
  readonly dir?: string;
  /**
   * Where a batch is when the sender is told yes. Default `disk` with a data directory or a `dir`, else `memory`.
   *
   * - `disk`: committed and synced; a crash or a power cut loses nothing
   * - `memory`: in memory; a crash loses it, and so does the end of the process if the backend does not take it by then
   * - `spill`: in memory as long as all that is there fits into `memory`, on disk beyond that; a shutdown writes what is left, a crash loses
   *   what was in memory
   */
  readonly keep?: Keep;
  /** With `keep: 'spill'`: protobuf bytes that may be in memory without being on disk. Default `64MiB`. */
  readonly memory?: Bytes;
  /** Protobuf bytes that may be held, on disk or in memory. Default `1GiB` on disk, `64MiB` in memory. */
  readonly maxBytes?: Bytes;
  /** What has been held for longer is dropped, counted as `expired`. Default: nothing expires. */
  readonly maxAge?: Duration;
  /**
   * What may overtake what. Default `series` for metrics, which some backends take in order only, and `none` for the rest.
   *
   * - `series`: batches of one resource keep their order, also when one has to be sent again; others do not wait for them
   * - `none`: whatever can be sent is sent
   */
  readonly order?: 'series' | 'none';
  /** Batches that may be held. Default: no limit but that of bytes. */
  readonly maxBatches?: number;
  /** Batches that are sent at the same time. Default 4. */
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

const inMemoryAlone = 64 * 1024 ** 2;
const count = v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1'));
const schema = v.strictObject({
  dir: v.optional(v.pipe(v.string(), v.minLength(1, 'the path of a directory'))),
  keep: v.optional(v.picklist(['disk', 'memory', 'spill'])),
  memory: v.optional(bytes()),
  maxBytes: v.optional(bytes()),
  maxAge: v.optional(duration()),
  order: v.optional(v.picklist(['series', 'none'])),
  maxBatches: v.optional(count),
  workers: v.optional(count),
  whenFull: v.optional(v.picklist(['refuse', 'drop-oldest', 'wait']), 'refuse'),
});

/**
 * Holds batches and says yes to the sender when they are safe: the one place in a pipeline that answers before the backend does.
 *
 * With a data directory, batches are on disk (committed, synced) before the sender hears of it, and stay there until the backend has them,
 * whatever happens to the process. Without one they are in memory, and a crash or the end of the pipeline loses them. What cannot be
 * delivered for a reason that may pass stays and is tried again; what is refused for good is dropped by reason and logged.
 *
 * @throws {ConfigError} when an option is wrong.
 */
export function queue<S extends Signal>(inner: Exporter<S>, options: QueueOptions = {}): Exporter<S> {
  const given = parseOptions('queue', schema, options);
  if (given.keep === 'memory' && given.dir !== undefined)
    throw new ConfigError('queue: dir', `no directory with keep: 'memory'`);
  if (given.keep !== 'spill' && given.memory !== undefined)
    throw new ConfigError('queue: memory', `keep: 'spill' beside it; maxBytes limits what may be held`);
  const { dir, keep, maxBytes, maxAge, order, maxBatches, workers, whenFull } = given;
  const shown = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return wrapExporter('queue', inner, shown, (stage, host) => {
    const limits = {
      ...{ dir, keep, whenFull, maxBytes },
      spareBytes: keep === 'spill' ? (given.memory ?? inMemoryAlone) : 0,
      destination: destinationOf(inner as Exporter<Signal>, host.signal),
      maxBatches: maxBatches ?? Number.POSITIVE_INFINITY,
      maxAgeMs: maxAge ?? Number.POSITIVE_INFINITY,
      bySeries: (order ?? (host.signal === 'metrics' ? 'series' : 'none')) === 'series',
      workers: workers ?? 4,
    };
    return new QueueStage(stage, host, limits);
  });
}
