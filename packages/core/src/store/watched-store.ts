import type { OnDamaged, StateChange, StateStore } from './state-store.js';

// No owner's prefix begins like this, so nobody reads it; it is gone in the commit that writes it.
const probe = Buffer.from('\0health-probe');

/** A store that remembers whether its last commit failed. */
export class WatchedStore implements StateStore {
  readonly #store: StateStore;
  /** Whether the last commit failed. */
  unwritable = false;
  #probing: Promise<void> | undefined;

  constructor(store: StateStore) {
    this.#store = store;
  }

  get replaces(): string | undefined {
    return this.#store.replaces;
  }

  get isGone(): boolean {
    return this.#store.isGone ?? false;
  }

  get(key: Uint8Array, onDamaged?: OnDamaged): Uint8Array | undefined {
    return this.#store.get(key, onDamaged);
  }

  keys(prefix: Uint8Array, from?: Uint8Array): Iterable<Uint8Array> {
    return this.#store.keys(prefix, from);
  }

  entries(prefix: Uint8Array, onDamaged?: OnDamaged): Iterable<readonly [Uint8Array, Uint8Array]> {
    return this.#store.entries(prefix, onDamaged);
  }

  commit(changes: readonly StateChange[]): Promise<void> {
    const committing = this.#store.commit(changes);
    committing.then(this.#written, this.#failed);
    return committing;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Writes something when the last commit failed: who is not ready gets no data, and would never find out that the disk has room again. */
  probe(): void {
    if (!this.unwritable || this.#probing !== undefined) return;
    const changes: StateChange[] = [
      [probe, probe],
      [probe, undefined],
    ];
    this.#probing = this.commit(changes)
      .catch(() => {})
      .finally(() => {
        this.#probing = undefined;
      });
  }

  readonly #written = (): void => {
    this.unwritable = false;
  };

  readonly #failed = (): void => {
    this.unwritable = true;
  };
}
