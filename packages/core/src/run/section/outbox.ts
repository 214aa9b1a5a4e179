import type { Consume } from '../../consume.js';
import { PipelineError } from '../../error.js';
import type { Flow } from '../../flow.js';
import type { Admission, Clock, Logger } from '../../host.js';
import type { AnyBatch } from '../../signal.js';
import type { Account } from '../account.js';
import { Face, Root, rootOf, type Ticket } from '../face.js';
import { rootFlow } from '../host.js';
import { Backoff } from './backoff.js';
import { type Entry, insert } from './entry.js';
import { Followers } from './followers.js';

/** What an outbox needs from around it. */
export interface OutboxOptions {
  readonly account: Account;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limitBytes: number;
  /** Where what is kept counts from when its sender has been told. */
  readonly admission: Admission;
  /** The entry's bytes need not be kept any more. */
  readonly forget: (entry: Entry) => void;
  /** Lets the components of `targets` take the entry over in commits of their own. */
  readonly ticket: (entry: Entry, targets: readonly Account[]) => Ticket;
}

/**
 * Keeps what came out of a stateful section until it has been delivered.
 *
 * As long as all goes well, batches are passed on as they come. After a retryable failure the batch stays, its sender and those behind it are
 * told, and the outbox delivers by itself: in order, after a pause or when another batch comes, one at first and twice as many after each success.
 */
