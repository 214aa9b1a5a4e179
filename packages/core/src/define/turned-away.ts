import { DoorCounts } from '../health/doors.js';
import type { Host } from '../host.js';
import { engineOf } from '../run/account-of.js';

/** Counts by reason what a receiver turns away before it reaches a pipeline, for `/status`; what reaches one is in the accounts. */
export interface TurnedAway {
  request(reason: string): void;
  connection(reason: string): void;
}

/** What the receiver that `host` was made for has turned away: the same counts for all with its id, also after a reload. */
export function turnedAway(host: Host): TurnedAway {
  const { requests, connections } = engineOf(host)?.doors.of(host.id) ?? new DoorCounts();
  return {
    request: (reason) => requests.add(reason, 1),
    connection: (reason) => connections.add(reason, 1),
  };
}
