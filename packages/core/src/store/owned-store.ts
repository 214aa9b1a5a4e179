import { prefixOf } from './changes.js';
import type { OnDamaged, StateChange, StateStore } from './state-store.js';

/** The part of a store that belongs to the component of this id; as its `Host.openStore` gives it. Closing it closes nothing. */
export function ownedBy(store: StateStore, owner: string): StateStore {
  return new OwnedStore(store, owner);
}

/**
 * Commits changes of an owned store, and in the same transaction one elsewhere in the store that it is a part of; without that when
 * it is part of another.
 */
export function commitBeside(
  owned: StateStore,
  changes: readonly StateChange[],
  beside: { readonly store: StateStore; readonly change: StateChange },
): Promise<void> {
  return owned instanceof OwnedStore ? owned.commitBeside(changes, beside) : owned.commit(changes);
}

/** The part of a store that belongs to one component: keys are its own, and nobody else's can be reached. */
class OwnedStore implements StateStore {
  readonly #store: StateStore;
  readonly #prefix: Buffer;

  constructor(store: StateStore, owner: string) {
    this.#store = store;
    this.#prefix = prefixOf(owner);
  }

  get replaces(): string | undefined {
    return this.#store.replaces;
  }

  get isGone(): boolean {
    return this.#store.isGone ?? false;
  }

  get(key: Uint8Array, onDamaged?: OnDamaged): Uint8Array | undefined {
    return this.#store.get(this.#whole(key), this.#owns(onDamaged));
  }

  *keys(prefix: Uint8Array, from?: Uint8Array): Iterable<Uint8Array> {
    const { length } = this.#prefix;
    const start = from === undefined ? undefined : this.#whole(from);
    for (const key of this.#store.keys(this.#whole(prefix), start)) yield key.subarray(length);
  }

  *entries(prefix: Uint8Array, onDamaged?: OnDamaged): Iterable<readonly [Uint8Array, Uint8Array]> {
    const { length } = this.#prefix;
    for (const [key, value] of this.#store.entries(this.#whole(prefix), this.#owns(onDamaged)))
      yield [key.subarray(length), value];
  }

  commit(changes: readonly StateChange[]): Promise<void> {
    return this.#store.commit(this.#owned(changes));
  }

  commitBeside(
    changes: readonly StateChange[],
    { store, change }: { readonly store: StateStore; readonly change: StateChange },
  ): Promise<void> {
    const all = this.#owned(changes);
    if (store === this.#store) all.push(change);
    return this.#store.commit(all);
  }

  async close(): Promise<void> {}

  #owned(changes: readonly StateChange[]): StateChange[] {
    return changes.map(([key, value]): StateChange => [this.#whole(key), value]);
  }

  #owns(onDamaged: OnDamaged | undefined): OnDamaged | undefined {
    return onDamaged && ((key, found) => onDamaged(key.subarray(this.#prefix.length), found));
  }

  #whole(key: Uint8Array): Buffer {
    return Buffer.concat([this.#prefix, key]);
  }
}
