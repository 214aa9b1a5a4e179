import type { Flow } from '../flow.js';
import type { Host } from '../host.js';
import type { Account } from '../run/account.js';
import { accountOf } from '../run/account-of.js';
import { faceOf } from '../run/face.js';

/** Items that a component has acknowledged and still holds. */
export interface Kept {
  /** So many more are taken over, which came by `flow`. */
  more(count: number, flow: Flow): void;
  /** So many of them become those of the same component in another graph. */
  moveTo(heir: Kept, count: number): void;
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
  return new KeptItems(accountOf(host), count, options.recovered ?? false);
}

class KeptItems implements Kept {
  declare private readonly account: Account | undefined;
  declare private left: number;

  constructor(account: Account | undefined, count: number, recovered: boolean) {
    this.account = account;
    this.left = count;
    account?.keep(count, recovered);
  }

  more(count: number, flow: Flow): void {
    // Whoever sent them has been told that they were given back.
    if (this.account?.closed === true) return;
    this.left += count;
    if (this.account !== undefined) this.account.keepFrom(faceOf(flow, this.account), count);
  }

  delivered(count: number): void {
    this.end(count, undefined);
  }

  drop(count: number, reason: string): void {
    this.end(count, reason);
  }

  returned(count: number): void {
    this.account?.keepOn(count);
  }

  moveTo(heir: Kept, count: number): void {
    const some = Math.min(count, this.left);
    const to = heir as KeptItems;
    this.left -= some;
    to.left += some;
    if (this.account !== undefined && to.account !== undefined) this.account.moveKept(some, to.account);
  }

  private end(count: number, reason: string | undefined): void {
    const some = Math.min(count, this.left);
    this.left -= some;
    if (some > 0) this.account?.unkeep(some, reason);
  }
}
