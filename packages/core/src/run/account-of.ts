import type { Account } from './account.js';

// What the engine ties to a host is kept beside it, so that components see the contract only.
const accounts = new WeakMap<object, Account>();
const engines = new WeakMap<object, object>();
const noEngine = {};

/** Ties a host to its component's account. */
export function bindAccount(host: object, account: Account): void {
  accounts.set(host, account);
}

/** The account of the component that `host` was made for; undefined outside the engine, as in a unit test of one processor. */
export function accountOf(host: object): Account | undefined {
  return accounts.get(host);
}

/** Ties a host to the collector that made it. */
export function bindEngine(host: object, engine: object): void {
  engines.set(host, engine);
}

/** The collector that `host` belongs to; one shared object outside a collector. */
export function engineOf(host: object): object {
  return engines.get(host) ?? noEngine;
}
