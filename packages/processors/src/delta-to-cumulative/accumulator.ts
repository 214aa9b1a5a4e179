import type { StateEntries, Stateful, StateWriter } from '@otelier/core';
import { type DataPoint, MetricFields, type MetricsBatch, PointFields, StreamTable } from '@otelier/otlp';
import { fitting, offer, offered, Remainders, withdraw } from '../distribution/remainders.js';
import { type AnyDistribution, decodeDistribution, encodeDistribution } from '../distribution/stored.js';
import { compareTimes } from '../distribution/words.js';
import { PEAK, RESIDUE, START, TIME } from '../series-state/layout.js';
import type { Outcomes } from '../series-state/outcomes.js';
import { SeriesState } from '../series-state/series-state.js';
import { NamedTotals } from '../totals/totals.js';
import type { Settings } from './options.js';
import { refusal } from './refusal.js';
import { RunningTotals } from './running-totals.js';
import { setLater, setStart } from './start.js';
import { empty, marked, overflow } from './zeros.js';

const DELTA = 1;
/** Numbers in `places` per point: its series or -1, where its attributes are, whether it went to an overflow series, and its position in the batch. */
const PLACE = 5;
/** Overflow series beyond `maxStreams`, of all metrics of all resources. */
const MOST_OVERFLOW = 1000;

/** Adds the delta points of batches up into one running total per series; the totals are its state. */
export class Accumulator implements Stateful {
  declare readonly totals: NamedTotals;
  declare private readonly settings: Settings;
  declare private readonly outcomes: Outcomes;
  declare private readonly table: StreamTable;
  declare private readonly state: SeriesState<AnyDistribution>;
  declare private readonly sums: RunningTotals;
  declare private readonly fields: PointFields;
  declare private readonly metric: MetricFields;
  declare private readonly points: (DataPoint | undefined)[];
  declare private places: Int32Array;
  declare private count: number;
  declare private batches: number;
  /** What the points of the batch that need a zero before them are: by point of the batch, whatever its temporality. */
  declare private unseeded: boolean[];
  declare private seeds: number[];
  /** What rounding keeps back of the points that stay, by position. */
  declare private kept: Float64Array;
  declare private keeps: boolean;

  constructor(settings: Settings, now: number, outcomes: Outcomes) {
    this.settings = settings;
    this.outcomes = outcomes;
    this.table = new StreamTable({ ignoreTemporality: true, maxStreams: settings.maxStreams });
    this.totals = new NamedTotals();
    this.state = new SeriesState({
      table: this.table,
      totals: this.totals,
      outcomes,
      now,
      codec: { encode: encodeDistribution, decode: decodeDistribution },
      maxSeries: settings.maxStreams,
      maxOverflow: MOST_OVERFLOW,
      maxPerStream: 1,
      maxStale: settings.maxStale,
    });
    this.fields = new PointFields();
    this.sums = new RunningTotals(this.state, this.totals, this.fields);
    this.metric = new MetricFields();
    this.points = [];
    this.places = new Int32Array(64 * PLACE);
    this.count = 0;
    this.batches = 0;
    this.unseeded = [];
    this.seeds = [];
    this.kept = new Float64Array(64);
    this.keeps = false;
  }

  /** Series in memory. */
  get size(): number {
    return this.state.rows.live;
  }

  /** Bytes of memory that all series take, but for distributions. */
  get memory(): number {
    return this.table.memory + this.state.memory;
  }

  /** Whether the batch holds anything to add up. */
  concerns(batch: MetricsBatch): boolean {
    for (const metric of batch.metrics()) if (this.metric.read(metric).temporality === DELTA) return true;
    return false;
  }

