import { closeSync, existsSync, fstatSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PipelineError } from '../error.js';
import { found } from './checked-value.js';
import { findLeaves, type Place } from './leaves.js';
import { PageFile } from './page-file.js';
import type { StateStore } from './state-store.js';

const nameOf = (key: Uint8Array): string => Buffer.from(key).toString('latin1');

/**
 * Reads what can be read of a store that is damaged, without LMDB, which such a file can end the process of; undefined when there is no store.
 * `dir` is the directory that it was moved to, or one with a `state` in it. Nothing is ever written there.
 *
 * What is there may be older than what was last committed, and values are not known to be those that were written: whoever reads them has to
 * check. Commits are refused.
 *
 * @throws {PipelineError} when the file cannot be read.
 */
export function salvageStore(dir: string): StateStore | undefined {
  const path = [join(resolve(dir), 'data.mdb'), join(resolve(dir), 'state', 'data.mdb')].find((each) =>
    existsSync(each),
  );
  if (path === undefined) return undefined;
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'an error';
    throw new PipelineError('unavailable', `${path}: expected a file that can be read, got ${why}`, { cause });
  }
  return new SalvagedStore(file, new PageFile(file, fstatSync(file).size));
}

class SalvagedStore implements StateStore {
  readonly #file: number;
  readonly #pages: PageFile;
  /** Where values are, by key. */
  readonly #places: ReadonlyMap<string, Place>;
  /** In the order of the keys' bytes. */
  readonly #names: readonly string[];

  constructor(file: number, pages: PageFile) {
    this.#file = file;
    this.#pages = pages;
    this.#places = findLeaves(pages);
    this.#names = [...this.#places.keys()].sort();
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const place = this.#places.get(nameOf(key));
    const value = place && this.#pages.valueAt(place);
    return value && found(value);
  }

  *keys(prefix: Uint8Array, from: Uint8Array = prefix): Iterable<Uint8Array> {
    const [begin, start] = [nameOf(prefix), nameOf(from)];
    for (let at = this.#search(start); at < this.#names.length; at++) {
      const name = this.#names[at]!;
      if (!name.startsWith(begin)) return;
      yield Buffer.from(name, 'latin1');
    }
  }

  *entries(prefix: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]> {
    for (const key of this.keys(prefix)) {
      const value = this.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  commit(): Promise<void> {
    return Promise.reject(new PipelineError('unavailable', 'what is left of a damaged store is only read'));
  }

  async close(): Promise<void> {
    closeSync(this.#file);
  }

  /** The first name that is not before `name`. */
  #search(name: string): number {
    let [low, high] = [0, this.#names.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#names[middle]! < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
