import type { Flow } from './flow.js';
import type { Stateful } from './state.js';

/**
 * Takes a batch to its end. Resolves when the data is delivered or was dropped on purpose; rejects with a {@link PipelineError} when it is neither.
 *
 * The caller gives the batch away: it must not read or edit it afterwards (`batch.fork()` first to keep a handle).
 */
export type Consume<B> = (batch: B, flow: Flow) => Promise<void>;

/**
 * A running component of one pipeline and signal.
 *
 * Order of calls: `start` (exporters first, receivers last), any number of `consume`, `flush` when draining, once or more (give up what is held, now;
 * resolve when it has been passed on), `close` last. `consume` may be called again after `flush`, never after `close`.
 */
export interface Stage<B> {
  readonly consume: Consume<B>;
  start?(): Promise<void>;
  flush?(): Promise<void>;
  close?(): Promise<void>;
  /** What outlives batches, restarts and reloads; the component must have the trait `stateful`. */
  readonly state?: Stateful;
}
