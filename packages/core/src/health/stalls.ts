import type { Account } from '../run/account.js';
import type { Entry, Graph } from '../run/graph.js';
import type { Traffic } from '../run/traffic.js';
import type { DegradedQueue, PipelineHealth, StalledComponent } from './health-data.js';
import { fillOf, isFull, type QueueRoom, type Rooms } from './rooms.js';

/** How far something had come when it was last seen to move, or to be idle. */
interface Mark {
  ended: number;
  /** Since when it is known to be busy without having moved; undefined while it is idle. */
  since: number | undefined;
}

/**
 * Finds what stands still, by looking at accounts now and then: batches pay nothing for it.
 *
 * What was busy at two looks, and of which nothing has ended between them, has stood still from the first to the second. So whatever is called
 * stalled has been so for at least that long; it is found one look late at most.
 *
 * What a queue has acknowledged is safe and may wait there. Such a component is stalled when the calls that bring batches to it do not end.
 */
export class Stalls {
  readonly #rooms: Rooms;
  readonly #marks: WeakMap<object, Mark> = new WeakMap();
  /** Of queues: how far delivery has come. */
  readonly #deliveries: WeakMap<Account, Mark> = new WeakMap();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** Notes how far everything has come. */
  look(graph: Graph, now: number): void {
    for (const entry of graph.entries) {
      for (const account of accountsOf(entry)) {
        const { held, kept } = account;
        if (this.#rooms.of(account.id) === undefined) note(this.#marks, account, held > 0, endedIn(account), now);
        else {
          const calling = Math.max(held - kept, 0);
          note(this.#marks, account, calling > 0, account.in - calling, now);
          note(this.#deliveries, account, held > 0, endedIn(account), now);
        }
      }
    }
    const { traffic } = graph;
    note(this.#marks, traffic, traffic.inFlight > 0, traffic.ended, now);
  }

  /** How long the requests that are under way have all been waiting without any of them ending, in milliseconds. */
  waitingMs(traffic: Traffic, now: number): number {
    return standsStill(this.#marks.get(traffic), now);
  }

  /** How a pipeline did at the last look. */
  health(entry: Entry, afterMs: number, now: number): PipelineHealth {
    let held = 0;
    let full = false;
    const stalled: StalledComponent[] = [];
    const degraded: DegradedQueue[] = [];
    for (const account of accountsOf(entry)) {
      held += account.held;
      const sinceMs = standsStill(this.#marks.get(account), now);
      if (sinceMs >= afterMs) stalled.push({ id: account.id, held: account.held, sinceMs });
      const room = this.#rooms.of(account.id);
      if (room === undefined) continue;
      full ||= isFull(room);
      const undeliveredMs = standsStill(this.#deliveries.get(account), now);
      if (room.batches > 0 && (room.failingSince !== undefined || undeliveredMs >= afterMs))
        degraded.push(degradedQueue(account, room, now));
    }
    return { ready: stalled.length === 0 && !full, held, stalled, degraded };
  }
}

function degradedQueue({ id, held }: Account, room: QueueRoom, now: number): DegradedQueue {
  // A clock that was set back must not make times negative.
  const since = (at: number | undefined): number | undefined => (at === undefined ? undefined : Math.max(now - at, 0));
  return {
    id,
    held,
    failingMs: since(room.failingSince),
    failingWhy: room.failingWhy,
    oldestMs: since(room.oldestAt),
    fill: fillOf(room),
  };
}

function standsStill(mark: Mark | undefined, now: number): number {
  return mark?.since === undefined ? 0 : now - mark.since;
}

function note<K extends object>(marks: WeakMap<K, Mark>, what: K, busy: boolean, ended: number, now: number): void {
  const mark = marks.get(what);
  const since = busy ? now : undefined;
  if (mark === undefined) marks.set(what, { ended, since });
  // A clock that was set back must not make the wait look longer or negative.
  else if (!busy || mark.since === undefined || mark.ended !== ended || mark.since > now) {
    mark.ended = ended;
    mark.since = since;
  }
}

/** Of a pipeline's components. An exporter answers for those inside it; those inside a processor count for themselves. */
function* accountsOf({ processors, exporters }: Entry): Iterable<Account> {
  for (const { account } of processors) {
    yield account;
    yield* account.inner;
  }
  for (const { account } of exporters) yield account;
}

function endedIn({ out, dropped, refused }: Account): number {
  return out + dropped.total + refused.total;
}
