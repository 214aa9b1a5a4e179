import { type DataPoint, DOUBLE, NONE, type NumberDataPoint, PointFields } from '@otelier/otlp';
import { compare, compareTimes, high, kind, low, ofDouble, subtract } from '../distribution/words.js';
import { type Arithmetic, type Counted, exponentials, histograms } from './arithmetic.js';
import type { Journal } from './journal.js';
import type { Settings } from './options.js';
import type { Reason } from './reason.js';
import { OPEN, type Series } from './series.js';
import { milliseconds } from './time.js';

/** Turns one point after the other into the increment of its series, and notes what goes out. */
export class Increments {
  declare private readonly settings: Settings;
  declare private readonly series: Series;
  declare private readonly fields: PointFields;
  /** Series that began before this, in milliseconds, may have been counted by somebody whose memory is lost. */
  declare private trustedFrom: number;
  declare private journal: Journal;
  // What the distribution that was written last has counted since.
  declare private sinceLow: number;
  declare private sinceHigh: number;

  constructor(settings: Settings, series: Series, now: number) {
    this.settings = settings;
    this.series = series;
    this.fields = new PointFields();
    this.trustedFrom = now;
    this.journal = undefined as unknown as Journal;
    this.sinceLow = 0;
    this.sinceHigh = 0;
  }

  /** What follows is noted in `journal`. */
  begin(journal: Journal): void {
    this.journal = journal;
  }

  /** The series is about to be forgotten: should it come back, its value must not count a second time, nor that of any as old. */
  distrust(slot: number): void {
    const start = milliseconds(this.series.startLow[slot]!, this.series.startHigh[slot]!);
    if (start >= this.trustedFrom) this.trustedFrom = start + 1;
  }

  /** Makes `point` the increment of its series, or tells why it is not passed on. Its attributes lie in [from, to) when that is known. */
  take(point: DataPoint, slot: number, from: number, to: number): Reason | undefined {
    const f = this.fields.read(point, from, to);
    const series = this.series;
    if ((f.flags & 1) !== 0) return 'no_recorded_value';
    const { type } = point;
    if (type === 'sum') {
      if (f.kind === NONE) return 'no_recorded_value';
      if (f.kind === DOUBLE && !Number.isFinite(f.double)) return 'not_a_number';
      return series.state[slot] !== OPEN ? this.firstNumber(slot) : this.nextNumber(point as NumberDataPoint, slot);
    }
    return type === 'histogram'
      ? this.distribution(point, slot, histograms)
      : this.distribution(point, slot, exponentials);
  }

  private firstNumber(slot: number): Reason | undefined {
    const { series, fields: f } = this;
    const counts = this.open(slot);
    series.setLast(slot, f);
    if (!counts) {
      series.skipLast(slot);
      return 'baseline';
    }
    series.clearSent(slot);
    this.pass(slot, f.kind, f.low, f.high, f.startLow, f.startHigh);
    return undefined;
  }

  private nextNumber(point: NumberDataPoint, slot: number): Reason | undefined {
    const { series, fields: f } = this;
    const order = compareTimes(f.timeLow, f.timeHigh, series.timeLow[slot]!, series.timeHigh[slot]!);
    const doubles = f.kind === DOUBLE && series.lastKind[slot] === DOUBLE;
    const change = doubles
      ? f.double - series.lastDouble[slot]!
      : compare(f.kind, f.low, f.high, series.lastKind[slot]!, series.lastLow[slot]!, series.lastHigh[slot]!);
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
        series.setLast(slot, f);
        series.setTime(slot, f.timeLow, f.timeHigh);
        return 'reset';
      }
    }
    series.setLast(slot, f);
    if (f.kind === DOUBLE && series.sentKind[slot] === DOUBLE) ofDouble(f.double - series.sentDouble[slot]!);
    else subtract(f.kind, f.low, f.high, series.sentKind[slot]!, series.sentLow[slot]!, series.sentHigh[slot]!);
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
}
