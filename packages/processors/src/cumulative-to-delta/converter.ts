import {
  type DataPoint,
  DOUBLE,
  type MetricsBatch,
  NONE,
  type NumberDataPoint,
  PointFields,
  StreamTable,
} from '@otelier/otlp';
import { compare, compareTimes, high, kind, low, subtract, toNumber } from '../distribution/words.js';
import { type Arithmetic, type Counted, exponentials, histograms } from './arithmetic.js';
import type { Journal } from './journal.js';
import type { Settings } from './options.js';
import { type Reason, remove } from './reason.js';
import { FREE, OPEN, Series } from './series.js';
import { byTime, milliseconds } from './time.js';

/** Turns the cumulative points of batches into increments and remembers what it needs for the next. */
export class Converter {
  declare private readonly settings: Settings;
  declare private readonly table: StreamTable;
  declare private readonly series: Series;
  declare private readonly fields: PointFields;
  /** Series that began before this, in milliseconds, may have been counted by somebody whose memory is lost. */
  declare private trustedFrom: number;
  declare private sweptAt: number;
  declare private batches: number;
  declare private now: number;
  declare private journal: Journal;

  constructor(settings: Settings, now: number) {
    this.settings = settings;
    // A process that starts anew, or shares its attributes with another, is a series of its own by its start time.
    this.table = new StreamTable({ ignoreTemporality: true, byStartTime: true, maxStreams: settings.maxStreams });
    this.series = new Series();
    this.fields = new PointFields();
    this.trustedFrom = now;
    this.sweptAt = now;
    this.batches = 0;
    this.now = now;
    this.journal = undefined as unknown as Journal;
  }

  /** Series in memory. */
  get size(): number {
    return this.table.size;
  }

  /** Converts a batch in place; what goes out is noted in `journal`, what does not is removed and counted in `removed`. */
  convert(batch: MetricsBatch, now: number, journal: Journal, removed: Map<Reason, number>): void {
    this.now = now;
    this.journal = journal;
    const stamp = ++this.batches | 0;
    const series = this.series;
    const points: DataPoint[] = [];
    const slots: number[] = [];
    let repeated = false;
    for (const { scopeMetrics } of batch.resourceMetrics) {
      for (const { metrics } of scopeMetrics) {
        for (const metric of metrics) {
          if (!this.converts(metric)) continue;
          for (const point of metric.dataPoints) {
            const slot = this.table.slot(point);
            if (slot < 0) {
              remove(point, 'too_many_streams', removed);
              continue;
            }
            if (this.table.isNew) series.enter(slot, now);
            else if (series.batch[slot] === stamp) repeated = true;
            series.batch[slot] = stamp;
            points.push(point);
            slots.push(slot);
          }
          metric.temporality = 'delta';
        }
      }
    }
    const order = repeated ? byTime(points) : undefined;
    for (let i = 0; i < points.length; i++) {
      const at = order === undefined ? i : order[i]!;
      const reason = this.point(points[at]!, slots[at]!);
      if (reason !== undefined) remove(points[at]!, reason, removed);
    }
    this.sweep();
  }

  /** Whether the batch holds anything to convert. */
  concerns(batch: MetricsBatch): boolean {
    for (const metric of batch.metrics()) if (this.converts(metric)) return true;
    return false;
  }

  /** Takes back what a refused batch had passed on. */
  undo(journal: Journal): void {
    journal.undo(this.series);
  }

  private converts(metric: {
    readonly type: string | undefined;
    readonly temporality: string;
    readonly monotonic: boolean;
  }): boolean {
    return (
      metric.temporality === 'cumulative' && (metric.type !== 'sum' || metric.monotonic || this.settings.nonMonotonic)
    );
  }

  private point(point: DataPoint, slot: number): Reason | undefined {
    const f = this.fields.read(point);
    const series = this.series;
    series.seen[slot] = this.now;
    if ((f.flags & 1) !== 0) return 'no_recorded_value';
    const { type } = point;
    if (type === 'sum') {
      if (f.kind === NONE) return 'no_recorded_value';
      if (f.kind === DOUBLE && !Number.isFinite(toNumber(DOUBLE, f.low, f.high))) return 'not_a_number';
      return series.state[slot] !== OPEN ? this.firstNumber(slot) : this.nextNumber(point as NumberDataPoint, slot);
    }
    return type === 'histogram'
      ? this.distribution(point, slot, histograms)
      : this.distribution(point, slot, exponentials);
  }

