import type { StateWriter } from '../state.js';
import type { StateChange } from './state-store.js';

const slabBytes = 16 * 1024;
const nothing: Buffer = Buffer.alloc(0);

/** The key under which an owner's entries begin: its id, and a zero that no id has. */
export function prefixOf(id: string): Buffer {
  return Buffer.from(`${id}\0`);
}

/** Collects the changes of one commit: copies keys and values, and puts the owner's id before its keys. */
export class Changes {
  readonly list: StateChange[] = [];
  #slab: Buffer = nothing;
  #used = 0;

  /** A writer of the owner whose keys begin with `prefix`. */
  under(prefix: Uint8Array): StateWriter {
    return {
      put: (key, value) => void this.list.push([this.#key(prefix, key), this.#copy(value)]),
      delete: (key) => void this.list.push([this.#key(prefix, key), undefined]),
    };
  }

  #key(prefix: Uint8Array, key: Uint8Array): Buffer {
    if (key.length > 1100) throw new RangeError(`expected a key of at most 1024 bytes, got ${key.length}`);
    const made = this.#take(prefix.length + key.length);
    made.set(prefix);
    made.set(key, prefix.length);
    return made;
  }

  #copy(value: Uint8Array): Buffer {
    const made = this.#take(value.length);
    made.set(value);
    return made;
  }

  #take(length: number): Buffer {
    if (length > slabBytes / 4) return Buffer.allocUnsafeSlow(length);
    if (this.#used + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#used = 0;
    }
    this.#used += length;
    return this.#slab.subarray(this.#used - length, this.#used);
  }
}

/** The entries below `prefix`, with the rest of their keys. */
export function* withoutPrefix(
  entries: Iterable<readonly [Uint8Array, Uint8Array]>,
  prefix: Uint8Array,
): Iterable<readonly [Uint8Array, Uint8Array]> {
  for (const [key, value] of entries) yield [key.subarray(prefix.length), value];
}

/** The entries that a list of changes amounts to, in the order of the keys' bytes. */
export function settled(changes: readonly StateChange[]): (readonly [Uint8Array, Uint8Array])[] {
  const last = new Map<string, StateChange>();
  for (const change of changes) last.set(Buffer.from(change[0]).toString('latin1'), change);
  const kept: (readonly [Uint8Array, Uint8Array])[] = [];
  for (const [key, value] of last.values()) if (value !== undefined) kept.push([key, value]);
  return kept.sort(([a], [b]) => Buffer.compare(a, b));
}
