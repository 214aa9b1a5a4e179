import type { StateEntries, Stateful, StateWriter } from '@otelier/core';
import { type DataPoint, MetricFields, type MetricsBatch, StreamTable } from '@otelier/otlp';
import { offer, offered, Remainders, withdraw } from '../distribution/remainders.js';
import { RESIDUE } from '../series-state/layout.js';
import type { Outcomes } from '../series-state/outcomes.js';
import { nameAt, SeriesState } from '../series-state/series-state.js';
import { HELD, NamedTotals, OUT } from '../totals/totals.js';
import { Increments } from './increments.js';
import { type Known, known } from './known.js';
import type { Settings } from './options.js';
import { byTime } from './time.js';
import { Trust } from './trust.js';

const CUMULATIVE = 2;
/** Numbers in `places` per point: its slot, where its attributes are, and its position in the batch; then -1 instead of the slot when it is gone. */
const PLACE = 4;
/** Runs of one stream that are told apart: processes that come and go, or count side by side under one name. */
const MOST_RUNS = 32;

/** Turns the cumulative points of batches into increments; what it needs to know for the next is its state. */
export class Converter implements Stateful {
  declare readonly totals: NamedTotals;
  declare private readonly settings: Settings;
  declare private readonly table: StreamTable;
  declare private readonly state: SeriesState<Known>;
  declare private readonly increments: Increments;
  declare private readonly outcomes: Outcomes;
  declare private readonly trust: Trust;
  declare private readonly metric: MetricFields;
  declare private batches: number;
  // The points of the batch at hand; the arrays keep their room from batch to batch.
  declare private readonly points: (DataPoint | undefined)[];
  declare private places: Int32Array;
  declare private readonly remainders: number[];
  /** The batch in which each stream last had a point. */
  declare private batch: Int32Array;
  /** Streams that were not there before the batch. */
  declare private readonly fresh: number[];
  /** What is offered of the batch before, and the rows and amounts that it is of. */
  declare private offering: Remainders | undefined;
  declare private readonly offeredRows: number[];
  declare private readonly offeredAmounts: number[];

  constructor(settings: Settings, now: number, outcomes: Outcomes) {
    this.settings = settings;
    this.outcomes = outcomes;
    this.table = new StreamTable({ ignoreTemporality: true, maxStreams: settings.maxStreams });
    this.trust = new Trust(now);
    this.totals = new NamedTotals();
    const { trust, totals, table } = this;
    this.state = new SeriesState({
      table,
      totals,
      outcomes,
      now,
      codec: known,
      maxSeries: settings.maxStreams,
      maxOverflow: 0,
      maxPerStream: MOST_RUNS,
      maxStale: settings.maxStale,
      onEvict: (low, high) => trust.forget(low, high),
    });
    this.increments = new Increments(settings, this.state, totals, trust, outcomes);
    this.metric = new MetricFields();
    this.batches = 0;
    this.points = [];
    this.places = new Int32Array(64 * PLACE);
    this.remainders = [];
    this.batch = new Int32Array(64);
    this.fresh = [];
    this.offering = undefined;
    this.offeredRows = [];
    this.offeredAmounts = [];
  }

  /** Series in memory. */
  get size(): number {
    return this.state.rows.live;
  }

  /** Bytes of memory that all series take, but for distributions. */
  get memory(): number {
    return this.table.memory + this.state.memory + this.batch.byteLength;
  }

  /** Whether the batch holds anything to convert. */
  concerns(batch: MetricsBatch): boolean {
    for (const metric of batch.metrics()) if (this.converts(metric)) return true;
    return false;
  }

  /** What rounding kept back of the points that will be converted, in order, when it is known. */
  keptBack(batch: MetricsBatch): readonly number[] | undefined {
    const values = offered(batch)?.values;
    if (values === undefined) return undefined;
    const kept: number[] = [];
    let position = 0;
    for (const metric of batch.metrics()) {
      const converts = this.converts(metric);
      for (const _ of metric.dataPoints) {
        if (converts) kept.push(values[position]!);
        position++;
      }
    }
    return kept;
  }

