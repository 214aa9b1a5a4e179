import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import type { Logger } from '../host.js';
import type { StateChange, StateStore } from './state-store.js';

interface Commit {
  readonly changes: readonly StateChange[];
  resolve(): void;
  reject(error: unknown): void;
}

/** A store in LMDB. Commits that come while one is being written are written together. */
export class LmdbStore implements StateStore {
  readonly #db: RootDatabase<Uint8Array, Uint8Array>;
  readonly #release: () => void;
  #waiting: Commit[] = [];
  #writing: Promise<void> | undefined;

  constructor(db: RootDatabase<Uint8Array, Uint8Array>, release: () => void) {
    this.#db = db;
    this.#release = release;
  }

  *entries(prefix: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]> {
    for (const { key, value } of this.#db.getRange({ start: prefix })) {
      if (!startsWith(key, prefix)) return;
      yield [Buffer.from(key), Buffer.from(value)];
    }
  }

  commit(changes: readonly StateChange[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#db.close();
    this.#release();
  }

  async #write(): Promise<void> {
    // Those of the same turn come along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const commits = this.#waiting;
      this.#waiting = [];
      try {
        await this.#transaction(commits);
        for (const { resolve } of commits) resolve();
      } catch (error) {
        for (const { reject } of commits) reject(error);
      }
    }
    this.#writing = undefined;
  }

  async #transaction(commits: readonly Commit[]): Promise<void> {
    const db = this.#db;
    // A batch is written within one transaction, which is synced before it counts as committed.
    let last: Promise<boolean> | undefined;
    const whole = db.batch(() => {
      for (const { changes } of commits) {
        for (const [key, value] of changes) last = value === undefined ? db.remove(key) : db.put(key, value);
      }
    });
    await Promise.all([whole, last]);
    await db.flushed;
  }
}

function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  if (key.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (key[i] !== prefix[i]) return false;
  return true;
}

/** Opens the store of a data directory. */
export async function openLmdb(dataDir: string, _logger: Logger): Promise<StateStore> {
  const path = join(dataDir, 'state');
  const db = open<Uint8Array, Uint8Array>({ path, encoding: 'binary', keyEncoding: 'binary', overlappingSync: false });
  return new LmdbStore(db, () => {});
}
