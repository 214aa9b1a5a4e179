import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ClaimedStore, Logger } from '@otelier/core';
import { queuesIn } from '@otelier/exporters';

/** Says which batches stay on disk because no queue of the pipeline file has their name, or keeps them there: who renames a pipeline does not mean to leave them. */
export function tellUnclaimed(stores: readonly ClaimedStore[], dataDir: string | undefined, logger: Logger): void {
  for (const { dir, store, claimed } of stores) {
    for (const { id, batches, items } of queuesIn(store)) {
      if (batches === 0 || claimed.has(id)) continue;
      logger.error(
        { queue: id, dir, batches, items },
        'nothing in the pipeline file delivers what this queue has on disk: give it back its name, or send it with otelier queue replay',
      );
    }
  }
  if (dataDir === undefined || stores.some(({ dir }) => resolve(dir) === resolve(dataDir))) return;
  if (existsSync(join(dataDir, 'state', 'data.mdb')))
    logger.warn(
      { dir: dataDir },
      'nothing in the pipeline file uses what is in its dataDir: otelier queue inspect lists it',
    );
}