  /**
   * Writes running totals over the delta points of a batch. Points that cannot be added are removed and
   * counted in the outcomes. Returns a batch of zeros that has to go out before it, when there are new series.
   */
  accumulate(batch: MetricsBatch, now: number): MetricsBatch | undefined {
    this.batches = (this.batches + 1) | 0;
    this.count = 0;
    this.state.begin(now);
    const given = offered(batch);
    const taken = given?.take() === true ? given.values : undefined;
    const count = batch.count;
    const zeros = this.look(batch);
    batch.own();
    if (this.kept.length < count) this.kept = new Float64Array(count * 2);
    const { points, places, kept } = this;
    kept.fill(0, 0, count);
    this.keeps = false;
    let i = 0;
    let gone = 0;
    for (const metric of batch.metrics()) {
      const { temporality, monotonic } = this.metric.read(metric);
      if (temporality !== DELTA) continue;
      for (const point of metric.dataPoints) {
        points[i] = point;
        const position = places[i * PLACE + 4]!;
        places[i * PLACE + 4] = position - gone;
        if (!this.take(point, i, monotonic, taken === undefined ? 0 : taken[position]!)) gone++;
        i++;
      }
      this.metric.setTemporality(metric, 'cumulative');
    }
    // Views hold on to the bytes of their batch.
    for (let n = 0; n < i; n++) points[n] = undefined;
    if (places.length > 1 << 18) this.places = new Int32Array(64 * PLACE);
    if (this.keeps) offer(batch, new Remainders(kept.slice(0, count - gone)));
    else withdraw(batch);
    return zeros;
  }

  restore(entries: StateEntries): void {
    this.state.restore(entries);
    // The number of a batch of another process.
    const { rows } = this.state;
    for (let row = 0; row < rows.high; row++) {
      const at = rows.open(row);
      rows.words[at + PEAK] = 0;
    }
  }

  save(to: StateWriter | undefined): void {
    this.state.save(to);
    this.totals.save();
  }

  undo(): void {
    this.state.undo();
    this.totals.undo();
    this.outcomes.clear();
  }

  snapshot(to: StateWriter): void {
    this.state.snapshot(to);
  }

  /** Finds the series of each delta point, and opens those that are new. */
  private look(batch: MetricsBatch): MetricsBatch | undefined {
    const { table, state, fields: f } = this;
    if (this.unseeded.length > 0) this.unseeded = [];
    if (this.seeds.length > 0) this.seeds = [];
    let before = 0;
    for (const metric of batch.metrics()) {
      const { temporality, monotonic } = this.metric.read(metric);
      for (const point of metric.dataPoints) {
        before++;
        if (temporality !== DELTA) continue;
        let slot = table.slot(point);
        const { attributesStart, attributesEnd } = table;
        const isNew = slot >= 0 && table.isNew;
        let row = slot < 0 ? -1 : state.first(slot);
        const overflows = slot < 0;
        if (row < 0) {
          // A series of nothing but points that cannot be added must not stay.
          f.read(point, attributesStart, attributesEnd);
          if (refusal(point, f, monotonic) === undefined) {
            if (overflows) slot = table.overflowSlot(point, MOST_OVERFLOW);
            row = slot < 0 ? -1 : state.first(slot);
            if (slot >= 0 && row < 0) {
              row = state.enter(slot, this.totals.of(point));
              setStart(state.rows, row, f);
              if (this.settings.seed) this.seed(row, before - 1, overflows);
            }
          } else if (isNew) table.delete(slot);
        }
        this.put(row, attributesStart, attributesEnd, overflows, before - 1);
      }
    }
    table.forgetBatch();
    return this.seeds.length === 0 ? undefined : this.zeros(batch);
  }

