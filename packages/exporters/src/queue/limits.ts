/** What a full queue does: tell the sender to come back, drop what is oldest, or let the sender wait. */
export type WhenFull = 'refuse' | 'drop-oldest' | 'wait';

/** Where batches are before the sender hears of it: on disk, in memory, or in memory as long as they fit and on disk beyond that. */
export type Keep = 'disk' | 'memory' | 'spill';

/** Limits of a queue, checked. */
export interface QueueLimits {
  /** A directory of its own; undefined for the collector's. */
  readonly dir: string | undefined;
  /** Undefined for the disk where there is one. */
  readonly keep: Keep | undefined;
  /** Protobuf bytes that may be in memory alone although there is a disk. */
  readonly spareBytes: number;
  /** Undefined for what suits where it is kept. */
  readonly maxBytes: number | undefined;
  readonly maxBatches: number;
  /** Infinite when nothing expires. */
  readonly maxAgeMs: number;
  readonly bySeries: boolean;
  readonly workers: number;
  readonly whenFull: WhenFull;
  /** Where batches go, for people. */
  readonly destination: string;
}
