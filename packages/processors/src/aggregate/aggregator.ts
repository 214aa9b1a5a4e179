import type { StateEntries, Stateful, StateWriter } from '@otelier/core';
import {
  type DataPoint,
  DOUBLE,
  MetricFields,
  type MetricsBatch,
  PointFields,
  type PointHead,
  pointHead,
  StreamTable,
} from '@otelier/otlp';
import { fitting, offered } from '../distribution/remainders.js';
import { IN } from '../totals/totals.js';
import { Buckets } from './buckets.js';
import { Cell, type CellValue, type Way } from './cell.js';
import { CellTotals } from './cell-totals.js';
import { batchOf } from './emission.js';
import type { Place } from './kept-cell.js';
import { KeptCells } from './kept-cells.js';
import { IDENTITY, numberOf, TIME } from './keys.js';
import type { AggregateSettings } from './options.js';
import { SentTimes } from './sent-times.js';

/** Why points are not in what comes out: the names under which they are counted. */
export interface Taken {
  /** They went into a point that was there. */
  aggregated: number;
  /** They are older than what was sent of their series. */
  outOfOrder: number;
  noRecordedValue: number;
  /** They stay in the batch since there is no room for their series. */
  tooMany: number;
  /** Cells that were begun. */
  begun: number;
}

const CUMULATIVE = 2;
const HOUR = 3_600_000;

/** What is held of each series and interval, and when it is due. */
export class Aggregator implements Stateful {
  declare readonly totals: CellTotals;
  declare private readonly settings: AggregateSettings;
  /** Gauges and deltas; and cumulative series, where every start is a series of its own, since its last value must not get lost. */
  declare private readonly sent: readonly [SentTimes, SentTimes];
  declare private readonly open: Buckets;
  /** Cells whose series began anew: due at once. */
  declare private closed: Cell[];
  declare private readonly fields: PointFields;
  declare private readonly metric: MetricFields;
  /** The latest time of all points that have come, but never later than the clock: in milliseconds. */
  declare private watermark: number;
  /** When the last batch came, or the clock closed an interval. */
  declare private now: number;
  declare private readonly tables: readonly [StreamTable, StreamTable];
  declare private readonly keptCells: KeptCells;
  // What has changed since the last save or undo.
  declare private transaction: number;
  declare private undoWatermark: number;
  declare private readonly changed: { cell: Cell; before: CellValue | undefined }[];
  declare private readonly gone: Cell[];

  constructor(settings: AggregateSettings, now: number) {
    this.settings = settings;
    const { maxStreams } = settings;
    this.tables = [new StreamTable({ maxStreams }), new StreamTable({ maxStreams, byStartTime: true })];
    this.sent = [new SentTimes(this.tables[0], IDENTITY, TIME), new SentTimes(this.tables[1], IDENTITY + 2, TIME + 2)];
    this.totals = new CellTotals();
    this.keptCells = new KeptCells();
    this.open = new Buckets(settings.interval, settings.lateness);
    this.closed = [];
    this.fields = new PointFields();
    this.metric = new MetricFields();
    this.watermark = 0;
    this.now = now;
    this.transaction = 1;
    this.undoWatermark = 0;
    this.changed = [];
    this.gone = [];
  }

