import { PipelineError } from '../../error.js';
import type { Clock, Logger } from '../../host.js';
import type { AnyBatch } from '../../signal.js';
import type { Stateful } from '../../state.js';
import { Changes, prefixOf, settled, withoutPrefix } from '../../store/changes.js';
import type { StateChange, StateStore } from '../../store/state-store.js';
import type { Account } from '../account.js';
import type { Ticket } from '../face.js';
import type { Arrivals } from './arrivals.js';
import type { Entry } from './entry.js';
import type { Outbox } from './outbox.js';
import type { Part } from './part.js';
import { asideTag, keyOf, outboxTag, recover, takenKey, takenTag } from './recovery.js';

const one: Uint8Array = Buffer.from([1]);
/** How long deletions of delivered entries wait for a commit that they can ride along with. */
const rideMs = 100;
const againMs = 1000;

/** What a section has in the store: its stages' state under their ids, arrivals and outbox under its pipeline's path. */
export class Records {
  /** Undefined when nothing is kept on disk. */
  store: StateStore | undefined;
  readonly #own: Buffer;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Writes everything anew; false when this is not the moment. */
  readonly #rewrite: () => boolean;
  readonly #prefixes: Map<string, Buffer> = new Map();
  #forgotten: StateChange[] = [];
  /** Those of whose entries some were damaged, by prefix: their state is written anew. */
  readonly #damaged: Set<Buffer> = new Set();
  /** What becomes of the section's own entries that are damaged, or of no use. */
  #repairs: StateChange[] = [];
  #cancelRide: (() => void) | undefined;
  /** Whether a commit has failed, so that what is in the store is older than what is here. */
  #behind = false;
  #heir: Records | undefined;
  /** The last commit of changes. */
  #latest: Promise<void> = Promise.resolve();

  constructor(path: string, clock: Clock, logger: Logger, rewrite: () => boolean) {
    this.#own = prefixOf(path);
    this.#clock = clock;
    this.#logger = logger;
    this.#rewrite = rewrite;
  }

  /** Gives a stage what the store has of it. */
  restore(id: string, state: Stateful): void {
    if (this.store === undefined) return;
    const prefix = this.#prefix(id);
    let damaged = 0;
    try {
      state.restore(
        withoutPrefix(
          this.store.entries(prefix, () => void damaged++),
          prefix,
        ),
      );
      if (damaged > 0) state.damaged?.(damaged);
    } catch (error) {
      const why = error instanceof Error ? error.name : typeof error;
      throw new PipelineError('internal', `${id} could not take over its state from the data directory (${why})`, {
        cause: error,
      });
    }
    if (damaged > 0)
      this.#tell(prefix, id, damaged, 'some of what a component had kept is damaged: of that it begins anew');
  }

  /** Gives arrivals and outbox what the store has of them. */
  restoreSection(arrivals: Arrivals, outbox: Outbox, signal: AnyBatch['signal']): void {
    if (this.store === undefined) return;
    const found = recover(this.store, this.#own, signal);
    for (const [seq, entry] of found.entries) outbox.recover(entry, seq);
    for (const items of found.lost) outbox.lose(items);
    if (found.arrivals.length > 0) arrivals.restore(found.arrivals);
    this.#repairs = found.repairs;
    if (found.damaged === 0) return;
    const path = this.#own.toString('utf8', 0, this.#own.length - 1);
    this.#tell(
      this.#own,
      path,
      found.damaged,
      'some of what a pipeline had kept is damaged: batches among it were set aside',
    );
  }

