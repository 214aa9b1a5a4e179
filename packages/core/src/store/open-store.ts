import { join, resolve } from 'node:path';
import type { Logger } from '../host.js';
import { type DataFile, inspect } from './data-file.js';
import { isLocked } from './lock.js';
import type { StateStore } from './state-store.js';

/** Opens the store of a data directory, for one process at a time. LMDB loads with the first. */
export async function openStore(dataDir: string, logger: Logger): Promise<StateStore> {
  const { openLmdb } = await import('./lmdb-store.js');
  return openLmdb(dataDir, logger);
}

/** Opens the store of a data directory for reading, also while a collector uses it; undefined when there is none. */
export async function readStore(dataDir: string): Promise<StateStore | undefined> {
  const { readLmdb } = await import('./lmdb-store.js');
  return readLmdb(dataDir);
}

/**
 * Looks at the store of a data directory without opening or changing it: LMDB ends the process with a signal when it reads a damaged one.
 * Nothing is said of a store that a collector uses, which has found it sound.
 */
export async function lookAtStore(dataDir: string): Promise<DataFile> {
  const path = join(resolve(dataDir), 'state');
  return (await isLocked(`${path}.lock`))
    ? { damage: undefined, padded: false }
    : inspect(join(path, 'data.mdb'), 'look');
}
