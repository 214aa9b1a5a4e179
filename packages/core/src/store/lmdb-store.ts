import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { PipelineError } from '../error.js';
import type { Logger } from '../host.js';
import { found, opened, sealed } from './checked-value.js';
import { inspect } from './data-file.js';
import { lockFile } from './lock.js';
import type { OnDamaged, StateChange, StateStore } from './state-store.js';
import { straysIn } from './strays.js';

interface Commit {
  readonly changes: readonly StateChange[];
  resolve(): void;
  reject(error: unknown): void;
}

/** A store in LMDB. Commits that come while one is being written are written together. */
export class LmdbStore implements StateStore {
  readonly #db: RootDatabase<Uint8Array, Uint8Array>;
  readonly #release: () => void;
  readonly replaces: string | undefined;
  /** Where a start looks for it, and which file is there while all is well; undefined for a store that is only read. */
  readonly #file: string | undefined;
  readonly #identity: string | undefined;
  #waiting: Commit[] = [];
  #writing: Promise<void> | undefined;
  /** Why commits fail, until all have heard. */
  #failure: unknown;

  constructor(db: RootDatabase<Uint8Array, Uint8Array>, release: () => void, file?: string, replaces?: string) {
    this.#db = db;
    this.#release = release;
    this.replaces = replaces;
    this.#file = file;
    this.#identity = file === undefined ? undefined : identityOf(file);
  }

  get isGone(): boolean {
    return this.#file !== undefined && identityOf(this.#file) !== this.#identity;
  }

  get(key: Uint8Array, onDamaged?: OnDamaged): Uint8Array | undefined {
    const stored = this.#db.get(key);
    return stored === undefined ? undefined : valueIn(key, stored, onDamaged);
  }

  *keys(prefix: Uint8Array, from: Uint8Array = prefix): Iterable<Uint8Array> {
    for (const key of this.#db.getKeys({ start: from })) {
      if (!startsWith(key, prefix)) return;
      yield Buffer.from(key);
    }
  }

  *entries(prefix: Uint8Array, onDamaged?: OnDamaged): Iterable<readonly [Uint8Array, Uint8Array]> {
    for (const { key, value: stored } of this.#db.getRange({ start: prefix })) {
      if (!startsWith(key, prefix)) return;
      const value = valueIn(key, stored, onDamaged);
      if (value !== undefined) yield [Buffer.from(key), value];
    }
  }

  commit(changes: readonly StateChange[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
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
      } catch (thrown) {
        const error = await explained(thrown);
        this.#failure = error;
        for (const { reject } of [...commits, ...this.#waiting]) reject(error);
        this.#waiting = [];
        await new Promise((resolve) => setImmediate(resolve));
        this.#failure = undefined;
      }
    }
    this.#writing = undefined;
  }

  async #transaction(commits: readonly Commit[]): Promise<void> {
    const db = this.#db;
    // LMDB writes to the file that it has opened, also when that has no name any more.
    if (this.isGone)
      throw new PipelineError(
        'unavailable',
        `${this.#file} was removed, renamed or replaced, and no start would find what goes there`,
      );
    // A batch is written within one transaction, which is synced before it counts as committed.
    let last: Promise<boolean> | undefined;
    const whole = db.batch(() => {
      for (const { changes } of commits) {
        for (const [key, value] of changes) {
          last = value === undefined ? db.remove(key) : db.put(key, sealed(key, value));
          // Each has a promise of its own, which would end the process if nobody heard that it failed.
          last.catch(ignore);
        }
      }
    });
    await Promise.all([whole, last]);
    await db.flushed;
  }
}

function identityOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}

function ignore(): void {}

/** LMDB says why a commit has failed in a promise beside the error, which nobody else listens to either. */
async function explained(thrown: unknown): Promise<unknown> {
  const { commitError } = thrown as { readonly commitError?: Promise<unknown> };
  if (commitError === undefined) return thrown;
  const soon = new Promise((resolve) => setImmediate(resolve, thrown));
  const cause = await Promise.race([commitError.catch((error: unknown) => error), soon]);
  const why = cause instanceof Error && cause !== thrown ? cause.message : 'for a reason that LMDB does not tell';
  return new PipelineError('unavailable', `the store could not be written to (${why}): is the disk full?`, { cause });
}

/** A copy, since LMDB's memory is its own. */
function valueIn(key: Uint8Array, stored: Uint8Array, onDamaged: OnDamaged | undefined): Uint8Array | undefined {
  const value = opened(key, stored);
  if (value !== undefined) return Buffer.from(value);
  const other = onDamaged && found(stored);
  onDamaged?.(Buffer.from(key), other && Buffer.from(other));
  return undefined;
}

