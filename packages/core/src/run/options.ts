import type { Meter } from '@opentelemetry/api';
import type { Clock, Logger } from '../host.js';
import type { StateStore } from '../store/state-store.js';
import type { ClaimedStore } from '../store/stores.js';

/** What the program around a collector may give it. */
export interface CollectorOptions {
  /** Default: JSON lines on standard error, at the level of `telemetry.logLevel`. */
  readonly logger?: Logger;
  /** Meter for the collector's own metrics. Default: `otelier` of the global meter provider, as it is when the collector starts. */
  readonly meter?: Meter;
  /** Default: the machine's time. */
  readonly clock?: Clock;
  /** Directory for state and queues; goes before the `dataDir` of the pipeline file. */
  readonly dataDir?: string;
  /** Keeps state instead of the data directory; the collector closes it. */
  readonly store?: StateStore;
  /** Called once, when all has started, with the stores of directories that are open: what nobody in the pipeline file claims is delivered by nobody. */
  readonly onStores?: (stores: readonly ClaimedStore[]) => void;
}
