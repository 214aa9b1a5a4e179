import type { AnyBatch } from '@otelier/core';
import type { Entry } from './entry.js';
import { Fifo } from './fifo.js';
import { allLanes } from './lane.js';

/** Which entries may be sent now: any, or (by series) only those with nothing before them in their lane. */
export class Order<B extends AnyBatch> {
  readonly bySeries: boolean;
  /** The newest of each lane since the last barrier. */
  readonly #last: Map<number, Entry<B>> = new Map();
  /** The newest that all lanes wait for. */
  #barrier: Entry<B> | undefined;
  readonly #ready: Fifo<Entry<B>> = new Fifo();
  /** Those that have been tried before, which go first. */
  readonly #again: Fifo<Entry<B>> = new Fifo();

  constructor(bySeries: boolean) {
    this.bySeries = bySeries;
  }

  /** Takes up an entry behind all others. */
  add(entry: Entry<B>): void {
    entry.blockers = 0;
    entry.followers = undefined;
    if (this.bySeries) this.#link(entry);
    if (entry.blockers === 0 && entry.state === 'waiting') this.#ready.push(entry);
  }

  /** The next that may be sent, once. */
  take(): Entry<B> | undefined {
    for (const from of [this.#again, this.#ready]) {
      for (let next = from.shift(); next !== undefined; next = from.shift()) if (next.state === 'waiting') return next;
    }
    return undefined;
  }

  /** An entry that was taken may be sent again. */
  again(entry: Entry<B>): void {
    this.#again.push(entry);
  }

  /** An entry is gone: those behind it may move up, once those before it are gone, too. */
  finish(entry: Entry<B>): void {
    if (entry.blockers > 0) return;
    const { followers, lane } = entry;
    if (this.#last.get(lane) === entry) this.#last.delete(lane);
    if (this.#barrier === entry) this.#barrier = undefined;
    entry.followers = undefined;
    if (followers === undefined) return;
    for (const follower of followers) {
      if (--follower.blockers > 0) continue;
      if (follower.state === 'gone') this.finish(follower);
      else if (follower.state === 'waiting') this.#ready.push(follower);
    }
  }

  #link(entry: Entry<B>): void {
    if (entry.lane !== allLanes) {
      const before = this.#last.get(entry.lane) ?? this.#barrier;
      if (before !== undefined) follow(before, entry);
      this.#last.set(entry.lane, entry);
      return;
    }
    if (this.#barrier !== undefined) follow(this.#barrier, entry);
    for (const before of this.#last.values()) follow(before, entry);
    this.#last.clear();
    this.#barrier = entry;
  }
}

function follow<B extends AnyBatch>(before: Entry<B>, after: Entry<B>): void {
  after.blockers++;
  if (before.followers === undefined) before.followers = [after];
  else before.followers.push(after);
}