  /** Takes the points of a batch out of it; those that stay pass. */
  take(batch: MetricsBatch, now: number): Taken {
    this.now = now;
    const taken: Taken = { aggregated: 0, outOfOrder: 0, noRecordedValue: 0, tooMany: 0, begun: 0 };
    let latest = this.watermark;
    const given = offered(batch);
    // Those of running totals are there to be read, those of increments have to be taken.
    const isTaken = given?.take() === true;
    let position = -1;
    for (const metric of batch.metrics()) {
      const { type, temporality } = this.metric.read(metric);
      if (type === 'summary' || type === undefined || (type !== 'gauge' && temporality === 0)) {
        if (given !== undefined) for (const _ of metric.dataPoints) position++;
        continue;
      }
      const cumulative = temporality === CUMULATIVE && type !== 'gauge';
      const way = type === 'gauge' ? this.settings.gauge : cumulative ? 'last' : 'add';
      const sent = this.sent[cumulative ? 1 : 0];
      const table = this.tables[cumulative ? 1 : 0];
      let head: PointHead | undefined;
      let name = -1;
      for (const point of metric.dataPoints) {
        position++;
        const slot = sent.slot(point, now);
        if (slot < 0) {
          taken.tooMany++;
          continue;
        }
        const f = this.fields.read(point, table.attributesStart, table.attributesEnd);
        point.remove();
        let remainder = given === undefined ? 0 : this.fitting(given.values[position]!);
        if ((f.flags & 1) !== 0 && way !== 'last') {
          taken.noRecordedValue++;
          continue;
        }
        if (way === 'add') {
          if (name < 0) name = this.totals.named.of(point);
          this.totals.in(name, point, f);
          if (!isTaken) remainder = 0;
          if (remainder !== 0) this.totals.named.addDouble(name, IN, remainder);
        } else if (!cumulative) remainder = 0;
        const ms = ((f.timeHigh >>> 0) * 4294967296 + (f.timeLow >>> 0)) / 1e6;
        latest = Math.max(latest, Math.min(ms, now));
        // The end of an interval belongs to it, as points count from their start, without it, to their time.
        const interval = Math.ceil(ms / this.settings.interval) - 1;
        const cell = this.open.get(interval, slot * 2 + (cumulative ? 1 : 0));
        if (cell === undefined) {
          if (way !== 'add' && !sent.isLater(slot, f.timeLow, f.timeHigh)) taken.outOfOrder++;
          else {
            head ??= pointHead(point);
            const begun = this.begin(point, slot, cumulative, interval, way, head, now, name);
            begun.value.rest = remainder;
            taken.begun++;
            // Waiting for others of its interval would only let later ones overtake it.
            if (begun.late && way !== 'add') {
              this.open.remove(begun);
              this.closed.push(begun);
            }
          }
        } else if (way === 'last' && cumulative && cell.fallsTo(point, f)) {
          this.open.remove(cell);
          this.closed.push(cell);
          this.begin(point, slot, cumulative, interval, way, cell.head, now, name).value.rest = remainder;
          taken.begun++;
        } else {
          this.touch(cell);
          cell.take(point, f, remainder);
          taken.aggregated++;
        }
      }
    }
    this.watermark = latest;
    for (const table of this.tables) table.forgetBatch();
    return taken;
  }

  /** Takes out the cells that are due: their interval is over and the time for latecomers too, by the points' time or the clock's. */
  due(now: number): Cell[] {
    const due = [...this.closed, ...this.open.due(this.watermark, now)];
    this.closed = [];
    for (const cell of due) this.leave(cell);
    return due;
  }

  /** {@link due} when no batch has come. */
  dueByClock(now: number): Cell[] {
    this.now = now;
    return this.due(now);
  }

  /** One batch with a point for each cell that was taken out. */
  batchOf(cells: readonly Cell[]): MetricsBatch {
    const batch = batchOf(cells);
    this.totals.out(batch, this.fields);
    return batch;
  }

  /** All that is held. */
  held(): Cell[] {
    return [...this.closed, ...this.open.all()];
  }

  /** Takes out everything. */
  all(): Cell[] {
    const all = this.held().sort((a, b) => a.interval - b.interval);
    this.closed = [];
    this.open.clear();
    for (const cell of all) this.leave(cell);
    return all;
  }

  /** When the next cell is due by the clock alone; undefined when there is none. */
  get nextDue(): number | undefined {
    return this.open.nextDue;
  }

