import { type Consume, type Flow, type Host, keep, type Processor, type Stage, stage } from '@otelier/core';
import { MetricsBatch } from '@otelier/otlp';
import { Aggregator, type Taken } from './aggregator.js';
import type { Cell } from './cell.js';
import { batchOf } from './emission.js';
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

/** Milliseconds that the timer waits at least: what was given back is due at once. */
const SHORTEST = 100;

class Aggregation implements Stage<MetricsBatch> {
  readonly state: Aggregator;
  private readonly next: Consume<MetricsBatch>;
  private readonly host: Host;
  private readonly delivering = new Set<Promise<void>>();
  private cancelTimer: (() => void) | undefined;

  constructor(next: Consume<MetricsBatch>, host: Host, all: AggregateSettings) {
    this.next = next;
    this.host = host;
    this.state = new Aggregator(all, host.clock.now());
  }

  async start(): Promise<void> {
    // What an earlier run has left.
    const restored = this.state.held();
    if (restored.length > 0) this.keep(restored, true);
    this.arm();
  }

  readonly consume: Consume<MetricsBatch> = (batch, flow) => {
    const { state } = this;
    const now = this.host.clock.now();
    const taken = state.take(batch, now);
    count(taken, flow, this.host);
    const due = state.due(now);
    this.arm();
    const rest = batch.count;
    if (rest === 0 && due.length === 0) {
      this.keep(taken.begun, false);
      return Promise.resolve();
    }
    if (rest > 0) batch.prune();
    const made = batchOf(due);
    const out = rest === 0 ? made : due.length === 0 ? batch : MetricsBatch.merge([batch, made]);
    return this.next(out, flow).then(() => {
      this.keep(taken.begun, false);
      delivered(due);
    });
  };

  async flush(): Promise<void> {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    await this.send(this.state.all());
    await Promise.all(this.delivering);
  }

  async close(): Promise<void> {
    this.cancelTimer?.();
    // In memory alone, what could not be sent is lost.
    if (this.host.dataDir === undefined) for (const cell of this.state.held()) cell.kept?.drop(1, 'not_sent');
  }

  private keep(cells: readonly Cell[], recovered: boolean): void {
    const there = cells.filter(({ kept }) => kept === undefined);
    if (there.length === 0) return;
    const kept = keep(this.host, there.length, { recovered });
    for (const cell of there) cell.kept = kept;
  }

  private async send(cells: readonly Cell[]): Promise<void> {
    if (cells.length === 0) return;
    await this.next(batchOf(cells), this.host.flow());
    delivered(cells);
  }

  /** Sets the timer to the next time at which something is due although nothing comes. */
  private arm(): void {
    const at = this.state.nextDue;
    if (at === undefined || this.cancelTimer !== undefined) return;
    const { clock, logger } = this.host;
    this.cancelTimer = clock.after(Math.max(at - clock.now(), SHORTEST), () => {
      this.cancelTimer = undefined;
      const sending = this.send(this.state.dueByClock(clock.now())).catch((error: Error) => {
        logger.warn({ err: error }, 'points of intervals that are over could not be passed on');
        this.arm();
      });
      this.delivering.add(sending);
      void sending.then(() => this.delivering.delete(sending));
      this.arm();
    });
  }
}

function count({ aggregated, outOfOrder, noRecordedValue, tooMany }: Taken, flow: Flow, host: Host): void {
  if (aggregated > 0) flow.drop(aggregated, 'aggregated');
  if (outOfOrder > 0) flow.drop(outOfOrder, 'out_of_order');
  if (noRecordedValue > 0) flow.drop(noRecordedValue, 'no_recorded_value');
  if (tooMany > 0) host.note(tooMany, 'too_many_streams');
}

function delivered(cells: readonly Cell[]): void {
  for (const { kept } of cells) kept?.delivered(1);
}
