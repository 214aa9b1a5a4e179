import { type AnyBatch, type Clock, type Flow, type Host, type Kept, takeOver } from '@otelier/core';
import { Entrance } from './entrance.js';
import { Entry } from './entry.js';
import { laneOf } from './lane.js';
import { Order } from './order.js';
import type { Records, Sums } from './records.js';
import { Room } from './room.js';
import { Spared } from './spared.js';

/** How many entries are known in memory at most when they are on disk, and when more are looked up. */
const windowEntries = 4096;
const refillEntries = 1024;
/** Bytes of batches on disk that are kept in memory as well, to be sent without reading them back. */
const memoryBytes = 16 * 1024 ** 2;

/** A stage that sends from a line. During a reload a line has two; only the newest takes from it. */
export interface Member<B extends AnyBatch> {
  readonly host: Host;
  readonly kept: Kept;
  readonly bySeries: boolean;
  /** Milliseconds; infinite when nothing expires. */
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly maxBatches: number;
  /** Protobuf bytes that may be in memory alone although there is a disk. */
  readonly spareBytes: number;
  /** Something can be sent, or nothing is left. */
  pump(): void;
  /** An entry was dropped while it waited. */
  dropped(entry: Entry<B>, reason: string): void;
  /** There is so much more on disk than the queue has said of itself, or less where negative: its bytes were changed. */
  corrected(by: Sums): void;
}

/**
 * The batches of one queue in their order, in memory and on disk.
 *
 * Of what is on disk only a window is known here, from the oldest on: memory and start-up do not depend on how much there is.
 */
export class Line<B extends AnyBatch> {
  readonly room: Room = new Room(0, 0);
  /** Undefined when nothing is on disk. */
  readonly records: Records<B> | undefined;
  readonly #clock: Clock;
  readonly #members: Member<B>[] = [];
  /** By place. */
  readonly #window: Map<number, Entry<B>> = new Map();
  #order: Order<B> = new Order(false);
  /** Whether there are entries on disk behind the window, and the last that is in it. */
  #more: boolean = false;
  #last: number = -1;
  /** Whether what the queue has said of itself was compared with what there is. */
  #isSettled: boolean = false;
  #waitingItems: number = 0;
  #memory: number = 0;
  /** Of the window's entries. */
  readonly #spared: Spared<B> = new Spared();
  #nextInMemory: number = 0;
  readonly #entrance: Entrance = new Entrance();
  #cancelExpiry: (() => void) | undefined;

  constructor(records: Records<B> | undefined, clock: Clock) {
    this.records = records;
    this.#clock = clock;
  }

  /** Takes over what an earlier run has left; answers how many items that are. */
  open(): number {
    if (this.records === undefined) return 0;
    const { batches, items, bytes } = this.records.open();
    this.room.fill(bytes, batches);
    this.#waitingItems = items;
    // Also when it says that it is empty: a look is cheap.
    this.#more = true;
    return items;
  }

  get isEmpty(): boolean {
    return this.#window.size === 0 && !this.#more;
  }

