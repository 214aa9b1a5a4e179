import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  createLogger,
  lookAtStore,
  openStore,
  PipelineError,
  type PipelinesConfig,
  readStore,
  type StateStore,
  salvageStore,
  signals,
} from '@otelier/core';
import { type QueueSummary, queuesIn } from '@otelier/exporters';
import { loadConfig } from '../../load-config/load-config.js';
import { UsageError } from '../fail.js';

/** What every `otelier queue` command takes. */
export interface QueueCommand {
  readonly dir?: string;
  readonly queue?: string;
  /** A store that is damaged, or the directory that it was moved to. */
  readonly from?: string;
}

/** A queue and the store that it is in. */
export interface StoredQueue extends QueueSummary {
  readonly dir: string;
  readonly store: StateStore;
}

/**
 * Opens the stores that a command is about, gives it their queues, and closes them. `alone`: nobody else may use them meanwhile.
 *
 * @throws {UsageError} when there is no such queue, or a collector uses a store that is wanted alone.
 */
export async function withQueues<T>(
  file: string,
  { dir, queue, from }: QueueCommand,
  alone: boolean,
  use: (queues: readonly StoredQueue[]) => Promise<T>,
): Promise<T> {
  if (from !== undefined && dir !== undefined) throw new UsageError('--from: expected it without --dir');
  const given = from ?? dir;
  const dirs = given === undefined ? directoriesOf((await loadConfig(file)).config) : [resolve(given)];
  if (dirs.length === 0) throw new UsageError(`${file}: expected a dataDir or a queue with a dir, found neither`);
  const stores: StateStore[] = [];
  try {
    const found: StoredQueue[] = [];
    for (const each of dirs) {
      const known = from === undefined ? await opened(each, alone) : { store: salvaged(each), isSalvaged: true };
      if (known === undefined) continue;
      const { store, isSalvaged } = known;
      stores.push(store);
      for (const one of queuesIn(store, isSalvaged)) found.push({ ...one, dir: each, store });
    }
    const wanted = queue === undefined ? found : found.filter(({ id }) => id === queue);
    if (queue !== undefined && wanted.length === 0) {
      const there = found.length === 0 ? 'there is none' : `there are ${found.map(({ id }) => id).join(', ')}`;
      throw new UsageError(`--queue: expected the id of a queue in ${dirs.join(', ')}, got '${queue}' (${there})`);
    }
    return await use(wanted);
  } finally {
    for (const store of stores) await store.close();
  }
}

/** What can be read of a damaged store; nothing is written there. */
function salvaged(dir: string): StateStore {
  const store = salvageStore(dir);
  if (store === undefined) throw new UsageError(`--from: expected a directory with a data.mdb, got ${dir}`);
  return store;
}

/** A store, and whether it is read without believing what it says of itself. */
interface Known {
  readonly store: StateStore;
  readonly isSalvaged: boolean;
}

async function opened(dir: string, alone: boolean): Promise<Known | undefined> {
  if (!existsSync(join(dir, 'state', 'data.mdb'))) return undefined;
  const { damage, padded } = await lookAtStore(dir);
  if (alone && damage !== undefined) {
    throw new UsageError(
      `${dir}: its store is damaged (${damage}): --from ${dir} reads what is left of it; a start moves it aside by itself`,
    );
  }
  if (!alone) {
    if (damage !== undefined)
      process.stderr.write(`otelier: ${dir}: its store is damaged (${damage}): this is what can be read of it\n`);
    const isSalvaged = damage !== undefined || padded;
    const store = isSalvaged ? salvageStore(dir) : await readStore(dir);
    return store && { store, isSalvaged };
  }
  try {
    return { store: await openStore(dir, createLogger()), isSalvaged: false };
  } catch (error) {
    if (!(error instanceof PipelineError) || !error.message.includes('no other collector')) throw error;
    throw new UsageError(
      `${dir}: a collector uses it: stop that first (otelier queue inspect can look into it meanwhile)`,
    );
  }
}

/** The data directory of a pipeline file, and those that its queues have for themselves. */
function directoriesOf(config: PipelinesConfig): string[] {
  const found = new Set<string>();
  if (config.dataDir !== undefined) found.add(resolve(config.dataDir));
  for (const signal of signals) {
    for (const pipeline of Object.values(config[signal] ?? {})) {
      for (const { name, options } of [...(pipeline.processors ?? []), ...pipeline.exporters]) {
        collect({ [name]: options }, found);
      }
    }
  }
  return [...found];
}

/** Options of a component hold those of the ones inside it, under their names. */
function collect(options: unknown, found: Set<string>): void {
  if (typeof options !== 'object' || options === null) return;
  for (const [name, value] of Object.entries(options)) {
    const dir =
      name === 'queue' && typeof value === 'object' ? (value as { readonly dir?: unknown } | null)?.dir : undefined;
    if (typeof dir === 'string') found.add(resolve(dir));
    collect(value, found);
  }
}
