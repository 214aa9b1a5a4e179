import {
  type AnyBatch,
  ConfigError,
  type Estate,
  type Flow,
  type Host,
  hasTakenOver,
  inherit,
  type Kept,
  keep,
  PipelineError,
  type Stage,
} from '@otelier/core';
import { joined } from '../parts.js';
import { attempt, causeOf, noteOutcome } from './attempt.js';
import type { Entry } from './entry.js';
import type { QueueLimits } from './limits.js';
import { Line, type Member } from './line.js';
import { Losses } from './losses.js';
import { observeQueue } from './observe.js';
import { Pace } from './pace.js';
import { Records, type Sums } from './records.js';
import { Rests } from './rests.js';
import { Troubles } from './troubles.js';

/** How soon a sender should come back who found the queue full, or its disk. */
const comeBackMs = 1_000;

/** Room when nobody has said how much. */
const onDisk: number = 1024 ** 3;
const inMemory: number = 64 * 1024 ** 2;

/** The running form of `queue()`, around the running form of what it wraps. */
export class QueueStage<B extends AnyBatch> implements Stage<B>, Member<B> {
  kept!: Kept;
  private readonly inner: Stage<B>;
  readonly host: Host;
  private readonly limits: QueueLimits;
  private readonly losses: Losses;
  private readonly troubles: Troubles;
  private readonly pace: Pace;
  /** Set at the start. */
  private line!: Line<B>;
  private estate: Estate<Line<B>> | undefined;
  private readonly sending: Set<Entry<B>> = new Set();
  private readonly rests: Rests;
  private readonly closing: AbortController = new AbortController();
  private idlers: (() => void)[] = [];
  /** Batches that are being written. */
  private arriving: number = 0;
  private pumping: boolean = false;
  private stopObserving: (() => void) | undefined;

  constructor(inner: Stage<B>, host: Host, limits: QueueLimits) {
    this.inner = inner;
    this.host = host;
    this.limits = limits;
    this.losses = new Losses(host.logger, host.clock);
    this.troubles = new Troubles(host.logger, host.clock);
    this.rests = new Rests(host.clock);
    this.pace = new Pace(host.clock, limits.workers, () => this.pump());
  }

  get bySeries(): boolean {
    return this.limits.bySeries;
  }

  get spareBytes(): number {
    return this.limits.spareBytes;
  }

  get maxAgeMs(): number {
    return this.limits.maxAgeMs;
  }

  get maxBytes(): number {
    return this.limits.maxBytes ?? (this.line.records === undefined ? inMemory : onDisk);
  }

  get maxBatches(): number {
    return this.limits.maxBatches;
  }

  async start(): Promise<void> {
    await this.inner.start?.();
    const { host } = this;
    const { dir, keep: where, spareBytes, destination } = this.limits;
    const store = where === 'memory' ? undefined : await host.openStore(dir);
    if (store === undefined && where !== undefined && where !== 'memory')
      throw new ConfigError(`${host.id}: keep`, `a dataDir, or dir, for '${where}'`);
    if (where === 'memory' || where === 'spill')
      host.logger.info({ keep: where }, 'a crash loses what this queue has said yes to and not written to disk');
    let recovered = 0;
    this.estate = inherit(host, store === undefined ? 'memory' : (dir ?? ''), () => {
      const records = store && new Records<B>(store, host.signal ?? 'logs', destination, host.clock);
      const line = new Line<B>(records, host.clock);
      recovered = line.open();
      return line;
    });
    this.line = this.estate.value;
    const { records, room } = this.line;
    this.troubles.recovered(records, { batches: room.batches, items: recovered, bytes: room.bytes });
    const before = records?.redirect(destination) ?? destination;
    if (before !== destination && room.batches > 0) this.troubles.redirected(before, destination, room.batches);
    this.kept = keep(host, recovered, { recovered: recovered > 0 });
    this.stopObserving = observeQueue(host, room, () => {
      const { failingSince, failingWhy } = this.troubles;
      return { oldestAt: this.line.oldestAt, failingSince, failingWhy };
    });
    this.line.join(this);
    // The queue before this one may have been allowed to.
    if (spareBytes === 0) await this.save();
  }

