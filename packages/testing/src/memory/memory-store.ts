import type { StateChange, StateStore } from '@otelier/core';

/** A store in memory that can crash; see {@link memoryStore}. */
export interface MemoryStore extends StateStore {
  /** Ends as `kill -9` would: what was not committed is forgotten and no promise settles any more. Answers the store as the next run finds it. */
  crash(): MemoryStore;
  /** Refuses the next `times` commits. */
  fail(times: number): void;
  /** How many commits have been made. */
  readonly commits: number;
}

/** Makes a store for tests: like that of a data directory it commits a moment later, what belongs together at once. */
export function memoryStore(): MemoryStore {
  return open(new Map());
}

// Sorts as the bytes do.
const nameOf = (key: Uint8Array): string => Buffer.from(key).toString('latin1');

type Data = Map<string, readonly [Uint8Array, Uint8Array]>;

function open(data: Data): MemoryStore {
  let crashed = false;
  let failures = 0;
  let failing = false;
  let commits = 0;
  let latest: Promise<void> = Promise.resolve();
  const apply = (changes: readonly StateChange[]): void => {
    for (const [key, value] of changes) {
      const name = nameOf(key);
      if (value === undefined) data.delete(name);
      else data.set(name, [Buffer.from(key), Buffer.from(value)]);
    }
  };
  const below = (prefix: Uint8Array): string[] => {
    const begin = nameOf(prefix);
    return [...data.keys()].filter((name) => name.startsWith(begin)).sort();
  };
  return {
    get: (key) => data.get(nameOf(key))?.[1],
    *keys(prefix, from = prefix) {
      for (const name of below(prefix)) if (name >= nameOf(from)) yield data.get(name)![0];
    },
    *entries(prefix) {
      for (const name of below(prefix)) yield data.get(name)!;
    },
    commit(changes) {
      if (failing) return Promise.reject(new Error('the memory store was told to fail'));
      const committed = new Promise<void>((resolve, reject) => {
        setImmediate(() => {
          if (crashed) return;
          if (failing || failures > 0) {
            if (!failing) {
              failures--;
              failing = true;
              setImmediate(() => {
                failing = false;
              });
            }
            reject(new Error('the memory store was told to fail'));
            return;
          }
          apply(changes);
          commits++;
          resolve();
        });
      });
      latest = committed.catch(() => {});
      return committed;
    },
    async close() {
      await latest;
    },
    crash() {
      crashed = true;
      return open(new Map(data));
    },
    fail(times) {
      failures = times;
    },
    get commits() {
      return commits;
    },
  };
}
