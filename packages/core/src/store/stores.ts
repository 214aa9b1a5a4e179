import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Logger } from '../host.js';
import { openStore } from './open-store.js';
import type { StateStore } from './state-store.js';
import { WatchedStore } from './watched-store.js';

/** What stores are opened with. */
export interface StoresOptions {
  readonly dataDir: string | undefined;
  /** Takes the place of the data directory's. */
  readonly store: StateStore | undefined;
  readonly logger: Logger;
}

/** A store that is open, and the components that keep something there. */
export interface ClaimedStore {
  readonly dir: string;
  readonly store: StateStore;
  /** Their ids. */
  readonly claimed: ReadonlySet<string>;
}

/** The stores of one collector: that of its data directory, and those of other directories that components name. Each opens when it is first asked for. */
export class Stores {
  readonly #options: StoresOptions;
  readonly #open: Map<string, Promise<StateStore>> = new Map();
  /** Those that are open, by how people know them. */
  readonly #watched: Map<string, WatchedStore> = new Map();
  #given: WatchedStore | undefined;
  /** Who has asked for a part of which, by its directory. */
  readonly #claims: Map<string, ClaimedStore & { readonly claimed: Set<string> }> = new Map();

  constructor(options: StoresOptions) {
    this.#options = options;
    if (options.store === undefined) return;
    this.#given = new WatchedStore(options.store);
    this.#watched.set('the given store', this.#given);
  }

  /** Whether there is anywhere to keep something. */
  get isDurable(): boolean {
    return this.#given !== undefined || this.#options.dataDir !== undefined;
  }

  /**
   * The store of `dir`, or the collector's own; undefined when it has none. `owner`: for which component.
   *
   * @throws {PipelineError} when the directory cannot be used, or another process uses it.
   */
  async open(dir?: string, owner?: string): Promise<StateStore | undefined> {
    const { dataDir, logger } = this.#options;
    if (dir === undefined && this.#given !== undefined) return this.#given;
    const at = dir ?? dataDir;
    if (at === undefined) return undefined;
    const path = placeOf(at);
    let opening = this.#open.get(path);
    if (opening === undefined) {
      opening = openStore(at, logger).then((store) => {
        const watched = new WatchedStore(store);
        this.#watched.set(`the store in ${at}`, watched);
        return watched;
      });
      this.#open.set(path, opening);
      opening.catch(() => this.#open.delete(path));
    }
    const store = await opening;
    const claim = this.#claims.get(path) ?? { dir: at, store, claimed: new Set() };
    this.#claims.set(path, claim);
    if (owner !== undefined) claim.claimed.add(owner);
    return store;
  }

  /** Those of directories that are open. */
  claims(): readonly ClaimedStore[] {
    return [...this.#claims.values()];
  }

  /** The stores whose last commit failed, for people. */
  unwritable(): string[] {
    return [...this.#watched].filter(([, store]) => store.unwritable).map(([which]) => which);
  }

  /** Finds out whether they can be written to again. */
  probe(): void {
    for (const store of this.#watched.values()) store.probe();
  }

  /** Closes all of them; answers what went wrong. */
  async close(): Promise<string[]> {
    const stores: (StateStore | Promise<StateStore>)[] = [...this.#open.values()];
    if (this.#given !== undefined) stores.push(this.#given);
    this.#open.clear();
    this.#claims.clear();
    this.#watched.clear();
    this.#given = undefined;
    const errors: string[] = [];
    for (const store of stores) {
      try {
        await (await store).close();
      } catch (error) {
        errors.push(`data directory: ${error instanceof Error ? error.message : typeof error}`);
      }
    }
    return errors;
  }
}

/** One directory may have several names. */
function placeOf(dir: string): string {
  try {
    return realpathSync(dir);
  } catch {
    return resolve(dir);
  }
}
