import { type DataPoint, DOUBLE, INT, PointFields } from '@otelier/otlp';
import { plus, plusInt, rest, sum } from '../distribution/compensated.js';
import { readDistribution, writeDistribution } from '../distribution/distribution.js';
import { addExponentials, type Exponential } from '../distribution/exponential.js';
import { addHistograms, type Histogram } from '../distribution/histogram.js';
import type { AnyDistribution } from '../distribution/stored.js';
import { add, high, kind, low, ofDouble } from '../distribution/words.js';
import { FLAGS, IS_DOUBLE, RESIDUE, VALUE } from '../series-state/layout.js';
import { nameAt, type SeriesState } from '../series-state/series-state.js';
import { HELD, IN, type NamedTotals, OUT } from '../totals/totals.js';

/** The running totals of series, of rows that were touched. */
export class RunningTotals {
  declare private readonly state: SeriesState<AnyDistribution>;
  declare private readonly named: NamedTotals;
  declare private readonly fields: PointFields;
  declare private readonly earlier: PointFields;

  /** `fields`: what the point at hand says. */
  constructor(state: SeriesState<AnyDistribution>, named: NamedTotals, fields: PointFields) {
    this.state = state;
    this.named = named;
    this.fields = fields;
    this.earlier = new PointFields();
  }

  /** Adds the point, and what rounding kept back of it if it is a double, to its series and makes it say the total. */
  add(point: DataPoint, row: number, at: number, remainder: number): void {
    if (point.type === 'sum') this.number(point, at, remainder);
    else this.distribution(point, row, at);
  }

  /** Makes an earlier point of the same batch say what its series has reached since. */
  show(point: DataPoint, row: number, at: number): void {
    const { words } = this.state.rows;
    const distribution = this.state.distributions[row];
    if (distribution !== undefined) writeDistribution(point, distribution);
    else {
      const ofKind = (words[at + FLAGS]! & IS_DOUBLE) !== 0 ? DOUBLE : INT;
      this.earlier.read(point).setValue(point, ofKind, words[at + VALUE]!, words[at + VALUE + 1]!);
    }
  }

  private number(point: DataPoint, at: number, remainder: number): void {
    const { fields: f, named } = this;
    const { words, doubles } = this.state.rows;
    const name = nameAt(words, at);
    named.add(name, IN, f.kind, f.low, f.high, f.double);
    const isDouble = (words[at + FLAGS]! & IS_DOUBLE) !== 0;
    if (!isDouble && f.kind === INT) {
      const { low: ofLow, high: ofHigh } = f;
      add(INT, words[at + VALUE]!, words[at + VALUE + 1]!, INT, ofLow, ofHigh);
      if (kind === INT) {
        words[at + VALUE] = low;
        words[at + VALUE + 1] = high;
        f.setValue(point, INT, low, high);
        named.add(name, OUT, INT, ofLow, ofHigh, 0);
        return;
      }
    }
    const valueAt = (at + VALUE) >> 1;
    const residueAt = (at + RESIDUE) >> 1;
    if (!isDouble) {
      // From here on the total is a double. An int that no double equals leaves the difference as what rounding keeps back.
      plusInt(0, 0, words[at + VALUE]!, words[at + VALUE + 1]!);
      words[at + FLAGS]! |= IS_DOUBLE;
      doubles[valueAt] = sum;
      doubles[residueAt] = rest;
      named.addDouble(name, HELD, doubles[residueAt]!);
      named.addDouble(name, OUT, -doubles[residueAt]!);
    }
    const total = doubles[valueAt]!;
    const kept = doubles[residueAt]!;
    if (remainder !== 0) named.addDouble(name, IN, remainder);
    if (f.kind === DOUBLE) {
      plus(total, kept, f.double);
      if (remainder !== 0) plus(sum, rest, remainder);
    } else plusInt(total, kept, f.low, f.high);
    doubles[valueAt] = sum;
    doubles[residueAt] = rest;
    const shown = sum;
    const residue = rest;
    plus(shown, 0, -total);
    const growth = sum;
    const ofGrowth = rest;
    named.addDouble(name, OUT, growth);
    if (ofGrowth !== 0) named.addDouble(name, OUT, ofGrowth);
    if (residue !== kept) named.addDouble(name, HELD, residue - kept);
    ofDouble(shown);
    f.setValue(point, DOUBLE, low, high);
  }

  private distribution(point: DataPoint, row: number, at: number): void {
    const { state, named } = this;
    const { words, doubles } = state.rows;
    const increment = readDistribution(point);
    const before = state.distributions[row];
    let total = increment;
    if (before !== undefined) {
      total =
        'scale' in increment
          ? addExponentials(before as Exponential, increment)
          : addHistograms(before as Histogram, increment);
    }
    if (total.sum !== undefined) {
      plus(before?.sum ?? 0, doubles[(at + RESIDUE) >> 1]!, increment.sum!);
      doubles[(at + RESIDUE) >> 1] = rest;
      total = { ...total, sum };
    }
    state.setDistribution(row, total);
    const name = nameAt(words, at);
    named.addCount(name, IN, increment.count);
    named.addCount(name, OUT, total.count - (before?.count ?? 0n));
    writeDistribution(point, total);
  }
}