  /** Whether the point stays; `remainder`: what rounding kept back of it. */
  private take(point: DataPoint, i: number, monotonic: boolean, remainder: number): boolean {
    const { places, state, outcomes } = this;
    const row = places[i * PLACE]!;
    const f = this.fields.read(point, places[i * PLACE + 1]!, places[i * PLACE + 2]!);
    const why = refusal(point, f, monotonic);
    if (why !== undefined) {
      outcomes.drop(point, why);
      return false;
    }
    if (row < 0) {
      outcomes.refuse(point);
      return false;
    }
    state.see(row);
    const at = state.touch(row);
    const { words } = state.rows;
    const timeLow = words[at + TIME]!;
    const timeHigh = words[at + TIME + 1]!;
    const late = compareTimes(f.timeLow, f.timeHigh, timeLow, timeHigh) <= 0;
    if (!this.aligns(point, late, timeLow, timeHigh)) return false;
    if (places[i * PLACE + 3] === 1) {
      outcomes.note('overflow');
      overflow(point);
    }
    this.sums.add(point, row, at, remainder === 0 ? 0 : fitting(f.double, remainder));
    if (late && words[at + PEAK] === this.batches && words[at + PEAK + 1]! > 0) {
      // The series has a point in this batch already, at the time that it has reached: one of both is enough.
      const earlier = words[at + PEAK + 1]! - 1;
      this.sums.show(this.points[earlier]!, row, at);
      this.keep(at, places[earlier * PLACE + 4]!);
      outcomes.drop(point, 'merged');
      return false;
    }
    f.setStart(point, words[at + START]!, words[at + START + 1]!);
    if (late) setLater(point, f, timeLow, timeHigh);
    words[at + TIME] = f.timeLow;
    words[at + TIME + 1] = f.timeHigh;
    words[at + PEAK] = this.batches;
    words[at + PEAK + 1] = i + 1;
    this.keep(at, places[i * PLACE + 4]!);
    return true;
  }

  /** Notes what rounding has kept back of the total that the point at that position shows. */
  private keep(at: number, position: number): void {
    const residue = this.state.rows.doubles[(at + RESIDUE) >> 1]!;
    this.kept[position] = residue;
    if (residue !== 0) this.keeps = true;
  }

  /** Counts how the point's interval lies to those before it; false when it has to go. */
  private aligns(point: DataPoint, late: boolean, timeLow: number, timeHigh: number): boolean {
    const { fields: f, outcomes } = this;
    let order = 0;
    if (!late) {
      // A start of zero is unknown.
      if (f.startLow === 0 && f.startHigh === 0) return true;
      order = compareTimes(f.startLow, f.startHigh, timeLow, timeHigh);
      if (order === 0) return true;
      if (order > 0) {
        outcomes.note('gap');
        return true;
      }
    }
    const reason = late ? 'late' : 'overlap';
    if (this.settings.overlaps === 'drop') {
      outcomes.drop(point, reason);
      return false;
    }
    outcomes.note(reason);
    return true;
  }

  private seed(row: number, point: number, overflows: boolean): void {
    while (this.unseeded.length < point) this.unseeded.push(false);
    this.unseeded.push(true);
    this.seeds.push(overflows ? -row - 1 : row);
  }

  /** The marked points, at nothing and at the start of their series. */
  private zeros(batch: MetricsBatch): MetricsBatch {
    const { fields: f, seeds } = this;
    const { rows } = this.state;
    const zeros = marked(batch, this.unseeded);
    let i = 0;
    for (const metric of zeros.metrics()) {
      for (const point of metric.dataPoints) {
        const seed = seeds[i++]!;
        const at = rows.open(seed < 0 ? -seed - 1 : seed);
        const { words } = rows;
        f.read(point);
        f.setStart(point, words[at + START]!, words[at + START + 1]!);
        f.setTime(point, words[at + START]!, words[at + START + 1]!);
        if (seed < 0) overflow(point);
        empty(point, f);
      }
      metric.temporality = 'cumulative';
    }
    return zeros;
  }

  private put(row: number, attributesStart: number, attributesEnd: number, overflows: boolean, position: number): void {
    const at = this.count++ * PLACE;
    if (at === this.places.length) {
      const grown = new Int32Array(at * 2);
      grown.set(this.places);
      this.places = grown;
    }
    this.places[at] = row;
    this.places[at + 1] = attributesStart;
    this.places[at + 2] = attributesEnd;
    this.places[at + 3] = overflows ? 1 : 0;
    this.places[at + 4] = position;
  }
}