  #tell(prefix: Buffer, id: string, entries: number, message: string): void {
    this.#damaged.add(prefix);
    this.#logger.error({ component: id, entries }, message);
  }

  /** Makes final what stages want to be known from their beginning on, before anything comes; undefined when that is nothing new. */
  begin(parts: readonly Part[], arrivals: Arrivals): Promise<void> | undefined {
    const { store } = this;
    if (store === undefined || this.#behind) return undefined;
    const changes = new Changes();
    changes.list.push(...this.#repairs);
    this.#repairs = [];
    for (const { id, state } of parts) {
      const prefix = this.#prefix(id);
      const isDamaged = this.#damaged.delete(prefix);
      if (isDamaged) this.#clear(store, prefix, changes, []);
      state.save(changes.under(prefix));
      if (isDamaged) state.snapshot(changes.under(prefix));
    }
    if (this.#damaged.delete(this.#own)) {
      this.#clear(store, this.#own, changes, [asideTag, outboxTag, takenTag]);
      arrivals.snapshot(changes.under(this.#own));
    }
    if (changes.list.length === 0) return undefined;
    return store.commit(this.#withForgotten(changes)).catch((error) => this.#failed(error));
  }

  /** Makes what has changed final, and with it `entries`, of which `done` hears when they are safe. In memory that is at once. */
  save(
    parts: readonly Part[],
    arrivals: Arrivals,
    entries: readonly Entry[],
    done: () => void,
  ): Promise<void> | undefined {
    const { store } = this;
    if (store === undefined) {
      for (const { state } of parts) state.save(undefined);
      arrivals.save(undefined);
      this.#safe(entries, done);
      return undefined;
    }
    const changes = new Changes();
    for (const { id, state } of parts) state.save(changes.under(this.#prefix(id)));
    arrivals.save(changes.under(this.#own));
    if (this.#behind) return this.#unsafe(entries);
    this.#putEntries(changes, entries);
    this.#latest = store.commit(this.#withForgotten(changes)).then(
      () => this.#safe(entries, done),
      (error) => {
        this.#failed(error);
        return this.#unsafe(entries);
      },
    );
    return this.#latest;
  }

  /** Resolves when what has been saved is in the store, and all before it. */
  safe(): Promise<void> {
    return this.#behind ? Promise.reject(unwritable()) : this.#latest;
  }

  /** Replaces all of it in the store. */
  rewrite(parts: readonly Part[], arrivals: Arrivals, entries: readonly Entry[], done: () => void): void {
    const { store } = this;
    if (store === undefined) return;
    const changes = new Changes();
    for (const prefix of [this.#own, ...parts.map(({ id }) => this.#prefix(id))])
      this.#clear(store, prefix, changes, prefix === this.#own ? [asideTag] : []);
    for (const { id, state } of parts) state.snapshot(changes.under(this.#prefix(id)));
    arrivals.snapshot(changes.under(this.#own));
    this.#putEntries(changes, entries);
    // What changes from here on is written after it, and fails with it: waiting for a moment without changes could take for ever.
    this.#behind = false;
    this.#latest = store.commit(changes.list).then(
      () => {
        this.#logger.info({}, 'the state store takes writes again');
        this.#safe(entries, done);
      },
      () => {
        this.#fallBehind();
        throw unwritable();
      },
    );
    this.#latest.catch(() => {});
  }

  /** Lets the components of `targets` take an entry over together with commits of their own. */
  ticket(entry: Entry, targets: readonly Account[]): Ticket {
    const change = (id: string): StateChange =>
      targets.length > 1 ? [this.#whole(takenKey(entry.seq, id)), one] : [this.#whole(keyOf(entry.seq)), undefined];
    return { store: this.store, targets, taken: (entry.taken ??= new Set()), change };
  }

  /** An entry has been delivered: it need not be kept any more. */
  forget(entry: Entry): void {
    if (this.#heir !== undefined) {
      this.#heir.forget(entry);
      return;
    }
    if (this.store === undefined) return;
    const { seq, taken } = entry;
    this.#forgotten.push([this.#whole(keyOf(seq)), undefined]);
    // Who has it is of no interest any more, and another entry may get its number.
    if (taken !== undefined) for (const id of taken) this.#forgotten.push([this.#whole(takenKey(seq, id)), undefined]);
    this.#cancelRide ??= this.#clock.after(rideMs, () => void this.flush());
  }

  /** Commits what waits for company. */
  async flush(): Promise<void> {
    if (this.store === undefined || this.#forgotten.length === 0) return;
    // What fails here is delivered once more after a restart.
    await this.store.commit(this.#withForgotten(new Changes())).catch(() => {});
  }

  /** Hands the state of one stage to its successor, and what it holds. */
  move({ id, state, account }: Part, to: Part): void {
    const changes = new Changes();
    state.snapshot(changes.under(new Uint8Array(0)));
    to.account.predecessor = account;
    try {
      to.state.restore(settled(changes.list));
    } catch (error) {
      const reason = error instanceof Error ? error.name : typeof error;
      this.#logger.error({ component: id, reason }, 'a component could not take over the state of its predecessor');
    } finally {
      to.account.predecessor = undefined;
    }
  }

  /** From now on deletions are the heir's to make. */
  handOver(to: Records): void {
    this.#heir = to;
    this.#cancelRide?.();
    to.#latest = this.#latest;
    to.#forgotten.push(...this.#forgotten);
    this.#forgotten = [];
    if (this.#behind) to.#fallBehind();
  }

  #clear(store: StateStore, prefix: Buffer, changes: Changes, but: readonly number[]): void {
    for (const key of store.keys(prefix)) if (!but.includes(key[prefix.length]!)) changes.list.push([key, undefined]);
  }

  #putEntries(changes: Changes, entries: readonly Entry[]): void {
    const to = changes.under(this.#own);
    for (const { seq, batch, taken } of entries) {
      to.put(keyOf(seq), batch.bytes());
      if (taken !== undefined) for (const id of taken) to.put(takenKey(seq, id), one);
    }
  }

  #withForgotten(changes: Changes): readonly StateChange[] {
    this.#cancelRide?.();
    this.#cancelRide = undefined;
    for (const change of this.#forgotten) changes.list.push(change);
    this.#forgotten = [];
    return changes.list;
  }

  #safe(entries: readonly Entry[], done: () => void): void {
    for (const entry of entries) entry.durable = true;
    if (entries.length > 0) done();
  }

  #unsafe(entries: readonly Entry[]): Promise<void> {
    const error = unwritable();
    for (const entry of entries) entry.tell(error);
    return Promise.reject(error);
  }

  #failed(error: unknown): void {
    this.#logger.error({ err: error }, 'the state store cannot be written to; nothing is acknowledged until it can');
    this.#fallBehind();
  }

  #fallBehind(): void {
    if (this.#heir !== undefined) this.#heir.#fallBehind();
    else if (!this.#behind) {
      this.#behind = true;
      this.#again();
    }
  }

  #again(): void {
    this.#clock.after(againMs, () => {
      if (this.#heir === undefined && !this.#rewrite()) this.#again();
    });
  }

  #whole(key: Buffer): Buffer {
    return Buffer.concat([this.#own, key]);
  }

  #prefix(id: string): Buffer {
    const prefix = this.#prefixes.get(id) ?? prefixOf(id);
    this.#prefixes.set(id, prefix);
    return prefix;
  }
}

function unwritable(): PipelineError {
  return new PipelineError('unavailable', 'the data directory cannot be written to');
}
