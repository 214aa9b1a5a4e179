import type { Host, Stateful } from '@otelier/core';
import {
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  MetricFields,
  type MetricsBatch,
  NONE,
  PointFields,
} from '@otelier/otlp';
import { IN, NamedTotals, OUT } from '../totals/totals.js';

const DELTA = 1;

/**
 * What the increments of each metric added up to before and after merging, as proof that merging keeps totals.
 *
 * Both passes read every point, so they are made only once somebody has looked; sums begin there.
 */
export class MergedTotals {
  declare private readonly totals: NamedTotals;
  declare private readonly metric: MetricFields;
  declare private readonly fields: PointFields;
  declare private isWatched: boolean;

  constructor() {
    this.totals = new NamedTotals();
    this.metric = new MetricFields();
    this.fields = new PointFields();
    this.isWatched = false;
  }

  /** The sums begin with the process: what is kept of them is nothing, what is undone is all of a batch. */
  get state(): Stateful {
    const { totals } = this;
    return { restore() {}, save: () => totals.save(), undo: () => totals.undo(), snapshot() {} };
  }

  /** Shows the totals; the returned function ends that. */
  observe(host: Host): () => void {
    return this.totals.observe(host, () => {
      this.isWatched = true;
    });
  }

  /** Increments that are about to be merged. */
  before(batch: MetricsBatch): void {
    if (this.isWatched) this.count(batch, IN);
  }

  /** What has become of them. */
  after(batch: MetricsBatch): void {
    if (this.isWatched) this.count(batch, OUT);
  }

  private count(batch: MetricsBatch, quantity: number): void {
    const { totals, fields } = this;
    for (const metric of batch.metrics()) {
      const { type, temporality } = this.metric.read(metric);
      if (temporality !== DELTA) continue;
      for (const point of metric.dataPoints) {
        // It says that nothing was counted, whatever else stands in it.
        if (point.noRecordedValue) continue;
        const name = totals.of(point);
        if (type !== 'sum')
          totals.addCount(name, quantity, (point as HistogramDataPoint | ExponentialHistogramDataPoint).count);
        else if (fields.read(point).kind !== NONE)
          totals.add(name, quantity, fields.kind, fields.low, fields.high, fields.double);
      }
    }
  }
}
