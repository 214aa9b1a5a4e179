import type { Logger } from '../host.js';
import type { StateStore } from './state-store.js';

/** Opens the store of a data directory. LMDB loads with the first. */
export async function openStore(dataDir: string, logger: Logger): Promise<StateStore> {
  const { openLmdb } = await import('./lmdb-store.js');
  return openLmdb(dataDir, logger);
}
