import {
  type AnyBatch,
  type Flow,
  type Host,
  type Kept,
  keep,
  type Peer,
  PipelineError,
  type Stage,
} from '@otelier/core';
import { Fifo } from './fifo.js';
import { Losses } from './losses.js';
import { observeQueue } from './observe.js';
import { Room } from './room.js';

/** What a full queue does: tell the sender to come back, drop what is oldest, or let the sender wait. */
export type WhenFull = 'refuse' | 'drop-oldest' | 'wait';

/** Limits of a queue, checked. */
export interface QueueLimits {
  readonly maxBytes: number;
  readonly maxBatches: number;
  readonly workers: number;
  readonly whenFull: WhenFull;
}

interface Entry<B> {
  readonly batch: B;
  readonly bytes: number;
  readonly count: number;
  readonly peer: Peer | undefined;
  /** The queue's promise to the account: these items are delivered, or dropped by reason. */
  readonly kept: Kept;
}

/** How soon a sender who found the queue full should come back. */
const comeBackMs = 1_000;

/** The running form of `queue()`, around the running form of what it wraps. */
export class QueueStage<B extends AnyBatch> implements Stage<B> {
  private readonly inner: Stage<B>;
  private readonly host: Host;
  private readonly limits: QueueLimits;
  private readonly losses: Losses;
  private readonly room: Room;
  private readonly entries: Fifo<Entry<B>> = new Fifo();
  private readonly sending: Set<Entry<B>> = new Set();
  private readonly closing: AbortController = new AbortController();
  private readonly idlers: Set<() => void> = new Set();
  private busy: number = 0;
  private stopObserving: (() => void) | undefined;

  constructor(inner: Stage<B>, host: Host, limits: QueueLimits) {
    this.inner = inner;
    this.host = host;
    this.limits = limits;
    this.losses = new Losses(host.logger, host.clock);
    this.room = new Room(limits.maxBytes, limits.maxBatches);
  }

  async start(): Promise<void> {
    await this.inner.start?.();
    this.stopObserving = observeQueue(this.host, this.room);
  }

  readonly consume = async (batch: B, flow: Flow): Promise<void> => {
    const { count } = batch;
    if (count === 0) return;
    const bytes = batch.size;
    if (bytes > this.limits.maxBytes) {
      throw this.refusal(
        'too-large',
        `a batch of ${bytes} bytes is more than the queue may hold (${this.limits.maxBytes})`,
      );
    }
    if (!this.room.take(bytes)) await this.makeRoom(bytes, flow);
    this.entries.push({ batch, bytes, count, peer: flow.peer, kept: keep(this.host, count) });
    if (this.busy < this.limits.workers) void this.work();
  };

  private async makeRoom(bytes: number, flow: Flow): Promise<void> {
    if (this.limits.whenFull === 'wait') {
      if (await this.room.wait(bytes, flow.signal)) return;
      if (flow.signal.aborted) throw this.refusal('deadline', 'the sender gave up while the queue was full');
      throw this.refusal('unavailable', 'the queue is closed');
    }
    if (this.limits.whenFull === 'drop-oldest') {
      for (let oldest = this.entries.shift(); oldest !== undefined; oldest = this.entries.shift()) {
        this.lose(oldest, 'queue full');
        this.room.give(oldest.bytes);
        if (this.room.take(bytes)) return;
      }
      // What is being sent cannot be dropped any more, so there may still be no room.
    }
    throw new PipelineError('overloaded', `${this.host.id}: the queue is full`, { retryAfterMs: comeBackMs });
  }

  private async work(): Promise<void> {
    this.busy++;
    // The sender's call ends first: what it waits for is the queue, not the backend.
    await Promise.resolve();
    while (!this.closing.signal.aborted) {
      const entry = this.entries.shift();
      if (entry === undefined) break;
      await this.send(entry);
      this.room.give(entry.bytes);
    }
    this.busy--;
    if (this.busy === 0) for (const idle of this.idlers) idle();
  }

  private async send(entry: Entry<B>): Promise<void> {
    const { batch, count, peer, kept } = entry;
    const flow = this.host.flow({ signal: this.closing.signal, peer });
    this.sending.add(entry);
    try {
      await this.inner.consume(batch, flow);
      kept.delivered(count - flow.refused);
      // The sender can hear of these no more.
      if (flow.refused > 0) this.lose({ kept, count: flow.refused }, flow.refusal);
    } catch (caught) {
      // What the close has cut off is counted there.
      if (this.sending.has(entry)) this.lose(entry, PipelineError.from(caught).code, caught);
    } finally {
      this.sending.delete(entry);
    }
  }

  private lose({ kept, count }: Pick<Entry<B>, 'kept' | 'count'>, reason: string, error?: unknown): void {
    kept.drop(count, reason);
    this.losses.add(count, reason, error);
  }

  private refusal(code: 'too-large' | 'deadline' | 'unavailable', what: string): PipelineError {
    return new PipelineError(code, `${this.host.id}: ${what}`);
  }

  /** Resolves when everything held has been sent or counted as dropped. */
  async flush(): Promise<void> {
    await this.inner.flush?.();
    if (this.busy > 0) {
      await new Promise<void>((resolve) => {
        const idle = () => {
          this.idlers.delete(idle);
          resolve();
        };
        this.idlers.add(idle);
      });
    }
    await this.inner.flush?.();
  }

  /** Cuts off what is being sent; that and what still waits is lost, counted and logged. */
  async close(): Promise<void> {
    const lost = [...this.sending];
    this.sending.clear();
    for (let left = this.entries.shift(); left !== undefined; left = this.entries.shift()) lost.push(left);
    if (lost.length > 0) this.loseAtClose(lost);
    this.closing.abort();
    this.room.close();
    this.losses.flush();
    await this.inner.close?.();
    this.stopObserving?.();
  }

  private loseAtClose(lost: readonly Entry<B>[]): void {
    let [bytes, items] = [0, 0];
    for (const entry of lost) {
      bytes += entry.bytes;
      items += entry.count;
      entry.kept.drop(entry.count, 'closed');
    }
    const fields = { batches: lost.length, items, bytes };
    this.host.logger.error(fields, 'the queue was closed before it was empty: what it held is lost');
  }
}