  private firstNumber(slot: number): Reason | undefined {
    const { series, fields: f } = this;
    const counts = this.open(slot);
    this.setLast(slot);
    if (!counts) {
      series.sentKind[slot] = f.kind;
      series.sentLow[slot] = f.low;
      series.sentHigh[slot] = f.high;
      return 'baseline';
    }
    series.clearSent(slot);
    this.pass(slot, f.kind, f.low, f.high, f.startLow, f.startHigh);
    return undefined;
  }

  private nextNumber(point: NumberDataPoint, slot: number): Reason | undefined {
    const { series, fields: f } = this;
    const order = compareTimes(f.timeLow, f.timeHigh, series.timeLow[slot]!, series.timeHigh[slot]!);
    const change = compare(
      f.kind,
      f.low,
      f.high,
      series.lastKind[slot]!,
      series.lastLow[slot]!,
      series.lastHigh[slot]!,
    );
    if (order <= 0) {
      if (series.owed[slot] === 1) return this.passOwed(point, slot);
      return order < 0 ? 'out_of_order' : change === 0 ? 'duplicate' : 'conflict';
    }
    if (change < 0 && point.metric.monotonic) {
      // What was counted before the fall and is owed still is: only the zero line moves.
      const fromZero = f.startLow === 0 && f.startHigh === 0;
      subtract(
        series.sentKind[slot]!,
        series.sentLow[slot]!,
        series.sentHigh[slot]!,
        series.lastKind[slot]!,
        series.lastLow[slot]!,
        series.lastHigh[slot]!,
      );
      series.setSent(slot);
      if (!fromZero) {
        series.send(slot, f.kind, f.low, f.high);
        this.setLast(slot);
        series.setTime(slot, f.timeLow, f.timeHigh);
        return 'reset';
      }
    }
    this.setLast(slot);
    subtract(f.kind, f.low, f.high, series.sentKind[slot]!, series.sentLow[slot]!, series.sentHigh[slot]!);
    f.setValue(point, kind, low, high);
    this.passSince(point, slot, kind, low, high);
    series.setTime(slot, f.timeLow, f.timeHigh);
    return undefined;
  }

  /** A point that brings nothing new carries out what was refused before. */
  private passOwed(point: NumberDataPoint, slot: number): undefined {
    const { series, fields: f } = this;
    subtract(
      series.lastKind[slot]!,
      series.lastLow[slot]!,
      series.lastHigh[slot]!,
      series.sentKind[slot]!,
      series.sentLow[slot]!,
      series.sentHigh[slot]!,
    );
    f.setValue(point, kind, low, high);
    this.passSince(point, slot, kind, low, high);
    f.setTime(point, series.timeLow[slot]!, series.timeHigh[slot]!);
  }

  private passSince(point: DataPoint, slot: number, ofKind: number, lowWord: number, highWord: number): void {
    const { series, fields: f } = this;
    const owed = series.owed[slot] === 1;
    const sinceLow = owed ? series.owedLow[slot]! : series.timeLow[slot]!;
    const sinceHigh = owed ? series.owedHigh[slot]! : series.timeHigh[slot]!;
    series.owed[slot] = 0;
    this.since(point, sinceLow, sinceHigh);
    f.setStart(point, sinceLow, sinceHigh);
    this.pass(slot, ofKind, lowWord, highWord, sinceLow, sinceHigh);
  }

  private pass(
    slot: number,
    ofKind: number,
    lowWord: number,
    highWord: number,
    sinceLow: number,
    sinceHigh: number,
  ): void {
    this.series.send(slot, ofKind, lowWord, highWord);
    this.journal.number(this.series, slot, ofKind, lowWord, highWord, sinceLow, sinceHigh);
  }

