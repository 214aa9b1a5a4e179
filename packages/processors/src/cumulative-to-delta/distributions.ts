import type { DataPoint, PointFields } from '@otelier/otlp';
import { plus, rest, sum } from '../distribution/compensated.js';
import { readDistribution, writeDistribution } from '../distribution/distribution.js';
import { fitting } from '../distribution/remainders.js';
import { compareTimes } from '../distribution/words.js';
import { FELL, FLAGS, RESIDUE, TIME, VIOLATED } from '../series-state/layout.js';
import type { Outcomes } from '../series-state/outcomes.js';
import { nameAt, type SeriesState } from '../series-state/series-state.js';
import { IN, type NamedTotals, OUT } from '../totals/totals.js';
import { type Known, since } from './known.js';

/** Turns points of histograms and exponential histograms into increments. */
export class Distributions {
  declare private readonly state: SeriesState<Known>;
  declare private readonly totals: NamedTotals;
  declare private readonly outcomes: Outcomes;
  declare private readonly fields: PointFields;

  /** `fields`: what the point at hand says. */
  constructor(state: SeriesState<Known>, totals: NamedTotals, outcomes: Outcomes, fields: PointFields) {
    this.state = state;
    this.totals = totals;
    this.outcomes = outcomes;
    this.fields = fields;
  }

  /** The first point of a series, which passes as it is when it counts. */
  first(point: DataPoint, row: number, counts: boolean, name: number): void {
    const last = readDistribution(point);
    this.state.setDistribution(row, { last, peak: undefined });
    if (!counts) return;
    this.totals.addCount(name, IN, last.count);
    this.totals.addCount(name, OUT, last.count);
  }

  /** Whether the point stays; `remainder`: what rounding kept back of its sum. */
  next(point: DataPoint, row: number, remainder: number): boolean {
    const { state, outcomes, totals, fields: f } = this;
    let at = state.rows.open(row);
    const { words, doubles } = state.rows;
    const order = compareTimes(f.timeLow, f.timeHigh, words[at + TIME]!, words[at + TIME + 1]!);
    const now = readDistribution(point);
    const before = state.distributions[row]!;
    if (order <= 0) {
      const same = now.count === before.last.count && (now.sum === undefined || now.sum === before.last.sum);
      outcomes.drop(point, order < 0 ? 'out_of_order' : same ? 'duplicate' : 'conflict');
      return false;
    }
    at = state.touch(row);
    const flags = words[at + FLAGS]!;
    // A sum that is absent once does not lose what it was: the next one that is there is compared with it.
    const last = now.sum === undefined ? { ...now, sum: before.last.sum } : now;
    let base = before.last;
    let increment = since(now, base);
    let peak = before.peak;
    const noStart = f.startLow === 0 && f.startHigh === 0;
    if (increment === undefined) {
      peak ??= base;
      words[at + FLAGS] = flags | FELL;
      state.setDistribution(row, { last, peak });
      if (!noStart || (flags & VIOLATED) !== 0) {
        words[at + TIME] = f.timeLow;
        words[at + TIME + 1] = f.timeHigh;
        outcomes.drop(point, 'reset');
        return false;
      }
      outcomes.note('reset');
      increment = now;
      base = { ...now, count: 0n, sum: 0 };
    } else {
      const sincePeak = peak === undefined ? undefined : since(now, peak);
      if (sincePeak !== undefined) {
        words[at + FLAGS] = flags & ~FELL;
        if (!noStart || (flags & VIOLATED) !== 0 || base.count * 2n < peak!.count) {
          words[at + FLAGS] = (flags & ~FELL) | VIOLATED;
          outcomes.note('single_writer_violation');
          increment = sincePeak;
          base = peak!;
        }
        peak = undefined;
      }
      state.setDistribution(row, { last, peak });
    }
    const name = nameAt(words, at);
    totals.addCount(name, IN, now.count - base.count);
    totals.addCount(name, OUT, increment.count);
    let out = increment.sum;
    if (out !== undefined) {
      plus(now.sum!, 0, -base.sum!);
      plus(sum, rest, doubles[(at + RESIDUE) >> 1]!);
      const ofSum = remainder === 0 ? 0 : fitting(now.sum!, remainder);
      if (ofSum !== 0) plus(sum, rest, ofSum);
      out = sum;
      doubles[(at + RESIDUE) >> 1] = rest - ofSum;
    }
    writeDistribution(point, { ...increment, sum: out, min: undefined, max: undefined });
    this.setInterval(point, words, at);
    return true;
  }

  /** Makes the point be of the time since the last one, which it then is; an exemplar from before was sent with an earlier point. */
  setInterval(point: DataPoint, words: Int32Array, at: number): void {
    const { fields: f } = this;
    const low = words[at + TIME]!;
    const high = words[at + TIME + 1]!;
    if (f.exemplars > 0) {
      const from = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
      for (const exemplar of point.exemplars) if (exemplar.timeUnixNano <= from) exemplar.remove();
    }
    words[at + TIME] = f.timeLow;
    words[at + TIME + 1] = f.timeHigh;
    f.setStart(point, low, high);
  }
}
