import { type DataPoint, DOUBLE, INT, NONE, type NumberDataPoint, PointFields } from '@otelier/otlp';
import { plus, rest, sum } from '../distribution/compensated.js';
import { fitting } from '../distribution/remainders.js';
import { compare, compareTimes, double, high, kind, low, ofDouble, subtract, toNumber } from '../distribution/words.js';
import {
  FELL,
  FLAGS,
  IS_DOUBLE,
  NEXT,
  PEAK,
  PEAK_DOUBLE,
  RESIDUE,
  START,
  TIME,
  TOMB,
  VALUE,
  VIOLATED,
} from '../series-state/layout.js';
import type { Outcomes } from '../series-state/outcomes.js';
import { nameAt, type SeriesState } from '../series-state/series-state.js';
import { HELD, IN, type NamedTotals, OUT } from '../totals/totals.js';
import { Distributions } from './distributions.js';
import type { Known } from './known.js';
import type { Settings } from './options.js';
import { milliseconds } from './time.js';
import type { Trust } from './trust.js';

/** Turns one point after the other into the increment of its series, or removes it and counts why. */
export class Increments {
  /** Of the point taken last: its series, and what rounding kept back of its increment. */
  declare row: number;
  declare kept: number;
  declare private readonly settings: Settings;
  declare private readonly state: SeriesState<Known>;
  declare private readonly totals: NamedTotals;
  declare private readonly trust: Trust;
  declare private readonly outcomes: Outcomes;
  declare private readonly fields: PointFields;
  declare private readonly distributions: Distributions;

  constructor(settings: Settings, state: SeriesState<Known>, totals: NamedTotals, trust: Trust, outcomes: Outcomes) {
    this.row = -1;
    this.kept = 0;
    this.settings = settings;
    this.state = state;
    this.totals = totals;
    this.trust = trust;
    this.outcomes = outcomes;
    this.fields = new PointFields();
    this.distributions = new Distributions(state, totals, outcomes, this.fields);
  }

  /**
   * Makes `point` the increment of its series in that stream; whether it stays. Its attributes lie in [from, to) when that is known;
   * `remainder`: what rounding kept back of it.
   */
  take(point: DataPoint, slot: number, from: number, to: number, remainder: number): boolean {
    this.kept = 0;
    const f = this.fields.read(point, from, to);
    const { state } = this;
    const isNumber = point.type === 'sum';
    if ((f.flags & 1) !== 0 || (isNumber && f.kind === NONE)) return this.drop(point, 'no_recorded_value');
    if (isNumber && f.kind === DOUBLE && !Number.isFinite(f.double)) return this.drop(point, 'not_a_number');
    const exact = remainder === 0 || (isNumber && f.kind !== DOUBLE) ? 0 : remainder;
    const row = state.find(slot, f.startLow, f.startHigh);
    if (row < 0) return this.first(point, slot, isNumber && exact !== 0 ? fitting(f.double, exact) : 0);
    this.row = row;
    state.see(row);
    if (isNumber) return this.next(point as NumberDataPoint, row, exact === 0 ? 0 : fitting(f.double, exact));
    return this.distributions.next(point, row, exact);
  }

  private drop(point: DataPoint, reason: string): boolean {
    this.outcomes.drop(point, reason);
    return false;
  }

  /** The first point of a series. */
  private first(point: DataPoint, slot: number, remainder: number): boolean {
    const { state, totals, fields: f } = this;
    if (state.full) {
      this.outcomes.refuse(point);
      return false;
    }
    const counts = this.counts(slot);
    const name = totals.of(point);
    const row = state.enter(slot, name);
    this.row = row;
    const at = state.rows.open(row);
    const { words } = state.rows;
    words[at + START] = f.startLow;
    words[at + START + 1] = f.startHigh;
    words[at + TIME] = f.timeLow;
    words[at + TIME + 1] = f.timeHigh;
    if (point.type !== 'sum') this.distributions.first(point, row, counts, name);
    else {
      this.setValue(words, at);
      if (counts) {
        totals.add(name, IN, f.kind, f.low, f.high, f.double);
        totals.add(name, OUT, f.kind, f.low, f.high, f.double);
        this.kept = remainder;
      }
    }
    return counts || this.drop(point, 'baseline');
  }