  /** When the batch was accepted that has been here for longest, in milliseconds since 1970; undefined when that is none that is known here. */
  get oldestAt(): number | undefined {
    for (const { storedAt } of this.#window.values()) return storedAt;
    return undefined;
  }

  isNewest(member: Member<B>): boolean {
    return this.#newest === member;
  }

  /** From now on this one sends. */
  join(member: Member<B>): void {
    const before = this.#newest;
    this.#members.push(member);
    before?.kept.moveTo(member.kept, this.#waitingItems);
    this.#led(member);
  }

  /** Ends sending; true when nobody is left. Those that were on their way have been given back. */
  leave(member: Member<B>): boolean {
    const led = this.isNewest(member);
    const at = this.#members.indexOf(member);
    if (at >= 0) this.#members.splice(at, 1);
    const heir = this.#newest;
    if (heir === undefined) {
      this.#cancelExpiry?.();
      return true;
    }
    if (led) {
      member.kept.moveTo(heir.kept, this.#waitingItems);
      this.#led(heir);
    }
    return false;
  }

  /** Takes a batch that has room; resolves when it is as safe as this line makes it. */
  async put(batch: B, count: number, flow: Flow, member: Member<B>): Promise<void> {
    const { records } = this;
    const lane = this.#order.bySeries || records !== undefined ? laneOf(batch) : 0;
    if (records === undefined) {
      this.#enter(this.#inMemory(this.#nextInMemory++, batch, count, lane, member, flow), batch, flow, member);
      return;
    }
    if (!this.#maySpare(batch.size)) {
      await this.#entrance.after(records.put(batch, count, lane, member.host, flow), (entry) =>
        this.#enter(entry, batch, flow, member),
      );
      return;
    }
    const entry = this.#inMemory(records.reserve(), batch, count, lane, member, flow);
    this.#spared.add(entry);
    if (this.#entrance.coming === 0) this.#enter(entry, batch, flow, member);
    else await this.#entrance.after(entry, () => this.#enter(entry, batch, flow, member));
  }

  /** Writes what is in memory alone although there is a disk; rejects when that cannot be done. */
  async save(): Promise<void> {
    await this.#entrance.last;
    const next = (): Entry<B>[] => this.#spared.first(this.#window.values(), memoryBytes);
    for (let some = next(); some.length > 0; some = next()) {
      for (const entry of some) {
        this.#spared.remove(entry);
        this.#memory += entry.bytes;
      }
      try {
        await this.records?.save(some);
      } catch (error) {
        for (const entry of some) {
          if (entry.state === 'gone') continue;
          this.#memory -= entry.bytes;
          this.#spared.add(entry);
        }
        throw error;
      }
      for (const entry of some) {
        entry.lease?.release();
        if (entry.state === 'gone' || this.#memory <= memoryBytes) continue;
        this.#memory -= entry.bytes;
        entry.batch = undefined;
      }
    }
  }

  /** The next entry to send and its batch, which is the sender's. */
  take(): { readonly entry: Entry<B>; readonly batch: B } | undefined {
    this.#refill();
    for (let entry = this.#order.take(); entry !== undefined; entry = this.#order.take()) {
      const batch = entry.batch === undefined ? this.records?.read(entry) : (entry.batch.fork() as B);
      if (batch === undefined) {
        this.drop(entry, 'damaged');
        continue;
      }
      entry.state = 'sending';
      this.#waitingItems -= entry.count;
      return { entry, batch };
    }
    return undefined;
  }

  /** An entry was not delivered: it stays at its place, and those behind it in its lane wait, until {@link again}. */
  giveBack(entry: Entry<B>, member: Member<B>): void {
    entry.state = 'waiting';
    this.#waitingItems += entry.count;
    if (!this.isNewest(member) && this.#newest !== undefined) member.kept.moveTo(this.#newest.kept, entry.count);
    if (this.#cancelExpiry === undefined) this.#expire();
  }

  /** An entry that was given back may be sent. */
  again(entry: Entry<B>): void {
    if (entry.state !== 'waiting') return;
    this.#order.again(entry);
    this.#newest?.pump();
  }

  /** An entry that was on its way has come to its end. */
  done(entry: Entry<B>): void {
    this.#remove(entry, () => {
      if (entry.stored) this.records?.remove(entry);
    });
    this.#newest?.pump();
  }

  /** Drops an entry that waits. */
  drop(entry: Entry<B>, reason: string): void {
    this.#waitingItems -= entry.count;
    this.#newest?.dropped(entry, reason);
    this.#remove(entry, () => {
      if (reason === 'damaged') this.records?.setAside(entry);
      else if (entry.stored) this.records?.remove(entry);
    });
  }

  /** Log records, data points or spans that are here and not on their way. */
  get waitingItems(): number {
    return this.#waitingItems;
  }

  /** What is in memory alone. */
  *rest(): Iterable<Entry<B>> {
    for (const entry of this.#window.values()) if (!entry.stored) yield entry;
  }

  /** Of what is on disk those of which something has been delivered. */
  *begun(): Iterable<Entry<B>> {
    for (const entry of this.#window.values()) if (entry.stored && entry.parts !== undefined) yield entry;
  }

  /** The oldest entry that waits. */
  oldest(): Entry<B> | undefined {
    this.#refill();
    for (const entry of this.#window.values()) if (entry.state === 'waiting') return entry;
    return undefined;
  }

  get #newest(): Member<B> | undefined {
    return this.#members.at(-1);
  }

  #led(member: Member<B>): void {
    this.room.resize(member.maxBytes, member.maxBatches);
    if (this.#order.bySeries !== member.bySeries) {
      this.#order = new Order(member.bySeries);
      for (const entry of this.#window.values()) this.#order.add(entry);
    }
    this.#refill();
    this.#expire();
    member.pump();
  }

  #inMemory(seq: number, batch: B, count: number, lane: number, { host }: Member<B>, flow: Flow): Entry<B> {
    const entry = new Entry<B>(seq, count, batch.size, this.#clock.now(), lane, 0, false);
    entry.batch = batch;
    entry.lease = host.admission.hold(entry.bytes);
    takeOver(host, flow);
    return entry;
  }

  /** Whether so much may be in memory alone although there is a disk. What is on disk behind the window goes first. */
  #maySpare(bytes: number): boolean {
    const spareBytes = this.#newest?.spareBytes ?? 0;
    if (spareBytes === 0 || this.#more || this.#spared.bytes + bytes > spareBytes) return false;
    return this.#window.size - this.#spared.count + this.#entrance.coming < windowEntries;
  }

  #enter(entry: Entry<B>, batch: B, flow: Flow, member: Member<B>): void {
    const { count } = entry;
    member.kept.more(count, flow);
    if (!this.isNewest(member) && this.#newest !== undefined) member.kept.moveTo(this.#newest.kept, count);
    this.#waitingItems += count;
    entry.peer = flow.peer;
    if (entry.stored) {
      if (entry.seq <= this.#last) return;
      if (this.#more || this.#window.size - this.#spared.count >= windowEntries) {
        this.#more = true;
        return;
      }
      if (this.#memory + entry.bytes <= memoryBytes) {
        this.#memory += entry.bytes;
        entry.batch = batch;
      }
    }
    this.#add(entry);
    if (this.#cancelExpiry === undefined) this.#expire();
    this.#newest?.pump();
  }

  #add(entry: Entry<B>): void {
    this.#last = Math.max(this.#last, entry.seq);
    this.#window.set(entry.seq, entry);
    this.#order.add(entry);
  }

  #remove(entry: Entry<B>, forget: () => void): void {
    entry.state = 'gone';
    this.#window.delete(entry.seq);
    if (entry.stored && entry.batch !== undefined) this.#memory -= entry.bytes;
    if (!entry.stored && this.records !== undefined) this.#spared.remove(entry);
    entry.batch = undefined;
    entry.parts = undefined;
    entry.lease?.release();
    forget();
    this.#order.finish(entry);
    this.room.give(entry.bytes);
  }

  #refill(): void {
    const { records } = this;
    if (records === undefined) return;
    if (this.#more && this.#window.size <= refillEntries) {
      const limit = windowEntries - (this.#window.size - this.#spared.count);
      const page = this.#page(records, limit);
      this.#more = page.length === limit;
      for (const entry of page) this.#add(entry);
    }
    // What is being written is in the sums and not in the window.
    if (!this.#more && !this.#isSettled && this.#entrance.coming === 0) this.#settle(records);
  }

  #page(records: Records<B>, limit: number): Entry<B>[] {
    try {
      return records.page(this.#last + 1, limit);
    } catch {
      // A page of the store that leads there is damaged: what is behind it is missing.
      this.#isSettled = false;
      return [];
    }
  }

  /** Everything on disk is in the window: who says otherwise is wrong. */
  #settle(records: Records<B>): void {
    this.#isSettled = true;
    const by = records.settle(this.#window.values());
    if (by === undefined) return;
    this.#waitingItems += by.items;
    this.room.correct(by.bytes, by.batches);
    this.#newest?.corrected(by);
  }

  /** Drops what is too old, and comes again when the next one is. */
  #expire(): void {
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
    const maxAgeMs = this.#newest?.maxAgeMs ?? Number.POSITIVE_INFINITY;
    if (maxAgeMs === Number.POSITIVE_INFINITY) return;
    for (let entry = this.oldest(); entry !== undefined; entry = this.oldest()) {
      const left = entry.storedAt + maxAgeMs - this.#clock.now();
      if (left > 0) {
        this.#cancelExpiry = this.#clock.after(left, () => {
          this.#expire();
          this.#newest?.pump();
        });
        return;
      }
      this.drop(entry, 'expired');
    }
  }
}
