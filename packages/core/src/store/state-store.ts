/** One change of a store: a value to keep under a key, or `undefined` to forget what is there. */
export type StateChange = readonly [key: Uint8Array, value: Uint8Array | undefined];

/** Hears of a value that is not the one that was written under its key: what is there instead, if anything. */
export type OnDamaged = (key: Uint8Array, found: Uint8Array | undefined) => void;

/**
 * Where a collector keeps state that must survive a crash: an ordered map of bytes with atomic, durable commits.
 *
 * With a data directory it is LMDB; a program may bring its own (`CollectorOptions.store`).
 */
export interface StateStore {
  /** Where the damaged store was moved that this one replaces, when that happened as it was opened. */
  readonly replaces?: string | undefined;
  /** Whether its place was taken away while it was open: no later start will find what is in it. */
  readonly isGone?: boolean;
  /** What is committed under a key; undefined when that is nothing, or is damaged as far as the store can tell, of which `onDamaged` hears. */
  get(key: Uint8Array, onDamaged?: OnDamaged): Uint8Array | undefined;
  /** The keys that begin with `prefix`, in the order of their bytes and from `from` on when it is given; reads no values. */
  keys(prefix: Uint8Array, from?: Uint8Array): Iterable<Uint8Array>;
  /** What is committed under keys that begin with `prefix`, in the order of the keys' bytes; without what is damaged, of which `onDamaged` hears. */
  entries(prefix: Uint8Array, onDamaged?: OnDamaged): Iterable<readonly [key: Uint8Array, value: Uint8Array]>;
  /**
   * Makes all of these changes, in their order, or none. Resolves when they would survive a power cut. Commits take effect in the order of the
   * calls; those of one moment may share one write to disk. The bytes must not be changed until then.
   *
   * When one fails, so does every other that is called before whoever called it has heard: later changes build on earlier ones.
   */
  commit(changes: readonly StateChange[]): Promise<void>;
  /** Waits for what is being committed and closes. */
  close(): Promise<void>;
}