  /** Whether the value of a first point counts; else it is what the next one is compared with. */
  private counts(slot: number): boolean {
    const { settings, fields: f } = this;
    const knows = this.besides(slot);
    const { initial } = settings;
    if (f.startLow === 0 && f.startHigh === 0) return initial === 'keep';
    if (initial === 'drop' || compareTimes(f.startLow, f.startHigh, f.timeLow, f.timeHigh) >= 0) return false;
    if (initial === 'keep') return true;
    const start = milliseconds(f.startLow, f.startHigh);
    return (
      (start >= this.trust.from && knows) || milliseconds(f.timeLow, f.timeHigh) - start <= settings.exportInterval
    );
  }

  /** Looks at the other runs of the stream; false when one that began no earlier than this was forgotten. */
  private besides(slot: number): boolean {
    const { fields: f } = this;
    const { rows } = this.state;
    let overlaps = false;
    let knows = true;
    for (let row = this.state.first(slot); row >= 0; ) {
      const at = rows.open(row);
      const { words } = rows;
      const tomb = (words[at + FLAGS]! & TOMB) !== 0;
      const since = tomb ? START : TIME;
      const order = compareTimes(words[at + since]!, words[at + since + 1]!, f.startLow, f.startHigh);
      if (tomb) knows = order < 0;
      else if (order > 0) overlaps = true;
      row = words[at + NEXT]!;
    }
    if (overlaps) this.outcomes.note('overlapping_writers');
    return knows;
  }

  private next(point: NumberDataPoint, row: number, remainder: number): boolean {
    const { fields: f, state } = this;
    let at = state.rows.open(row);
    const { words, doubles } = state.rows;
    const order = compareTimes(f.timeLow, f.timeHigh, words[at + TIME]!, words[at + TIME + 1]!);
    const isDouble = (words[at + FLAGS]! & IS_DOUBLE) !== 0;
    const change =
      isDouble && f.kind === DOUBLE
        ? f.double - doubles[(at + VALUE) >> 1]!
        : compare(f.kind, f.low, f.high, isDouble ? DOUBLE : INT, words[at + VALUE]!, words[at + VALUE + 1]!);
    if (order <= 0) return this.drop(point, order < 0 ? 'out_of_order' : change === 0 ? 'duplicate' : 'conflict');
    at = state.touch(row);
    if (change < 0 && point.metric.monotonic) return this.fall(point, words, doubles, at, remainder);
    if ((words[at + FLAGS]! & FELL) !== 0) this.pastPeak(words, at);
    const base = (words[at + FLAGS]! & IS_DOUBLE) !== 0 ? DOUBLE : INT;
    this.emit(point, words, doubles, at, base, words[at + VALUE]!, words[at + VALUE + 1]!, change >= 0, remainder);
    return true;
  }

  /** A count that fell without a new start: a process that began anew and does not say so, or another one under the same name. */
  private fall(
    point: NumberDataPoint,
    words: Int32Array,
    doubles: Float64Array,
    at: number,
    remainder: number,
  ): boolean {
    const { fields: f } = this;
    const flags = words[at + FLAGS]!;
    if ((flags & FELL) === 0) {
      words[at + PEAK] = words[at + VALUE]!;
      words[at + PEAK + 1] = words[at + VALUE + 1]!;
      words[at + FLAGS] = (flags & ~PEAK_DOUBLE) | FELL | ((flags & IS_DOUBLE) !== 0 ? PEAK_DOUBLE : 0);
    }
    if (f.startLow === 0 && f.startHigh === 0 && (flags & VIOLATED) === 0) {
      this.outcomes.note('reset');
      this.emit(point, words, doubles, at, INT, 0, 0, true, remainder);
      return true;
    }
    this.setValue(words, at);
    this.setTime(words, at);
    return this.drop(point, 'reset');
  }