function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  if (key.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (key[i] !== prefix[i]) return false;
  return true;
}

/**
 * Opens the store of a data directory, which is made if it is not there. A store that is damaged is moved aside.
 *
 * @throws {PipelineError} when the directory cannot be used, or another process uses it.
 */
export async function openLmdb(dataDir: string, logger: Logger): Promise<StateStore> {
  const path = join(resolve(dataDir), 'state');
  const release = await prepare(dataDir, path);
  const data = join(path, 'data.mdb');
  try {
    const file = inspect(data);
    let { damage } = file;
    if (damage === undefined) {
      try {
        const db = openAt(path);
        damage = file.padded ? await missingIn(db) : undefined;
        if (damage === undefined) return await broughtHome(db, new LmdbStore(db, release, data), path, logger);
      } catch (error) {
        damage = damageIn(error);
        if (damage === undefined) throw unusable(dataDir, error);
      }
    }
    const aside = `${path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
    renameSync(path, aside);
    logger.error(
      { store: path, damage, moved: aside },
      'the state store is damaged: it was moved aside, and totals begin anew; otelier queue --from reads what is left of it',
    );
    return new LmdbStore(openAt(path), release, data, aside);
  } catch (error) {
    release();
    throw error instanceof PipelineError ? error : unusable(dataDir, error);
  }
}

/** The store, with what bears a wrong name under its own again. */
async function broughtHome(
  db: RootDatabase<Uint8Array, Uint8Array>,
  store: StateStore,
  path: string,
  logger: Logger,
): Promise<StateStore> {
  try {
    const strays = straysIn(db);
    if (strays.length === 0) return store;
    await store.commit(strays);
    logger.warn(
      { store: path, entries: strays.length / 2 },
      'keys in the state store had been changed, and were repaired',
    );
  } catch {
    // What cannot be read is found by whoever needs it; a disk that is full must not keep from starting.
  }
  return store;
}

/**
 * Opens the store of a data directory for reading, also while a collector uses it; undefined when there is none.
 *
 * @throws {PipelineError} when it cannot be read. Commits to it fail.
 */
export async function readLmdb(dataDir: string): Promise<StateStore | undefined> {
  const path = join(resolve(dataDir), 'state');
  if (!existsSync(join(path, 'data.mdb'))) return undefined;
  try {
    const db = open<Uint8Array, Uint8Array>({
      ...{ path, encoding: 'binary', keyEncoding: 'binary', noSubdir: false, readOnly: true },
    });
    return new LmdbStore(db, () => {});
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

async function prepare(dataDir: string, path: string): Promise<() => void> {
  let release: (() => void) | undefined;
  try {
    mkdirSync(dataDir, { recursive: true });
    release = await lockFile(`${path}.lock`);
  } catch (error) {
    throw unusable(dataDir, error);
  }
  if (release !== undefined) return release;
  throw new PipelineError(
    'unavailable',
    `data directory ${dataDir}: expected one that no other collector uses, but ${path}.lock is held by a process that runs`,
  );
}

function openAt(path: string): RootDatabase<Uint8Array, Uint8Array> {
  return open<Uint8Array, Uint8Array>({
    ...{ path, encoding: 'binary', keyEncoding: 'binary' },
    // A transaction counts as committed when it has been synced.
    overlappingSync: false,
    // Commits are gathered here already. LMDB's own gathering has promises that nobody can reach: one that fails ends the process.
    eventTurnBatching: false,
    noSubdir: false,
  });
}

/** Reads everything; closes the store when some of it is not there. */
async function missingIn(db: RootDatabase<Uint8Array, Uint8Array>): Promise<string | undefined> {
  try {
    let isWhole = true;
    for (const { value } of db.getRange()) isWhole &&= found(value) !== undefined;
    if (isWhole) return undefined;
  } catch {
    // LMDB met a page of zeros where one of its own should be.
  }
  await db.close();
  return 'it has been cut off';
}

// LMDB's codes for a file that is not one of its own or contradicts itself.
const damageCodes: readonly unknown[] = [-30793, -30794, -30796, -30797];

function damageIn(error: unknown): string | undefined {
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  return damageCodes.includes(code) ? (message ?? String(code)) : undefined;
}

function unusable(dataDir: string, cause: unknown): PipelineError {
  const why = (cause as NodeJS.ErrnoException).code ?? (cause instanceof Error ? cause.message : typeof cause);
  return new PipelineError(
    'unavailable',
    `data directory ${dataDir}: expected a directory that this process can write to, got ${why}`,
    { cause },
  );
}
