import { combineStates, type Flow, type Host, type Stateful } from '@otelier/core';
import { type KeySet, MetricFields, type MetricsBatch } from '@otelier/otlp';
import { Converter } from '../cumulative-to-delta/converter.js';
import { Accumulator } from '../delta-to-cumulative/accumulator.js';
import { following } from '../delta-to-cumulative/zeros.js';
import { offer, offered, Remainders } from '../distribution/remainders.js';
import { Outcomes } from '../series-state/outcomes.js';
import { Levels } from './levels.js';
import type { Merging } from './merging.js';
import type { RemovalSettings } from './options.js';

const CUMULATIVE = 2;
const TOO_MANY = 'too_many_streams: too many cumulative series lose attributes, raise cumulative.maxStreams';

/**
 * Merges cumulative series: what each has counted since it was last heard of is added up, so that a series that ends stays in the total.
 * Never the last values that happen to be in one request.
 */
export class CumulativeMerging {
  /** What is known of every series as it came, and of every total. */
  declare readonly state: Stateful;
  declare private readonly host: Host;
  declare private readonly merging: Merging;
  declare private readonly levels: Levels;
  declare private readonly converter: Converter;
  declare private readonly accumulator: Accumulator;
  declare private readonly into: Outcomes;
  declare private readonly out: Outcomes;
  declare private readonly metric: MetricFields;

  constructor(keys: KeySet, settings: RemovalSettings, merging: Merging, host: Host) {
    const { initial, exportInterval, maxStreams, maxStale, seed } = settings.cumulative;
    this.host = host;
    this.merging = merging;
    this.into = new Outcomes();
    this.out = new Outcomes();
    this.levels = new Levels(keys, settings, this.into);
    const now = host.clock.now();
    this.converter = new Converter(
      { initial, exportInterval, nonMonotonic: false, maxStreams, maxStale },
      now,
      this.into,
    );
    this.accumulator = new Accumulator({ seed, overlaps: 'add', maxStreams, maxStale }, now, this.out);
    this.metric = new MetricFields();
    this.state = combineStates({
      increments: this.converter,
      totals: this.accumulator,
      levels: this.levels,
      merged: merging.totals.state,
    });
  }

  /** Whether the batch holds only, some or no cumulative metrics. */
  share(batch: MetricsBatch): 'all' | 'some' | 'none' {
    let has = false;
    let hasOther = false;
    for (const metric of batch.metrics()) {
      if (this.isCumulative(metric)) has = true;
      else hasOther = true;
      if (has && hasOther) return 'some';
    }
    return has ? 'all' : 'none';
  }

  /** The cumulative metrics of a batch that has others too, which alone stay in it. */
  split(batch: MetricsBatch): MetricsBatch {
    const given = offered(batch);
    const left = given === undefined ? undefined : this.others(batch, given);
    const part = batch.fork();
    for (const metric of part.metrics()) if (!this.isCumulative(metric)) metric.remove();
    for (const metric of batch.metrics()) if (this.isCumulative(metric)) metric.remove();
    batch.prune();
    if (left !== undefined) offer(batch, left);
    return part.prune();
  }

  /** What was given for the metrics that are not cumulative. */
  private others(batch: MetricsBatch, given: Remainders): Remainders {
    const values: number[] = [];
    let position = 0;
    for (const metric of batch.metrics()) {
      const stays = !this.isCumulative(metric);
      for (const _ of metric.dataPoints) {
        if (stays) values.push(given.values[position]!);
        position++;
      }
    }
    return new Remainders(Float64Array.from(values), given);
  }

  /** What rounding kept back of the points that will be merged, in order, when it is known. */
  keptBack(batch: MetricsBatch): readonly number[] | undefined {
    return this.converter.keptBack(batch);
  }

  /** Merges a batch of cumulative metrics, of which `kept` was kept back; undefined when nothing comes out. */
  merge(batch: MetricsBatch, flow: Flow, kept?: readonly number[]): MetricsBatch | undefined {
    const { host, into, out } = this;
    const now = host.clock.now();
    batch.own();
    this.levels.merge(batch, now);
    if (this.converter.concerns(batch)) this.converter.convert(batch, now, kept);
    into.report(flow, host, TOO_MANY);
    if (batch.count === 0) return undefined;
    this.merging.merge(batch, flow);
    let zeros: MetricsBatch | undefined;
    if (this.accumulator.concerns(batch)) zeros = this.accumulator.accumulate(batch, now);
    out.report(flow, host, TOO_MANY);
    if (batch.count === 0) return undefined;
    batch.prune();
    if (zeros !== undefined) flow.add(zeros.count, 'seed');
    return following(zeros, batch);
  }

  private isCumulative(metric: object): boolean {
    return this.metric.read(metric).temporality === CUMULATIVE;
  }
}
