import { type Consume, type Flow, type Host, type Processor, type Stage, type Stateful, stage } from '@otelier/core';
import type { MetricsBatch } from '@otelier/otlp';
import { joined } from '../distribution/remainders.js';
import { Aggregator, type Taken } from './aggregator.js';
import type { Cell } from './cell.js';
import { Holding } from './holding.js';
import { type AggregateOptions, type AggregateSettings, settings } from './options.js';

export type { AggregateOptions } from './options.js';

/**
 * Makes one point per series and interval, in the time that the points tell: increments are added up, of cumulative series and gauges
 * the last stays. Totals do not change.
 *
 * It answers before it sends: what it holds is state, kept under the data directory when there is one, else in memory.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function aggregate(options: AggregateOptions): Processor<'metrics'> {
  const all = settings(options);
  return stage(
    'aggregate',
    { metrics: (next, host) => new Aggregation(next, host, all) },
    { stateful: true, merges: true, options: { ...options } },
  );
}

/** Milliseconds from one attempt to send what is due to the next. */
const AGAIN = 1000;

class Aggregation implements Stage<MetricsBatch> {
  readonly state: Stateful;
  private readonly next: Consume<MetricsBatch>;
  private readonly host: Host;
  private readonly aggregator: Aggregator;
  private readonly holding: Holding;
  private readonly endObserving: () => void;
  private cancelTimer: (() => void) | undefined;
  private notBefore = 0;
  private closed = false;
  private durable: boolean;

  constructor(next: Consume<MetricsBatch>, host: Host, all: AggregateSettings) {
    this.next = next;
    this.host = host;
    this.durable = host.dataDir !== undefined;
    const aggregator = new Aggregator(all, host.clock.now());
    const holding = new Holding(host);
    this.aggregator = aggregator;
    this.holding = holding;
    this.endObserving = aggregator.totals.observe(host, () => aggregator.held());
    this.state = {
      restore: (entries) => {
        aggregator.restore(entries);
        holding.recovered(aggregator.held().length);
        this.arm();
      },
      save: (to) => {
        this.durable ||= to !== undefined;
        aggregator.save(to);
        holding.save();
        this.arm();
      },
      undo: () => {
        aggregator.undo();
        holding.undo();
        this.notBefore = host.clock.now() + AGAIN;
        this.arm();
      },
      snapshot: (to) => aggregator.snapshot(to),
    };
  }

  readonly consume: Consume<MetricsBatch> = (batch, flow) => {
    const { aggregator } = this;
    const now = this.host.clock.now();
    const taken = aggregator.take(batch, now);
    count(taken, flow, this.host);
    const due = aggregator.due(now);
    this.holding.take(taken.begun, due.length);
    const rest = batch.count;
    if (rest === 0 && due.length === 0) return Promise.resolve();
    if (rest > 0) batch.prune();
    if (due.length === 0) return this.next(batch, flow);
    const made = aggregator.batchOf(due);
    return this.next(rest === 0 ? made : joined(batch, made), flow);
  };

  async flush(): Promise<void> {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    for (;;) {
      // Looked at in a turn: outside of it, what another one has taken out would be missing though it may come back.
      let left = 0;
      const sent = await this.send(() => {
        const cells = this.aggregator.all();
        left = cells.length;
        return cells;
      });
      if (left === 0 || this.closed) return;
      if (!sent) await this.pause();
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.cancelTimer?.();
    this.endObserving();
    // In memory alone, what could not be sent is lost.
    if (!this.durable) this.holding.lose();
  }

  /** Sends what `take` takes out, in a turn of its own; a failure is for the next time. */
  private async send(take: () => Cell[]): Promise<boolean> {
    const { host } = this;
    try {
      await host.inTurn(async (flow) => {
        const cells = take();
        this.holding.take(0, cells.length);
        if (cells.length > 0) await this.next(this.aggregator.batchOf(cells), flow);
      });
      return true;
    } catch (error) {
      this.notBefore = host.clock.now() + AGAIN;
      host.logger.warn({ err: error }, 'points of intervals that are over could not be delivered yet');
      return false;
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.host.clock.after(AGAIN, resolve);
      this.cancelTimer = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Sets the timer to the next time at which something is due although nothing comes. */
  private arm(): void {
    const at = this.aggregator.nextDue;
    if (at === undefined || this.cancelTimer !== undefined || this.closed) return;
    const { clock } = this.host;
    const now = clock.now();
    this.cancelTimer = clock.after(Math.max(at - now, this.notBefore - now, 1), () => {
      this.cancelTimer = undefined;
      void this.send(() => this.aggregator.dueByClock(clock.now())).then(() => {
        if (this.cancelTimer === undefined) this.arm();
      });
    });
  }
}

function count({ aggregated, outOfOrder, noRecordedValue, tooMany }: Taken, flow: Flow, host: Host): void {
  if (aggregated > 0) flow.drop(aggregated, 'aggregated');
  if (outOfOrder > 0) flow.drop(outOfOrder, 'out_of_order');
  if (noRecordedValue > 0) flow.drop(noRecordedValue, 'no_recorded_value');
  if (tooMany > 0) host.note(tooMany, 'too_many_streams');
}
