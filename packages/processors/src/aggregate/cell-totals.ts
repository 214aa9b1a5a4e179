import type { Host } from '@otelier/core';
import {
  type DataPoint,
  type HistogramDataPoint,
  MetricFields,
  type MetricsBatch,
  NONE,
  type PointFields,
} from '@otelier/otlp';
import { toNumber } from '../distribution/words.js';
import { HELD, IN, NamedTotals, OUT } from '../totals/totals.js';
import type { Cell } from './cell.js';

const DELTA = 1;

/** Proof that the totals of increments are kept: each quantity is measured at its own place. */
export class CellTotals {
  declare readonly named: NamedTotals;
  declare private readonly metric: MetricFields;

  constructor() {
    this.named = new NamedTotals();
    this.metric = new MetricFields();
  }

  /** A point whose bytes `f` has read came in. */
  in(name: number, point: DataPoint, f: PointFields): void {
    this.add(name, IN, point, f);
  }

  /** A batch goes out, whose points are as they will be read. */
  out(batch: MetricsBatch, f: PointFields): void {
    for (const metric of batch.metrics()) {
      if (this.metric.read(metric).temporality !== DELTA) continue;
      let name = -1;
      for (const point of metric.dataPoints) {
        if (name < 0) name = this.named.of(point);
        this.add(name, OUT, point, f.read(point));
      }
    }
  }

  /** What an earlier run had taken in. */
  recovered(cells: readonly Cell[]): void {
    for (const cell of cells) this.cell(cell, IN);
    this.named.save();
  }

  /** Shows them; `held` are the cells when somebody looks. */
  observe(host: Host, held: () => readonly Cell[]): () => void {
    return this.named.observe(host, () => {
      this.named.clear(HELD);
      for (const cell of held()) this.cell(cell, HELD);
    });
  }

  private add(name: number, quantity: number, point: DataPoint, f: PointFields): void {
    if (point.type !== 'sum') this.named.addCount(name, quantity, (point as HistogramDataPoint).count);
    else if (f.kind !== NONE) this.named.add(name, quantity, f.kind, f.low, f.high, f.double);
  }

  private cell({ way, name, value: v }: Cell, quantity: number): void {
    if (way !== 'add') return;
    const distribution = v.histogram ?? v.exponential;
    if (distribution !== undefined) this.named.addCount(name, quantity, distribution.count);
    else if (v.kind !== NONE) {
      this.named.add(name, quantity, v.kind, v.low, v.high, toNumber(v.kind, v.low, v.high));
      if (v.rest !== 0) this.named.addDouble(name, quantity, v.rest);
    }
  }
}
