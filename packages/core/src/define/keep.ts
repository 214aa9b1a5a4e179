import type { Host } from '../host.js';
import { accountOf } from '../run/account-of.js';

/** Items that a component has acknowledged and still holds. */
export interface Kept {
  /** So many of them have been delivered. */
  delivered(count: number): void;
  /** So many of them were given up after they had been acknowledged: counted as dropped, and as lost in the report of a shutdown. */
  drop(count: number, reason: string): void;
  /** So many of them had been passed on by a flow of the component's own, which was taken back (`Stateful.undo`): they are held as before. */
  returned(count: number): void;
}

/**
 * Tells the engine that a component takes over items: its `consume` resolves although they are not delivered yet. For queues.
 *
 * Without it, whatever an exporter's `consume` resolved for counts as delivered. Call it before `consume` resolves; with
 * `recovered`, for items that an earlier run had kept.
 */
export function keep(host: Host, count: number, options: { readonly recovered?: boolean } = {}): Kept {
  const account = accountOf(host);
  let left = count;
  account?.keep(count, options.recovered ?? false);
  const end = (ended: number, reason: string | undefined): void => {
    const some = Math.min(ended, left);
    left -= some;
    if (some > 0) account?.unkeep(some, reason);
  };
  return {
    delivered: (ended) => end(ended, undefined),
    drop: (ended, reason) => end(ended, reason),
    returned: (back) => account?.keepOn(back),
  };
}
