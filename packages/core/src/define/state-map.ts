import type { StateEntries, Stateful, StateWriter } from '../state.js';

/** How the values of a {@link StateMap} become bytes. */
export interface StateCodec<V> {
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array): V;
}

/** Values as JSON text, for everything that `JSON.stringify` keeps. */
const json: StateCodec<never> = {
  encode: (value: unknown) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as never,
};

/**
 * A map that survives restarts and reloads, as the state of a stateful stage.
 *
 * ```ts
 * export const numbered = () =>
 *   stage('numbered', {
 *     logs: (next) => {
 *       const counts = new StateMap<number>();
 *       return {
 *         state: counts,
 *         consume: (batch, flow) => {
 *           for (const record of batch.records()) {
 *             const n = (counts.get(record.eventName) ?? 0) + 1;
 *             counts.set(record.eventName, n);
 *             record.attributes.set('n', n);
 *           }
 *           return next(batch, flow);
 *         },
 *       };
 *     },
 *   }, { stateful: true });
 * ```
 *
 * Changes of a batch that fails before it is through are taken back. Only `set` and `delete` are seen: a value that is an object must be replaced,
 * not edited. Values are JSON unless a codec is given; keys are text of at most 1,024 bytes in UTF-8.
 */
export class StateMap<V> implements Stateful {
  readonly #codec: StateCodec<V>;
  readonly #values: Map<string, V> = new Map();
  /** What was there before the changes since the last save or undo; undefined where nothing was. */
  readonly #before: Map<string, { readonly value: V } | undefined> = new Map();

  constructor(codec: StateCodec<V> = json as unknown as StateCodec<V>) {
    this.#codec = codec;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** @throws {RangeError} when the key is too long. */
  set(key: string, value: V): this {
    this.#remember(key);
    this.#values.set(key, value);
    return this;
  }

  delete(key: string): boolean {
    if (!this.#values.has(key)) return false;
    this.#remember(key);
    return this.#values.delete(key);
  }

  keys(): IterableIterator<string> {
    return this.#values.keys();
  }

  values(): IterableIterator<V> {
    return this.#values.values();
  }

  [Symbol.iterator](): IterableIterator<[string, V]> {
    return this.#values[Symbol.iterator]();
  }

  restore(entries: StateEntries): void {
    for (const [key, value] of entries) this.#values.set(Buffer.from(key).toString(), this.#codec.decode(value));
  }

  save(to: StateWriter | undefined): void {
    if (to !== undefined) {
      for (const key of this.#before.keys()) {
        if (this.#values.has(key)) to.put(Buffer.from(key), this.#codec.encode(this.#values.get(key) as V));
        else to.delete(Buffer.from(key));
      }
    }
    this.#before.clear();
  }

  undo(): void {
    for (const [key, before] of this.#before) {
      if (before === undefined) this.#values.delete(key);
      else this.#values.set(key, before.value);
    }
    this.#before.clear();
  }

  snapshot(to: StateWriter): void {
    for (const [key, value] of this.#values) to.put(Buffer.from(key), this.#codec.encode(value));
  }

  #remember(key: string): void {
    if (this.#before.has(key)) return;
    const had = this.#values.has(key);
    // The limit of a store's key, less what the engine and combineStates put before it.
    if (!had && key.length > 340 && Buffer.byteLength(key) > 1024)
      throw new RangeError(`StateMap: expected a key of at most 1024 bytes, got ${Buffer.byteLength(key)}`);
    this.#before.set(key, had ? { value: this.#values.get(key) as V } : undefined);
  }
}