  /**
   * The value has fallen before and is now where it was, or further: when it got there in a leap it was another process that fell,
   * and what this one has counted is the difference to the peak. A start time that is told makes a fall impossible in one process.
   */
  private pastPeak(words: Int32Array, at: number): void {
    const { fields: f } = this;
    const flags = words[at + FLAGS]!;
    const peakKind = (flags & PEAK_DOUBLE) !== 0 ? DOUBLE : INT;
    const peakLow = words[at + PEAK]!;
    const peakHigh = words[at + PEAK + 1]!;
    if (compare(f.kind, f.low, f.high, peakKind, peakLow, peakHigh) < 0) return;
    words[at + FLAGS] = flags & ~FELL;
    const lastKind = (flags & IS_DOUBLE) !== 0 ? DOUBLE : INT;
    const leap =
      toNumber(lastKind, words[at + VALUE]!, words[at + VALUE + 1]!) * 2 < toNumber(peakKind, peakLow, peakHigh);
    const mayRestart = f.startLow === 0 && f.startHigh === 0 && (flags & VIOLATED) === 0;
    if (mayRestart && !leap) return;
    words[at + VALUE] = peakLow;
    words[at + VALUE + 1] = peakHigh;
    words[at + FLAGS] = (flags & ~(FELL | IS_DOUBLE)) | VIOLATED | (peakKind === DOUBLE ? IS_DOUBLE : 0);
    this.outcomes.note('single_writer_violation');
  }

  /** Writes the difference to `base` over the point, over the time since the last one, and makes the point the last. */
  private emit(
    point: NumberDataPoint,
    words: Int32Array,
    doubles: Float64Array,
    at: number,
    baseKind: number,
    baseLow: number,
    baseHigh: number,
    rises: boolean,
    ofValue: number,
  ): void {
    const { fields: f, totals } = this;
    const name = nameAt(words, at);
    const ofKind = f.kind;
    const valueLow = f.low;
    const valueHigh = f.high;
    const value = f.double;
    const residueAt = (at + RESIDUE) >> 1;
    const residue = doubles[residueAt]!;
    if (ofKind === INT && baseKind === INT && residue === 0) {
      subtract(ofKind, valueLow, valueHigh, baseKind, baseLow, baseHigh);
      totals.add(name, IN, kind, low, high, double);
    } else {
      // The exact difference is a pair, and what rounding keeps back of it goes out with the next.
      plus(toNumber(ofKind, valueLow, valueHigh), 0, -toNumber(baseKind, baseLow, baseHigh));
      const difference = sum;
      const remainder = rest;
      plus(difference, remainder, residue);
      if (ofValue !== 0) plus(sum, rest, ofValue);
      let out = sum;
      let kept = rest;
      totals.addDouble(name, IN, difference);
      if (remainder !== 0) totals.addDouble(name, IN, remainder);
      // A sum that may fall takes back what rounding gave too much.
      if (rises && out < 0 && point.metric.monotonic) {
        kept += out;
        out = 0;
      }
      if (out !== 0) this.kept = kept;
      // It belongs to the value until the next one; the residue is of the value alone.
      kept -= ofValue;
      doubles[residueAt] = kept;
      if (kept !== residue) totals.addDouble(name, HELD, kept - residue);
      ofDouble(out);
    }
    const outKind = kind;
    const outLow = low;
    const outHigh = high;
    totals.add(name, OUT, outKind, outLow, outHigh, double);
    words[at + FLAGS] = ofKind === DOUBLE ? words[at + FLAGS]! | IS_DOUBLE : words[at + FLAGS]! & ~IS_DOUBLE;
    if (ofKind === DOUBLE) doubles[(at + VALUE) >> 1] = value;
    else {
      words[at + VALUE] = valueLow;
      words[at + VALUE + 1] = valueHigh;
    }
    f.setValue(point, outKind, outLow, outHigh);
    this.distributions.setInterval(point, words, at);
  }

  private setValue(words: Int32Array, at: number): void {
    const { fields: f } = this;
    words[at + FLAGS] = f.kind === DOUBLE ? words[at + FLAGS]! | IS_DOUBLE : words[at + FLAGS]! & ~IS_DOUBLE;
    words[at + VALUE] = f.low;
    words[at + VALUE + 1] = f.high;
  }

  private setTime(words: Int32Array, at: number): void {
    words[at + TIME] = this.fields.timeLow;
    words[at + TIME + 1] = this.fields.timeHigh;
  }
}
