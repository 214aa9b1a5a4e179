/** Takes what a component wants to keep; keys and values are copied before the call returns. */
export interface StateWriter {
  /** Keeps `value` under `key`, of at most 1,024 bytes; keys are the component's own. */
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
}

/** What a component kept, in the order of the keys' bytes. */
export type StateEntries = Iterable<readonly [key: Uint8Array, value: Uint8Array]>;

/**
 * State of a stage that outlives batches, restarts and reloads.
 *
 * The engine takes one batch at a time through the stateful processors of a pipeline, commits what they changed together with what
 * came out, and only then sends it on. Until a batch has passed the last of them its changes can be taken back ({@link undo}); once
 * it has, they stand whatever becomes of the batch: the engine keeps what came out until it is delivered, and knows a batch
 * that is sent again. With a data directory all of that is on disk before the sender hears of it.
 */
export interface Stateful {
  /**
   * Takes over what an earlier run, or the same component before a reload, had kept. At most once, after `start` (a reload
   * starts everything before it hands over) and before the first batch and the first turn (`Host.inTurn`): timers for what was kept
   * are set here.
   */
  restore(entries: StateEntries): void;
  /**
   * Follows on {@link restore} when so many entries were not among those it got, since the store says that they are not what was written.
   * Whoever concludes something from what is not there has to stop doing so; what is kept after this is written anew as a whole.
   */
  damaged?(entries: number): void;
  /** Makes the changes since the last `save` or `undo` final and writes them; to nowhere when there is no data directory. */
  save(to: StateWriter | undefined): void;
  /** Takes back the changes since the last `save` or `undo`. */
  undo(): void;
  /** Writes everything, for the hand-over on reload. */
  snapshot(to: StateWriter): void;
}
