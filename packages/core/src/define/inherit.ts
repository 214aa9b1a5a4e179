import type { Host } from '../host.js';
import { engineOf } from '../run/account-of.js';

/** What a component shares with the one that it replaces, or that replaces it. */
export interface Estate<T> {
  readonly value: T;
  /** To be called at the close; true when nobody else has it any more. */
  leave(): boolean;
}

/**
 * What a component has in common with the one of the same id in the graph before, or after: `make` runs when there is none. During a reload
 * both run at the same time. `part` tells several such things of one component apart.
 */
export function inherit<T extends object>(host: Host, part: string, make: () => T): Estate<T> {
  const engine = engineOf(host);
  return engine === undefined ? { value: make(), leave: () => true } : engine.estates.join(`${host.id}\0${part}`, make);
}
