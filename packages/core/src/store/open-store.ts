import type { Logger } from '../host.js';
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