  /**
   * Converts a batch, whose bytes must be its own, in place. Points that bring nothing are removed and counted in the outcomes.
   * `kept`: what rounding kept back of the points that are converted.
   */
  convert(batch: MetricsBatch, now: number, kept?: readonly number[]): void {
    this.settle();
    const stamp = ++this.batches | 0;
    const { table, points, outcomes, fresh } = this;
    this.state.begin(now);
    let count = 0;
    let position = 0;
    let read = 0;
    let repeated = false;
    for (const { scopeMetrics } of batch.resourceMetrics) {
      for (const { metrics } of scopeMetrics) {
        for (const metric of metrics) {
          if (!this.converts(metric)) {
            for (const _ of metric.dataPoints) position++;
            continue;
          }
          for (const point of metric.dataPoints) {
            const slot = table.slot(point);
            const remainder = kept === undefined ? 0 : kept[read++]!;
            if (slot < 0) {
              outcomes.refuse(point);
              continue;
            }
            if (table.isNew) fresh.push(slot);
            if (slot >= this.batch.length) this.batch = grown(this.batch, slot);
            if (this.batch[slot] === stamp) repeated = true;
            this.batch[slot] = stamp;
            const at = count * PLACE;
            if (at === this.places.length) this.places = grown(this.places, at);
            this.places[at] = slot;
            this.places[at + 1] = table.attributesStart;
            this.places[at + 2] = table.attributesEnd;
            this.places[at + 3] = position++;
            if (kept !== undefined) this.remainders[count] = remainder;
            points[count++] = point;
          }
          this.metric.setTemporality(metric, 'delta');
        }
      }
    }
    const order = repeated ? byTime(points.slice(0, count) as DataPoint[]) : undefined;
    const { increments, places } = this;
    for (let i = 0; i < count; i++) {
      const n = order === undefined ? i : order[i]!;
      const at = n * PLACE;
      const remainder = kept === undefined ? 0 : this.remainders[n]!;
      const stays = increments.take(points[n]!, places[at]!, places[at + 1]!, places[at + 2]!, remainder);
      if (!stays) places[at] = -1;
      else {
        // A further point of a series has taken up what was kept back of the one before.
        if (repeated && this.offeredRows.length > 0) this.takeBack(increments.row);
        if (increments.kept !== 0) {
          this.offeredRows.push(increments.row, n);
          this.offeredAmounts.push(increments.kept);
        }
      }
    }
    if (this.offeredRows.length > 0) this.offer(batch, count, position);
    else withdraw(batch);
    // Views hold on to the bytes of their batch.
    for (let i = 0; i < count; i++) points[i] = undefined;
    if (fresh.length > 0) this.dropIdle();
    table.forgetBatch();
  }

  restore(entries: StateEntries): void {
    this.state.restore(this.withoutTrust(entries));
  }

  damaged(): void {
    this.trust.beginAnew();
  }

  save(to: StateWriter | undefined): void {
    this.settle();
    this.state.save(to);
    this.trust.save(to);
    this.totals.save();
  }

  undo(): void {
    this.offering = undefined;
    this.offeredRows.length = 0;
    this.offeredAmounts.length = 0;
    // First those without a series: undoing takes the others out.
    this.dropIdle();
    this.state.undo();
    this.totals.undo();
    this.outcomes.clear();
  }

  snapshot(to: StateWriter): void {
    this.state.snapshot(to);
    this.trust.snapshot(to);
  }

  private takeBack(row: number): void {
    for (let i = 0; i < this.offeredAmounts.length; i++)
      if (this.offeredRows[i * 2] === row) this.offeredAmounts[i] = 0;
  }

  private offer(batch: MetricsBatch, count: number, positions: number): void {
    const { places, offeredRows, offeredAmounts } = this;
    const values = new Float64Array(positions);
    let gone = 0;
    for (let n = 0; n < count; n++) {
      if (places[n * PLACE]! < 0) gone++;
      else places[n * PLACE + 3]! -= gone;
    }
    for (let i = 0; i < offeredAmounts.length; i++)
      values[places[offeredRows[i * 2 + 1]! * PLACE + 3]!] = offeredAmounts[i]!;
    this.offering = new Remainders(values.subarray(0, positions - gone));
    offer(batch, this.offering);
  }

  /** Ends what was offered of the batch before: what was taken is no longer kept back. */
  private settle(): void {
    const { offering, offeredRows, offeredAmounts, state, totals } = this;
    if (offering === undefined) return;
    if (offering.close()) {
      for (let i = 0; i < offeredAmounts.length; i++) {
        const at = state.touch(offeredRows[i * 2]!);
        const amount = offeredAmounts[i]!;
        state.rows.doubles[(at + RESIDUE) >> 1]! -= amount;
        const name = nameAt(state.rows.words, at);
        totals.addDouble(name, HELD, -amount);
        totals.addDouble(name, OUT, amount);
      }
    }
    this.offering = undefined;
    offeredRows.length = 0;
    offeredAmounts.length = 0;
  }

  private *withoutTrust(entries: StateEntries): StateEntries {
    for (const entry of entries) if (!this.trust.restore(entry[0], entry[1])) yield entry;
  }

  /** A stream all of whose points were turned away must not stay. */
  private dropIdle(): void {
    for (const slot of this.fresh) if (this.state.first(slot) < 0) this.table.delete(slot);
    this.fresh.length = 0;
  }

  private converts(metric: object): boolean {
    const { type, temporality, monotonic } = this.metric.read(metric);
    return temporality === CUMULATIVE && (type !== 'sum' || monotonic || this.settings.nonMonotonic);
  }
}

function grown(from: Int32Array, least: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(Math.max(least + 1, from.length * 2));
  to.set(from);
  return to;
}