  restore(entries: StateEntries): void {
    const cells = new Map<number, Cell>();
    const slots = [new Map<number, number>(), new Map<number, number>()];
    const placeOf = (point: DataPoint, way: Way): Place => {
      const cumulative = way === 'last' && this.metric.read(point.metric).temporality === CUMULATIVE;
      const slot = this.sent[cumulative ? 1 : 0].slot(point, this.now);
      return { slot, cumulative, name: this.totals.named.of(point) };
    };
    for (const [key, bytes] of entries) {
      const [tag, number] = [key[0]!, numberOf(key)];
      if (this.keptCells.restore(tag, number, bytes, cells, placeOf)) continue;
      this.sent.some((sent, i) => sent.restore(tag, number, bytes, slots[i]!, this.now));
    }
    for (const cell of cells.values()) this.put(cell);
    this.totals.recovered([...cells.values()]);
    for (const table of this.tables) table.forgetBatch();
  }

  save(to: StateWriter | undefined): void {
    if (to !== undefined) {
      for (const { cell } of this.changed) if (!cell.gone) this.keptCells.write(cell, to);
      for (const cell of this.gone) this.keptCells.erase(cell, to);
    }
    const { interval, lateness } = this.settings;
    const before = this.now - Math.max(HOUR, 4 * (interval + lateness));
    for (const sent of this.sent) {
      sent.save(to);
      sent.sweep(this.changed.length + this.gone.length, before);
    }
    this.totals.named.save();
    this.beginTransaction();
  }

  undo(): void {
    for (const { cell, before } of this.changed) {
      if (before !== undefined) cell.value = before;
      else if (!cell.gone) {
        this.open.remove(cell);
        this.sentOf(cell).held[cell.slot]!--;
      }
    }
    for (const cell of this.gone) {
      // One that was begun since then is gone for good.
      if (cell.begun === this.transaction) continue;
      cell.gone = false;
      this.put(cell);
    }
    this.closed = [];
    this.watermark = this.undoWatermark;
    for (const sent of this.sent) sent.undo();
    this.totals.named.undo();
    this.beginTransaction();
  }

  snapshot(to: StateWriter): void {
    for (const cell of this.held()) this.keptCells.writeWhole(cell, to);
    for (const sent of this.sent) sent.snapshot(to);
  }

  private beginTransaction(): void {
    this.transaction++;
    this.changed.length = 0;
    this.gone.length = 0;
    this.undoWatermark = this.watermark;
  }

  private sentOf(cell: Cell): SentTimes {
    return this.sent[cell.cumulative ? 1 : 0];
  }

  private put(cell: Cell): void {
    this.open.put(cell);
    this.sentOf(cell).held[cell.slot]!++;
  }

  private begin(
    point: DataPoint,
    slot: number,
    cumulative: boolean,
    interval: number,
    way: Way,
    head: PointHead,
    now: number,
    name: number,
  ): Cell {
    const late = this.open.hasGone(interval, this.watermark);
    const cell = new Cell(slot, cumulative, interval, way, head, now, late);
    cell.begin(point, this.fields);
    cell.name = name;
    cell.touched = this.transaction;
    cell.begun = this.transaction;
    this.changed.push({ cell, before: undefined });
    this.put(cell);
    return cell;
  }

  /** What rounding had kept back of the value that was read. */
  private fitting(remainder: number): number {
    const { fields } = this;
    return remainder !== 0 && fields.kind === DOUBLE ? fitting(fields.double, remainder) : 0;
  }

  private touch(cell: Cell): void {
    if (cell.touched === this.transaction) return;
    cell.touched = this.transaction;
    this.changed.push({ cell, before: { ...cell.value } });
  }

  /** It goes out. */
  private leave(cell: Cell): void {
    const { timeLow, timeHigh } = cell.value;
    const sent = this.sentOf(cell);
    // Increments are sent whenever they come.
    if (cell.way !== 'add') sent.send(cell.slot, timeLow, timeHigh);
    sent.held[cell.slot]!--;
    cell.gone = true;
    this.gone.push(cell);
  }
}
