import type { Account } from './account.js';
import type { Engine } from './host.js';

// What the engine ties to a host is kept beside it, so that components see the contract only.
const ties = new WeakMap<object, { readonly engine: Engine; readonly account: Account | undefined }>();

/** Ties a host to the collector that made it and to its component's account. */
export function bindHost(host: object, engine: Engine, account: Account | undefined): void {
  ties.set(host, { engine, account });
}

/** The account of the component that `host` was made for; undefined outside the engine, as in a unit test of one processor. */
export function accountOf(host: object): Account | undefined {
  return ties.get(host)?.account;
}

/** The collector that `host` belongs to; undefined outside of one. */
export function engineOf(host: object): Engine | undefined {
  return ties.get(host)?.engine;
}