  private async save(): Promise<void> {
    try {
      await this.line.save();
    } catch (error) {
      this.troubles.unwritable(error);
    }
  }

  readonly consume = async (batch: B, flow: Flow): Promise<void> => {
    const { count } = batch;
    if (count === 0) return;
    if (hasTakenOver(this.host, flow)) {
      flow.drop(count, 'duplicate');
      return;
    }
    const bytes = batch.size;
    const { room } = this.line;
    if (bytes > room.maxBytes) {
      throw this.refusal('too-large', `a batch of ${bytes} bytes is more than the queue may hold (${room.maxBytes})`);
    }
    if (this.isClosed) throw this.closed();
    if (!room.take(bytes)) await this.makeRoom(bytes, flow);
    if (this.isClosed) {
      room.give(bytes);
      throw this.closed();
    }
    this.arriving++;
    try {
      await this.line.put(batch, count, flow, this);
    } catch (error) {
      room.give(bytes);
      this.troubles.unwritable(error);
      throw this.refusal('unavailable', 'the disk does not take writes', comeBackMs);
    } finally {
      this.arriving--;
      this.tellIdlers();
    }
  };

  private async makeRoom(bytes: number, flow: Flow): Promise<void> {
    const { line } = this;
    const { room } = line;
    if (this.limits.whenFull === 'wait') {
      if (await room.wait(bytes, flow.signal, this.closing.signal)) return;
      if (flow.signal.aborted) throw this.refusal('deadline', 'the sender gave up while the queue was full');
      throw this.closed();
    }
    if (this.limits.whenFull === 'drop-oldest') {
      for (let oldest = line.oldest(); oldest !== undefined; oldest = line.oldest()) {
        line.drop(oldest, 'queue full');
        if (room.take(bytes)) return;
      }
      // What is being sent cannot be dropped any more, so there may still be no room.
    }
    throw this.refusal('overloaded', 'the queue is full', comeBackMs);
  }

  pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    // The sender's call ends first: what it waits for is the queue, not the backend.
    queueMicrotask(() => {
      this.pumping = false;
      this.sendSome();
      this.tellIdlers();
    });
  }

  dropped(entry: Entry<B>, reason: string): void {
    entry.loseRest(reason);
    this.settle(entry);
  }

  corrected({ batches, items }: Sums): void {
    if (items < 0) this.lose(-items, 'damaged', undefined, Math.max(1, -batches));
    else if (items > 0) keep(this.host, items, { recovered: true }).moveTo(this.kept, items);
  }

  private sendSome(): void {
    while (this.sending.size < this.pace.window && !this.isClosed && this.line.isNewest(this)) {
      const next = this.line.take();
      if (next === undefined) return;
      this.sending.add(next.entry);
      void this.send(next.entry, next.batch);
    }
  }

  private async send(entry: Entry<B>, batch: B): Promise<void> {
    const flow = this.host.flow({ signal: this.closing.signal, peer: entry.peer });
    const outcome = await attempt(entry, batch, this.inner, flow);
    // What the close has cut off was given back there.
    if (!this.sending.delete(entry)) return;
    noteOutcome(entry, outcome);
    const { error } = outcome;
    if (error?.retryable === true) return this.failed(entry, error);
    if (error === undefined) {
      this.pace.succeeded();
      this.troubles.delivered();
    }
    this.settle(entry, error);
    this.line.done(entry);
    this.pump();
  }

  private failed(entry: Entry<B>, error: PipelineError): void {
    entry.attempts++;
    const { line } = this;
    line.giveBack(entry, this);
    this.host.note(entry.left, `kept: ${causeOf(error).code}`);
    this.troubles.failing(error, line.room);
    this.pace.failed(error);
    this.rests.begin(this.pace.pauseOf(entry.attempts, error), () => line.again(entry));
    this.tellIdlers();
  }

  /** Counts what has become of an entry of which nothing is left. */
  private settle(entry: Entry<B>, error?: PipelineError): void {
    let batches = 1;
    this.kept.delivered(entry.delivered);
    for (const [reason, count] of entry.lost) {
      this.lose(count, reason, error, batches);
      batches = 0;
    }
  }

  private lose(count: number, reason: string, error?: unknown, batches: number = 1): void {
    this.kept.drop(count, reason);
    this.losses.add(count, reason, error, batches);
  }

  private get isClosed(): boolean {
    return this.closing.signal.aborted;
  }

  private closed(): PipelineError {
    return this.refusal('unavailable', 'the queue is closed');
  }

  private refusal(
    code: 'too-large' | 'deadline' | 'unavailable' | 'overloaded',
    what: string,
    retryAfterMs?: number,
  ): PipelineError {
    return new PipelineError(code, `${this.host.id}: ${what}`, retryAfterMs === undefined ? {} : { retryAfterMs });
  }

  /** Resolves when everything has been delivered, or what is left is on disk and cannot be delivered now. */
  async flush(): Promise<void> {
    await this.inner.flush?.();
    this.pace.hurry();
    if (!this.isIdle) await new Promise<void>((resolve) => this.idlers.push(resolve));
    await this.line.records?.flush();
    await this.inner.flush?.();
  }

  private get isIdle(): boolean {
    if (this.sending.size > 0 || this.arriving > 0 || this.pumping) return false;
    const { line, pace } = this;
    if (line.isEmpty || !line.isNewest(this)) return true;
    return line.records !== undefined && (pace.resting || this.rests.size > 0);
  }

  private tellIdlers(): void {
    if (this.idlers.length === 0 || !this.isIdle) return;
    const { idlers } = this;
    this.idlers = [];
    for (const idler of idlers) idler();
  }

  /** Cuts off what is being sent. What is left stays on disk, or goes over to the next graph; without either it is lost, counted and logged. */
  async close(): Promise<void> {
    this.pace.close();
    const { line } = this;
    // From here on nobody gets in, also not those who get room by what is dropped now.
    this.closing.abort();
    if (line !== undefined) {
      for (const entry of this.sending) {
        line.giveBack(entry, this);
        line.again(entry);
      }
      this.sending.clear();
      this.rests.end();
      const last = line.leave(this);
      this.estate?.leave();
      if (last) await this.closeLine();
    }
    this.losses.flush();
    await this.inner.close?.();
    this.stopObserving?.();
  }

  /** The next run sends what is left, and nothing twice. */
  private keepRests(records: Records<B>): void {
    for (const entry of this.line.begun()) {
      const { parts, left } = entry;
      if (parts === undefined || left === 0) continue;
      records.shrink(entry, joined(parts));
      this.kept.delivered(entry.delivered - left);
      for (const [reason, count] of entry.lost) this.kept.drop(count, reason);
    }
  }

  private async closeLine(): Promise<void> {
    const { room, records } = this.line;
    room.close();
    if (records !== undefined) {
      await this.save();
      if (!records.isGone) this.keepRests(records);
      await records.close();
    }
    let [batches, items, bytes] = [0, 0, 0];
    for (const entry of this.line.rest()) {
      batches++;
      items += entry.left;
      bytes += entry.bytes;
      entry.lease?.release();
      entry.loseRest('closed');
      this.kept.delivered(entry.delivered);
      for (const [reason, count] of entry.lost) this.kept.drop(count, reason);
    }
    // What was written to a directory that was taken away is as lost as what was in memory.
    if (records?.isGone === true) {
      const written = this.line.waitingItems - items;
      this.kept.drop(written, 'closed');
      [batches, items, bytes] = [room.batches, items + written, room.bytes];
    }
    if (batches === 0) return;
    this.host.logger.error({ batches, items, bytes }, 'the queue was closed before it was empty: what it held is lost');
  }
}
