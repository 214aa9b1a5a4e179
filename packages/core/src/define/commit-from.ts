import type { Flow } from '../flow.js';
import type { Host } from '../host.js';
import { accountOf } from '../run/account-of.js';
import { rootOf } from '../run/face.js';
import { commitBeside } from '../store/owned-store.js';
import type { StateChange, StateStore } from '../store/state-store.js';

/**
 * Commits to the store that {@link Host.openStore} gave what a component keeps of the batch that came by `flow`.
 *
 * When the batch came out of a stateful section of which this component is the only target, the section's outbox lets go of it in the same
 * transaction: after a crash exactly one of the two has it.
 */
export function commitFrom(host: Host, flow: Flow, store: StateStore, changes: readonly StateChange[]): Promise<void> {
  const { ticket } = rootOf(flow);
  if (ticket === undefined || ticket.account !== accountOf(host)) return store.commit(changes);
  return commitBeside(store, changes, ticket);
}
