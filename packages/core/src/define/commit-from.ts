import type { Flow } from '../flow.js';
import type { Host } from '../host.js';
import { accountOf } from '../run/account-of.js';
import { rootOf, type Ticket } from '../run/face.js';
import { commitBeside } from '../store/owned-store.js';
import type { StateChange, StateStore } from '../store/state-store.js';

/**
 * Commits to the store that {@link Host.openStore} gave what a component keeps of the batch that came by `flow`.
 *
 * When the batch came out of a stateful section right behind which this component stands, the section's outbox hears of it in the same
 * transaction: it lets go of the batch when this is its only target, and does not give it to this one again when there are others. So after a
 * crash a batch is either here or still to come, and never both.
 */
export async function commitFrom(
  host: Host,
  flow: Flow,
  store: StateStore,
  changes: readonly StateChange[],
): Promise<void> {
  const account = accountOf(host);
  const ticket = ticketOf(host, flow);
  if (ticket?.store === undefined || account === undefined) await store.commit(changes);
  else await commitBeside(store, changes, { store: ticket.store, change: ticket.change(account.id) });
  takeOver(host, flow);
}

/**
 * Notes that a component has taken over the batch that came by `flow` without a commit: {@link hasTakenOver} answers so as long as this process lives.
 */
export function takeOver(host: Host, flow: Flow): void {
  const ticket = ticketOf(host, flow);
  // An outbox without other targets does not give it again.
  if (ticket !== undefined && ticket.targets.length > 1) ticket.taken.add(accountOf(host)!.id);
}

/**
 * Whether a component has taken over the very batch that came by `flow` before: the outbox of a stateful section gives it to all its targets
 * again when one of them has failed. What has been taken is to be dropped as `duplicate`.
 */
export function hasTakenOver(host: Host, flow: Flow): boolean {
  const ticket = ticketOf(host, flow);
  return ticket !== undefined && ticket.taken.size > 0 && ticket.taken.has(accountOf(host)!.id);
}

function ticketOf(host: Host, flow: Flow): Ticket | undefined {
  const { ticket } = rootOf(flow);
  if (ticket === undefined) return undefined;
  const account = accountOf(host);
  return account !== undefined && ticket.targets.includes(account) ? ticket : undefined;
}