  private distribution<T extends Counted>(point: DataPoint, slot: number, of: Arithmetic<T>): Reason | undefined {
    const { series, fields: f } = this;
    const all = of.last(series);
    const refused = of.owed(series);
    const now = of.read(point);
    const last = all[slot];
    if (last === undefined) {
      const counts = this.open(slot);
      all[slot] = now;
      if (!counts) return 'baseline';
      of.note(this.journal, series, slot, now, f.startLow, f.startHigh);
      return undefined;
    }
    const owed = refused[slot];
    const order = compareTimes(f.timeLow, f.timeHigh, series.timeLow[slot]!, series.timeHigh[slot]!);
    let increment = owed;
    if (order <= 0) {
      if (owed === undefined) return order < 0 ? 'out_of_order' : now.count === last.count ? 'duplicate' : 'conflict';
      f.setTime(point, series.timeLow[slot]!, series.timeHigh[slot]!);
    } else {
      const difference = of.subtract(now, last) ?? (f.startLow === 0 && f.startHigh === 0 ? now : undefined);
      all[slot] = now.sum === undefined ? { ...now, sum: last.sum } : now;
      if (difference === undefined) {
        series.setTime(slot, f.timeLow, f.timeHigh);
        return 'reset';
      }
      increment = owed === undefined ? difference : of.add(owed, difference);
    }
    const out = { ...increment!, min: undefined, max: undefined };
    of.write(point, out);
    refused[slot] = undefined;
    this.startDistribution(point, slot);
    of.note(this.journal, series, slot, out, this.sinceLow, this.sinceHigh);
    if (order > 0) series.setTime(slot, f.timeLow, f.timeHigh);
    return undefined;
  }

  declare private sinceLow: number;
  declare private sinceHigh: number;

  private startDistribution(point: DataPoint, slot: number): void {
    const { series } = this;
    const owed = series.owed[slot] === 1;
    this.sinceLow = owed ? series.owedLow[slot]! : series.timeLow[slot]!;
    this.sinceHigh = owed ? series.owedHigh[slot]! : series.timeHigh[slot]!;
    series.owed[slot] = 0;
    this.since(point, this.sinceLow, this.sinceHigh);
    this.fields.setStart(point, this.sinceLow, this.sinceHigh);
  }

  /** An exemplar from before the interval was sent with an earlier point. */
  private since(point: DataPoint, sinceLow: number, sinceHigh: number): void {
    if (this.fields.exemplars === 0) return;
    const since = (BigInt(sinceHigh >>> 0) << 32n) | BigInt(sinceLow >>> 0);
    for (const exemplar of point.exemplars) if (exemplar.timeUnixNano <= since) exemplar.remove();
  }

  private setLast(slot: number): void {
    const { series, fields: f } = this;
    series.lastKind[slot] = f.kind;
    series.lastLow[slot] = f.low;
    series.lastHigh[slot] = f.high;
  }

  /** Begins a series with the point that was read; true when its value counts. */
  private open(slot: number): boolean {
    const { series, fields: f } = this;
    series.state[slot] = OPEN;
    series.startLow[slot] = f.startLow;
    series.startHigh[slot] = f.startHigh;
    series.setTime(slot, f.timeLow, f.timeHigh);
    const { initial, exportInterval } = this.settings;
    if (f.startLow === 0 && f.startHigh === 0) return initial === 'keep';
    if (initial === 'drop' || compareTimes(f.startLow, f.startHigh, f.timeLow, f.timeHigh) >= 0) return false;
    const start = milliseconds(f.startLow, f.startHigh);
    return (
      initial === 'keep' || start >= this.trustedFrom || milliseconds(f.timeLow, f.timeHigh) - start <= exportInterval
    );
  }

  /** Forgets series that have been silent for long. */
  private sweep(): void {
    const { maxStale } = this.settings;
    if (this.now - this.sweptAt < maxStale / 8) return;
    this.sweptAt = this.now;
    const { series } = this;
    for (let slot = 0; slot < series.capacity; slot++) {
      if (series.state[slot] === FREE || this.now - series.seen[slot]! <= maxStale) continue;
      // Should it come back, its value must not count a second time: nor that of any series as old, for all we know.
      const start = milliseconds(series.startLow[slot]!, series.startHigh[slot]!);
      if (start >= this.trustedFrom) this.trustedFrom = start + 1;
      this.table.delete(slot);
      series.forget(slot);
    }
  }
}