export class Outbox {
  /** What follows in the pipeline. */
  next!: Consume<AnyBatch>;
  /** Whether what is kept survives this process. */
  durable = false;
  /** Of the exporters, when all that comes to them is whole entries; none when stages before them may take those apart. */
  targets: readonly Account[] = [];
  readonly #options: OutboxOptions;
  readonly #backoff: Backoff;
  /** In order; those in front may not be durable yet. */
  #waiting: Entry[] = [];
  readonly #flying: Set<Entry> = new Set();
  readonly #followers: Followers = new Followers();
  #idlers: (() => void)[] = [];
  /** Entries of which an attempt has failed. */
  #failed = 0;
  #bytes = 0;
  #lastSeq = 0;
  #closed = false;
  /** The outbox of the graph that has taken over. */
  #heir: Outbox | undefined;
  /** Those of graphs before that still had batches on their way when this one took over. */
  #before: Outbox[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock, () => this.pump());
  }

  /** Whose what is kept is now. */
  get #owner(): Outbox {
    let owner: Outbox = this;
    while (owner.#heir !== undefined) owner = owner.#heir;
    return owner;
  }

  /** Whether something is on its way, also from an outbox before. */
  get #isFlying(): boolean {
    return this.#flying.size > 0 || this.#before.some((before) => before.#flying.size > 0);
  }

  /** Whether so many bytes may come; what is alone may have any size. */
  admits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#options.limitBytes;
  }

  /** Everything that is kept, in order. */
  entries(): readonly Entry[] {
    return [...this.#flying, ...this.#waiting].sort((a, b) => a.seq - b.seq);
  }

  /** Takes over an entry behind all others; {@link pump} sends it once it is durable. */
  append(entry: Entry): void {
    entry.seq = ++this.#lastSeq;
    this.#bytes += entry.size;
    const { account } = this.#options;
    account.keep(entry.count, false);
    account.settle(new Face(undefined, account, entry.count));
    this.#waiting.push(entry);
  }

  /** Takes over an entry of an earlier run. */
  recover(entry: Entry, seq: number): void {
    entry.seq = seq;
    entry.durable = true;
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    this.#bytes += entry.size;
    this.#options.account.keep(entry.count, true);
    this.#hold(entry);
    this.#waiting.push(entry);
  }

  /** An entry of an earlier run, of so many items, is not what was written. */
  lose(count: number): void {
    const { account } = this.#options;
    account.keep(count, true);
    account.unkeep(count, 'damaged');
  }

  /** A batch has come, which is a reason to try again. */
  arrived(): void {
    if (this.#heir !== undefined) {
      this.#heir.arrived();
      return;
    }
    const error = this.#backoff.closedFor;
    if (error !== undefined) this.#tellAll(error);
    else {
      this.#backoff.wake();
      this.pump();
    }
  }

  /** Sends what may be sent. */
  pump(): void {
    if (this.#heir !== undefined) {
      this.#heir.pump();
      return;
    }
    while (this.#flying.size < this.#backoff.window && !this.#closed && !this.#backoff.resting) {
      if (this.#waiting[0]?.durable !== true) break;
      this.#send(this.#waiting.shift()!);
    }
    this.#idle();
  }

  /** Resolves when everything that is kept now has been delivered; rejects with the next failure that can be repaired. */
  caughtUp(): Promise<void> {
    if (this.#heir !== undefined) return this.#heir.caughtUp();
    if (this.#waiting.length === 0 && !this.#isFlying) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#followers.add(this.#lastSeq, resolve, reject);
      this.arrived();
    });
  }

  /** Delivers what can be; resolves when nothing is left, or what is left is safe. */
  flush(): Promise<void> {
    if (this.#heir === undefined && !this.#backoff.resting) this.pump();
    return new Promise((resolve) => {
      this.#idlers.push(resolve);
      this.#idle();
    });
  }

  /** Gives everything to the outbox of the graph that takes over; what is on its way comes after, if it fails. */
  handOver(to: Outbox): void {
    this.#backoff.wake();
    to.#lastSeq = Math.max(to.#lastSeq, this.#lastSeq);
    for (const entry of this.#waiting) this.#give(entry, to);
    this.#waiting = [];
    this.#heir = to;
    const { account } = this.#options;
    // Those on their way still count as this one's, but a follower waits for both.
    this.#followers.moveTo(to.#followers);
    // However often a pipeline file is loaded again, only those are kept that have something to wait for.
    for (const before of [...this.#before, this]) if (before.#flying.size > 0) to.#before.push(before);
    this.#before = [];
    if (account.closed) this.close();
  }

  /** Ends: what is durable stays for the next start, everything else is lost and counted. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#backoff.wake();
    const { account, logger } = this.#options;
    const left = this.#waiting;
    for (const entry of this.#flying) {
      // In memory, one whose sender waits has been given back to it.
      if (this.#heir === undefined && !this.durable && entry.awaited) continue;
      account.takeBack(entry.count);
      left.push(entry);
    }
    this.#flying.clear();
    this.#waiting = [];
    if (this.#heir !== undefined) {
      const owner = this.#owner;
      for (const entry of left) this.#give(entry, owner);
      owner.pump();
      return;
    }
    const stopped = new PipelineError('unavailable', 'the collector stopped before this batch was delivered');
    this.#tellAll(stopped);
    let items = 0;
    for (const entry of left) {
      entry.tell(stopped);
      entry.lease?.release();
      if (!entry.durable || !this.durable) account.unkeep(entry.count, 'closed');
      if (!entry.durable || !this.durable) items += entry.count;
    }
    if (items > 0)
      logger.error({ batches: left.length, items }, 'the outbox was closed before it was empty: what it held is lost');
    this.#idle();
  }

  #send(entry: Entry): void {
    const { account } = this.#options;
    account.unkeep(entry.count, undefined);
    this.#flying.add(entry);
    this.next(entry.batch.fork(), this.#flowOf(entry)).then(
      () => this.#delivered(entry),
      (thrown) => this.#refused(entry, PipelineError.from(thrown)),
    );
  }

  #flowOf(entry: Entry): Flow {
    const { account, ticket } = this.#options;
    const { flow } = entry;
    const { targets } = this;
    // In memory nothing is handed over in a commit, and a single exporter gets an entry again only when it has failed.
    if (targets.length === 0 || (targets.length === 1 && !this.durable)) return flow ?? rootFlow(undefined, account);
    // A flow of its own, since the sender's may be that of several entries.
    const own = new Root(flow, account, undefined, flow && rootOf(flow));
    own.ticket = ticket(entry, targets);
    return own;
  }

  #delivered(entry: Entry): void {
    if (!this.#flying.delete(entry)) return;
    this.#backoff.succeeded();
    this.#forget(entry);
    if (!entry.awaited) this.#goOn();
    else if (!this.#isBehindFailure(entry.seq)) {
      entry.tell(undefined);
      this.#goOn();
    } else {
      // What its sender has sent before may be among what has failed: it hears of both together.
      this.#owner.#followers.add(entry.seq, () => entry.tell(undefined), entry.tell.bind(entry));
      this.#goOn();
    }
  }

  #refused(entry: Entry, error: PipelineError): void {
    if (!this.#flying.delete(entry)) return;
    const { account, logger } = this.#options;
    if (!error.retryable) {
      this.#forget(entry);
      if (!entry.awaited) {
        // Its sender may have been told that all is well since it sent it again.
        account.lost += entry.count;
        logger.error(
          { code: error.code, items: entry.count },
          'a batch in the outbox was refused for good: it is lost',
        );
      }
      entry.tell(error);
      this.#goOn();
      return;
    }
    account.takeBack(entry.count);
    if (!entry.failed) this.#failed++;
    entry.failed = true;
    this.#hold(entry);
    entry.tell(error);
    const owner = this.#owner;
    if (owner !== this) {
      this.#give(entry, owner);
      owner.#failedWith(error);
      this.#idle();
    } else {
      insert(this.#waiting, entry);
      this.#failedWith(error);
    }
  }

  #failedWith(error: PipelineError): void {
    this.#backoff.failed(error);
    this.#tellAll(error);
    this.#idle();
  }

  #give(entry: Entry, to: Outbox): void {
    this.#bytes -= entry.size;
    to.#bytes += entry.size;
    if (entry.failed) {
      this.#failed--;
      to.#failed++;
    }
    this.#options.account.moveKept(entry.count, to.#options.account);
    insert(to.#waiting, entry);
  }

  #hold(entry: Entry): void {
    entry.lease ??= this.#options.admission.hold(entry.size);
  }

  #forget(entry: Entry): void {
    this.#bytes -= entry.size;
    entry.lease?.release();
    if (entry.failed) this.#failed--;
    this.#options.forget(entry);
  }

  #goOn(): void {
    const owner = this.#owner;
    if (!owner.#followers.isEmpty) owner.#followers.delivered(owner.#oldest());
    owner.pump();
    this.#idle();
  }

  #isBehindFailure(seq: number): boolean {
    const owner = this.#owner;
    return owner.#failed > 0 && owner.#oldest((entry) => entry.failed) < seq;
  }

  /** The first place of what is kept, here and on its way from outboxes before; beyond all when there is nothing. */
  #oldest(of: (entry: Entry) => boolean = () => true): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const entry of this.#waiting) {
      if (!of(entry)) continue;
      oldest = entry.seq;
      break;
    }
    for (const entry of this.#flying) if (of(entry)) oldest = Math.min(oldest, entry.seq);
    for (const before of this.#before) oldest = Math.min(oldest, before.#oldest(of));
    return oldest;
  }

  /** Tells all who wait for something that is not on its way. */
  #tellAll(error: PipelineError): void {
    for (const entry of this.#waiting) {
      if (!entry.awaited) continue;
      this.#hold(entry);
      entry.tell(error);
    }
    this.#followers.fail(error);
  }

  #idle(): void {
    if (this.#idlers.length === 0 || this.#isFlying) return;
    const safe = this.durable && this.#backoff.resting;
    if (this.#waiting.length > 0 && !safe && !this.#closed) return;
    const idlers = this.#idlers;
    this.#idlers = [];
    for (const idler of idlers) idler();
  }
}
