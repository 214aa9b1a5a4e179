import type { CountsByReason } from '../run/account-data.js';
import { Tally } from '../run/tally.js';

/** What one receiver has turned away before it reached a pipeline, by reason. */
export interface DoorData {
  /** Such as `wrong credentials`, `malformed`, `client rate`, `slow body`. */
  readonly refusedRequests: CountsByReason;
  /** Connections that were refused or ended because of what their client did. */
  readonly closedConnections: CountsByReason;
}

/** Counts what one receiver turns away. */
export class DoorCounts {
  readonly requests: Tally = new Tally();
  readonly connections: Tally = new Tally();
}

/** What the receivers of a collector have turned away; sums outlive reloads. */
export class Doors {
  readonly #counts: Map<string, DoorCounts> = new Map();

  /** The counts of the receiver of this id. */
  of(id: string): DoorCounts {
    let counts = this.#counts.get(id);
    if (counts === undefined) this.#counts.set(id, (counts = new DoorCounts()));
    return counts;
  }

  data(): { readonly [id: string]: DoorData } {
    return Object.fromEntries(
      [...this.#counts].map(([id, { requests, connections }]) => [
        id,
        { refusedRequests: requests.data(), closedConnections: connections.data() },
      ]),
    );
  }
}
