import type { Account } from '../run/account.js';
import type { Entry, Graph } from '../run/graph.js';
import type { Traffic } from '../run/traffic.js';
import type { PipelineHealth, StalledComponent } from './health-data.js';

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
 */
export class Stalls {
  #marks: WeakMap<object, Mark> = new WeakMap();

  /** Notes how far everything has come. */
  look(graph: Graph, now: number): void {
    for (const entry of graph.entries) {
      for (const account of accountsOf(entry)) this.#note(account, account.held > 0, endedIn(account), now);
    }
    const { traffic } = graph;
    this.#note(traffic, traffic.inFlight > 0, traffic.ended, now);
  }

  /** How long the requests that are under way have all been waiting without any of them ending, in milliseconds. */
  waitingMs(traffic: Traffic, now: number): number {
    return this.#standsStill(traffic, now);
  }

  /** How a pipeline did at the last look. */
  health(entry: Entry, afterMs: number, now: number): PipelineHealth {
    let held = 0;
    const stalled: StalledComponent[] = [];
    for (const account of accountsOf(entry)) {
      held += account.held;
      const sinceMs = this.#standsStill(account, now);
      if (sinceMs >= afterMs) stalled.push({ id: account.id, held: account.held, sinceMs });
    }
    return { ready: stalled.length === 0, held, stalled };
  }

  #standsStill(what: object, now: number): number {
    const since = this.#marks.get(what)?.since;
    return since === undefined ? 0 : now - since;
  }

  #note(what: object, busy: boolean, ended: number, now: number): void {
    const mark = this.#marks.get(what);
    const since = busy ? now : undefined;
    if (mark === undefined) this.#marks.set(what, { ended, since });
    // A clock that was set back must not make the wait look longer or negative.
    else if (!busy || mark.since === undefined || mark.ended !== ended || mark.since > now) {
      mark.ended = ended;
      mark.since = since;
    }
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
