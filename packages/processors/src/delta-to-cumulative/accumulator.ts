import {
  type DataPoint,
  DOUBLE,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  INT,
  type MetricsBatch,
  NONE,
  PointFields,
  StreamTable,
} from '@otelier/otlp';
import { readExponential, readHistogram, writeExponential, writeHistogram } from '../distribution/distribution.js';
import { addExponentials, atLeastExponential } from '../distribution/exponential.js';
import { addHistograms, atLeastHistogram } from '../distribution/histogram.js';
import { add, compare, compareTimes, high, kind, low, toNumber } from '../distribution/words.js';
import type { Journal } from './journal.js';
import type { Settings } from './options.js';
import { FREE, KNOWN, OPEN, Series } from './series.js';

/** Why a point is not passed on: the names under which it is counted. */
export type Reason = 'no_recorded_value' | 'not_a_number' | 'negative' | 'too_many_streams';

const MILLISECOND = 1_000_000;

/** Adds delta points up into one running total per series. */
export class Accumulator {
  declare private readonly settings: Settings;
  declare private readonly table: StreamTable;
  declare private readonly series: Series;
  declare private readonly fields: PointFields;
  declare private sweptAt: number;
  /** Slot of each delta point of the batch in its order, or -1; what {@link look} found. */
  declare private readonly slots: number[];

  constructor(settings: Settings, now: number) {
    this.settings = settings;
    this.table = new StreamTable({ ignoreTemporality: true, maxStreams: settings.maxStreams });
    this.series = new Series();
    this.fields = new PointFields();
    this.sweptAt = now;
    this.slots = [];
  }

  /** Series in memory. */
  get size(): number {
    return this.table.size;
  }

  /**
   * First look at a batch: finds the series of each delta point and gives new ones their start. Returns a batch of zeros for those that
   * have none yet, or undefined; answers in `found` how many delta points there are.
   */
  look(batch: MetricsBatch, now: number, journal: Journal, found: { points: number }): MetricsBatch | undefined {
    const { series, slots } = this;
    slots.length = 0;
    const unseeded: boolean[] = [];
    let seeds = 0;
    for (const metric of batch.metrics()) {
      if (metric.temporality !== 'delta') {
        for (const _ of metric.dataPoints) unseeded.push(false);
        continue;
      }
      for (const point of metric.dataPoints) {
        const slot = this.table.slot(point);
        slots.push(slot);
        let seed = false;
        if (slot >= 0) {
          if (this.table.isNew) series.enter(slot);
          series.seen[slot] = now;
          const f = this.fields.read(point, this.table.attributesStart, this.table.attributesEnd);
          if (refusal(point, f, metric.monotonic) === undefined) {
            if (series.state[slot] === KNOWN) this.open(slot);
            if (this.settings.seed && series.seeded[slot] === 0) {
              series.seeded[slot] = 1;
              journal.seed(series, slot);
              seed = true;
              seeds++;
            }
          }
        }
        unseeded.push(seed);
      }
    }
    found.points = slots.length;
    return seeds === 0 ? undefined : this.zeros(batch, unseeded);
  }

  /** Writes running totals over the points of the batch that {@link look} saw last; the batch's bytes must be its own. */
  accumulate(batch: MetricsBatch, now: number, journal: Journal, removed: Map<Reason, number>): void {
    let i = 0;
    for (const metric of batch.metrics()) {
      if (metric.temporality !== 'delta') continue;
      const { monotonic } = metric;
      for (const point of metric.dataPoints) {
        const slot = this.slots[i++]!;
        const reason = slot < 0 ? 'too_many_streams' : refusal(point, this.fields.read(point), monotonic);
        if (reason !== undefined) {
          point.remove();
          removed.set(reason, (removed.get(reason) ?? 0) + 1);
        } else this.point(point, slot, monotonic, journal);
      }
      metric.temporality = 'cumulative';
    }
    this.table.forgetBatch();
    this.sweep(now);
  }

  /** Books the outcome of a batch that went out. */
  settle(journal: Journal, outcome: 'delivered' | 'refused' | 'comes back'): void {
    if (outcome === 'delivered') journal.delivered(this.series);
    else journal.refused(this.series, outcome === 'comes back');
  }

  private point(point: DataPoint, slot: number, monotonic: boolean, journal: Journal): void {
    const { series, fields: f } = this;
    if (point.type === 'sum') this.number(point, slot, monotonic, journal);
    else if (point.type === 'histogram') this.histogram(point as HistogramDataPoint, slot, journal);
    else this.exponential(point as ExponentialHistogramDataPoint, slot, journal);
    f.setStart(point, series.startLow[slot]!, series.startHigh[slot]!);
    if (compareTimes(f.timeLow, f.timeHigh, series.timeLow[slot]!, series.timeHigh[slot]!) > 0) {
      series.timeLow[slot] = f.timeLow;
      series.timeHigh[slot] = f.timeHigh;
    } else {
      // A late point still counts; its series goes on from the time that it has reached.
      const later = shifted(series.timeLow[slot]!, series.timeHigh[slot]!, MILLISECOND);
      series.timeLow[slot] = later.low;
      series.timeHigh[slot] = later.high;
      f.setTime(point, later.low, later.high);
    }
  }

  private number(point: DataPoint, slot: number, monotonic: boolean, journal: Journal): void {
    const { fields: f } = this;
    const { total, shown } = this.series;
    add(total.kind[slot]!, total.low[slot]!, total.high[slot]!, f.kind, f.low, f.high);
    total.set(slot, kind, low, high);
    const falls = monotonic && compare(kind, low, high, shown.kind[slot]!, shown.low[slot]!, shown.high[slot]!) < 0;
    if (!falls) shown.set(slot, kind, low, high);
    journal.number(this.series, slot, f.kind, f.low, f.high, shown.kind[slot]!, shown.low[slot]!, shown.high[slot]!);
    f.setValue(point, shown.kind[slot]!, shown.low[slot]!, shown.high[slot]!);
  }

