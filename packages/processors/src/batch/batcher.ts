import { setMaxListeners } from 'node:events';
import {
  type Consume,
  type Flow,
  type Host,
  type Identity,
  type Peer,
  PipelineError,
  type Signal,
  type Signals,
  type Stage,
} from '@otelier/core';
import { LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';
import type { BatchSettings } from './options.js';

/** What a {@link Batcher} needs of its surroundings. */
export type BatcherHost = Pick<Host, 'clock' | 'flow'>;

/** A request that waits for the outcome of the batch that it became part of. */
interface Waiting<B> {
  readonly batch: B;
  readonly flow: Flow;
  readonly identity: Identity | undefined;
  settle(error?: unknown): void;
  /** Called when the sender gives up; replaced once the request is on its way. */
  gaveUp: () => void;
}

const kinds = { logs: LogsBatch, metrics: MetricsBatch, traces: TracesBatch };

/** Merges requests of one signal and keeps every sender waiting until the merged batch has been delivered. */
export class Batcher<S extends Signal> implements Stage<Signals[S]> {
  private readonly signal: S;
  private readonly next: Consume<Signals[S]>;
  private readonly limits: BatchSettings;
  private readonly host: BatcherHost;
  private readonly delivering = new Set<Promise<void>>();
  private waiting: Waiting<Signals[S]>[] = [];
  private items = 0;
  private bytes = 0;
  private cancelTimer: (() => void) | undefined;
  private closed = false;

  constructor(signal: S, next: Consume<Signals[S]>, limits: BatchSettings, host: BatcherHost) {
    this.signal = signal;
    this.next = next;
    this.limits = limits;
    this.host = host;
  }

  readonly consume: Consume<Signals[S]> = (batch, flow) =>
    new Promise((resolve, reject) => {
      if (this.closed) throw new PipelineError('unavailable', 'the batch processor is closed');
      if (flow.signal.aborted) throw gaveUp();
      const { count, size } = batch;
      const { maxItems, maxBytes } = this.limits;
      // Whole requests first: only one that is too large by itself is ever split.
      if (this.items + count > maxItems || this.bytes + size > maxBytes) this.passOn();
      const waiting: Waiting<Signals[S]> = {
        batch,
        flow,
        identity: flow.peer?.identity,
        settle: (error) => {
          flow.signal.removeEventListener('abort', onAbort);
          if (error === undefined) resolve();
          else reject(error);
        },
        gaveUp: () => this.forget(waiting, count, size),
      };
      const onAbort = () => waiting.gaveUp();
      // Requests without a signal of their own share one, which then has as many listeners as requests wait.
      setMaxListeners(0, flow.signal);
      flow.signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(waiting);
      this.items += count;
      this.bytes += size;
      if (this.items >= maxItems || this.bytes >= maxBytes) this.passOn();
      else this.cancelTimer ??= this.host.clock.after(this.limits.timeout, () => this.passOn());
    });

  async flush(): Promise<void> {
    this.passOn();
    await Promise.all(this.delivering);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const each of this.take()) each.settle(new PipelineError('unavailable', 'closed before the batch was sent'));
  }

  private take(): Waiting<Signals[S]>[] {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    const { waiting } = this;
    this.waiting = [];
    this.items = 0;
    this.bytes = 0;
    return waiting;
  }

  /** Nobody waits for this request any more, and its sender will send it again: it must not be delivered as well. */
  private forget(waiting: Waiting<Signals[S]>, count: number, size: number): void {
    this.waiting = this.waiting.filter((each) => each !== waiting);
    this.items -= count;
    this.bytes -= size;
    if (this.waiting.length === 0) this.take();
    waiting.settle(gaveUp());
  }

  private passOn(): void {
    const waiting = this.take();
    if (waiting.length === 0) return;
    if (this.limits.mixIdentities) this.send(waiting);
    else for (const group of byIdentity(waiting)) this.send(group);
  }

  private send(waiting: readonly Waiting<Signals[S]>[]): void {
    const delivery = this.deliver(waiting).then(
      () => {
        for (const each of waiting) each.settle();
      },
      (error: unknown) => {
        for (const each of waiting) each.settle(error);
      },
    );
    this.delivering.add(delivery);
    void delivery.then(() => this.delivering.delete(delivery));
  }

  private async deliver(waiting: readonly Waiting<Signals[S]>[]): Promise<void> {
    const [first] = waiting;
    if (first === undefined) return;
    const { maxItems: maxCount, maxBytes } = this.limits;
    const flow = waiting.length === 1 ? alone(first) : this.shared(waiting);
    const merged = waiting.length === 1 ? first.batch : this.merge(waiting);
    for (const part of merged.split({ maxCount, maxBytes }) as Signals[S][]) await this.next(part, flow);
  }

  private merge(waiting: readonly Waiting<Signals[S]>[]): Signals[S] {
    // The class for a signal takes and gives batches of that signal, which the compiler cannot follow through the table.
    const kind = kinds[this.signal] as unknown as { merge(batches: readonly Signals[S][]): Signals[S] };
    return kind.merge(waiting.map(({ batch }) => batch));
  }

  /** A flow that aborts when all of its senders have given up. */
  private shared(waiting: readonly Waiting<Signals[S]>[]): Flow {
    const controller = new AbortController();
    let present = waiting.length;
    for (const each of waiting) {
      each.gaveUp = () => {
        present--;
        if (present === 0) controller.abort(gaveUp());
      };
    }
    const peer = commonPeer(waiting);
    return this.host.flow({ signal: controller.signal, from: waiting.map(({ flow }) => flow), peer });
  }
}

/** The sender's own flow: its abort reaches what follows by itself. */
function alone<B>(waiting: Waiting<B>): Flow {
  waiting.gaveUp = () => {};
  return waiting.flow;
}

function commonPeer<B>(waiting: readonly Waiting<B>[]): Peer | undefined {
  const [first] = waiting;
  const peer = first?.flow.peer;
  if (waiting.every(({ flow }) => flow.peer === peer)) return peer;
  const identity = first?.identity;
  return identity !== undefined && waiting.every((each) => each.identity?.key === identity.key)
    ? { identity }
    : undefined;
}

/** The requests of each identity, in their order; those of nobody known are together. */
function byIdentity<B>(waiting: readonly Waiting<B>[]): Iterable<readonly Waiting<B>[]> {
  const first = waiting[0]?.identity?.key;
  if (waiting.every(({ identity }) => identity?.key === first)) return [waiting];
  const groups = new Map<string | undefined, Waiting<B>[]>();
  for (const each of waiting) {
    const key = each.identity?.key;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return groups.values();
}

function gaveUp(): PipelineError {
  return new PipelineError('deadline', 'the sender gave up before the batch was sent');
}
