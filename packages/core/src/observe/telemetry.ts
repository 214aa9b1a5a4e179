import type { Engine } from '../run/host.js';

/** Observes a collector's accounts with its meter; the returned function stops that. */
export function observeAccounts(_engine: Engine): () => void {
  return () => {};
}