  private histogram(point: HistogramDataPoint, slot: number, journal: Journal): void {
    const { series } = this;
    const increment = readHistogram(point);
    let of = series.histograms[slot];
    if (of === undefined) {
      of = { total: increment, shown: undefined, delivered: undefined };
      series.histograms[slot] = of;
    } else of.total = addHistograms(of.total, increment);
    of.shown = of.shown === undefined ? of.total : atLeastHistogram(of.total, of.shown);
    journal.histogram(series, slot, increment, of.shown);
    writeHistogram(point, of.shown);
  }

  private exponential(point: ExponentialHistogramDataPoint, slot: number, journal: Journal): void {
    const { series } = this;
    const increment = readExponential(point);
    let of = series.exponentials[slot];
    if (of === undefined) {
      of = { total: increment, shown: undefined, delivered: undefined };
      series.exponentials[slot] = of;
    } else of.total = addExponentials(of.total, increment);
    of.shown = of.shown === undefined ? of.total : atLeastExponential(of.total, of.shown);
    journal.exponential(series, slot, increment, of.shown);
    writeExponential(point, of.shown);
  }

  /** Starts a series with the point that was read. */
  private open(slot: number): void {
    const { series, fields: f } = this;
    let startLow = f.startLow;
    let startHigh = f.startHigh;
    // Unknown, or not before the point: a series that starts with its first point would say that it counted nothing.
    if ((startLow === 0 && startHigh === 0) || compareTimes(startLow, startHigh, f.timeLow, f.timeHigh) >= 0) {
      const before = shifted(f.timeLow, f.timeHigh, -MILLISECOND);
      startLow = before.low;
      startHigh = before.high;
    }
    series.state[slot] = OPEN;
    series.startLow[slot] = startLow;
    series.startHigh[slot] = startHigh;
    series.timeLow[slot] = startLow;
    series.timeHigh[slot] = startHigh;
    series.total.set(slot, INT, 0, 0);
    series.shown.set(slot, INT, 0, 0);
    series.delivered.set(slot, INT, 0, 0);
  }

  /** The points marked, at nothing and at the start of their series. */
  private zeros(batch: MetricsBatch, marked: readonly boolean[]): MetricsBatch {
    const zeros = batch.fork();
    let i = 0;
    zeros.filter(() => marked[i++]!);
    zeros.prune();
    const { series, fields: f } = this;
    zeros.own();
    for (const metric of zeros.metrics()) {
      for (const point of metric.dataPoints) {
        const slot = this.table.slot(point);
        f.read(point);
        f.setStart(point, series.startLow[slot]!, series.startHigh[slot]!);
        f.setTime(point, series.startLow[slot]!, series.startHigh[slot]!);
        if (f.exemplars > 0) for (const exemplar of point.exemplars) exemplar.remove();
        empty(point, f);
      }
      metric.temporality = 'cumulative';
    }
    return zeros;
  }

  /** Forgets series that have got nothing for long. */
  private sweep(now: number): void {
    const { maxStale } = this.settings;
    if (now - this.sweptAt < maxStale / 8) return;
    this.sweptAt = now;
    const { series } = this;
    for (let slot = 0; slot < series.capacity; slot++) {
      if (series.state[slot] === FREE || series.flying[slot]! > 0 || now - series.seen[slot]! <= maxStale) continue;
      this.table.delete(slot);
      series.forget(slot);
    }
  }
}

function refusal(point: DataPoint, f: PointFields, monotonic: boolean): Reason | undefined {
  if ((f.flags & 1) !== 0) return 'no_recorded_value';
  if (point.type !== 'sum') return undefined;
  if (f.kind === NONE) return 'no_recorded_value';
  const value = toNumber(f.kind, f.low, f.high);
  if (f.kind === DOUBLE && !Number.isFinite(value)) return 'not_a_number';
  return monotonic && value < 0 ? 'negative' : undefined;
}

function empty(point: DataPoint, f: PointFields): void {
  if (point.type === 'sum') {
    f.setValue(point, f.kind, 0, 0);
    return;
  }
  if (point.type === 'histogram') {
    const of = point as HistogramDataPoint;
    const { sum, bounds, buckets } = readHistogram(of);
    const zero = { count: 0n, sum: sum === undefined ? undefined : 0, min: undefined, max: undefined };
    writeHistogram(of, { ...zero, bounds, buckets: buckets.map(() => 0n) });
    return;
  }
  const of = point as ExponentialHistogramDataPoint;
  const none = { offset: 0, counts: [] };
  const { sum, scale, zeroThreshold } = readExponential(of);
  const zero = { count: 0n, sum: sum === undefined ? undefined : 0, min: undefined, max: undefined, zeroCount: 0n };
  writeExponential(of, { ...zero, scale, zeroThreshold, positive: none, negative: none });
}

/** A time some nanoseconds later or earlier; never before 1. */
function shifted(lowWord: number, highWord: number, nanoseconds: number): { low: number; high: number } {
  const time = (BigInt(highWord >>> 0) << 32n) + BigInt(lowWord >>> 0) + BigInt(nanoseconds);
  const positive = time < 1n ? 1n : time;
  return { low: Number(BigInt.asIntN(32, positive)), high: Number(BigInt.asIntN(32, positive >> 32n)) };
}
