import type { StateEntries, Stateful, StateWriter } from '@otelier/core';
import {
  type DataPoint,
  MetricFields,
  type MetricsBatch,
  PointFields,
  type PointHead,
  pointHead,
  StreamTable,
} from '@otelier/otlp';
import { Buckets } from './buckets.js';
import { Cell, type CellValue, type Way } from './cell.js';
import { cellFromBytes, cellToBytes } from './kept-cell.js';
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
  begun: Cell[];
}

const CUMULATIVE = 2;
const HOUR = 3_600_000;

/** What is held of each series and interval, and when it is due. */
export class Aggregator implements Stateful {
  declare private readonly settings: AggregateSettings;
  /** Gauges and deltas; and cumulative series, where every start is a series of its own, since its last value must not get lost. */
  declare private readonly tables: readonly [StreamTable, StreamTable];
  declare private readonly sent: readonly [SentTimes, SentTimes];
  declare private readonly open: Buckets;
  /** Cells whose series began anew: due at once. */
  declare private closed: Cell[];
  declare private readonly fields: PointFields;
  declare private readonly metric: MetricFields;
  /** The latest time of all points that have come, but never later than the clock: in milliseconds. */
  declare private watermark: number;
  declare private sweptAt: number;
  declare private nextKey: number;
  // What has changed since the last save or undo.
  declare private transaction: number;
  declare private undoWatermark: number;
  declare private readonly changed: { cell: Cell; before: CellValue | undefined }[];
  declare private readonly gone: Cell[];
  declare private readonly dirty: Set<Cell>;
  declare private readonly deleted: number[];

  constructor(settings: AggregateSettings, now: number) {
    this.settings = settings;
    const { maxStreams } = settings;
    this.tables = [new StreamTable({ maxStreams }), new StreamTable({ maxStreams, byStartTime: true })];
    this.sent = [new SentTimes(), new SentTimes()];
    this.open = new Buckets(settings.interval, settings.lateness);
    this.closed = [];
    this.fields = new PointFields();
    this.metric = new MetricFields();
    this.watermark = 0;
    this.sweptAt = now;
    this.nextKey = 1;
    this.transaction = 1;
    this.undoWatermark = 0;
    this.changed = [];
    this.gone = [];
    this.dirty = new Set();
    this.deleted = [];
  }

  /** Takes the points of a batch out of it; those that stay pass. */
  take(batch: MetricsBatch, now: number): Taken {
    this.beginTransaction();
    const taken: Taken = { aggregated: 0, outOfOrder: 0, noRecordedValue: 0, tooMany: 0, begun: [] };
    let latest = this.watermark;
    for (const metric of batch.metrics()) {
      const { type, temporality } = this.metric.read(metric);
      if (type === 'summary' || type === undefined || (type !== 'gauge' && temporality === 0)) continue;
      const cumulative = temporality === CUMULATIVE && type !== 'gauge';
      const way = type === 'gauge' ? this.settings.gauge : cumulative ? 'last' : 'add';
      let head: PointHead | undefined;
      for (const point of metric.dataPoints) {
        const table = this.tables[cumulative ? 1 : 0];
        const slot = table.slot(point);
        if (slot < 0) {
          taken.tooMany++;
          continue;
        }
        const sent = this.sent[cumulative ? 1 : 0];
        if (table.isNew) sent.enter(slot);
        sent.seen[slot] = now;
        const f = this.fields.read(point, table.attributesStart, table.attributesEnd);
        point.remove();
        if ((f.flags & 1) !== 0 && way !== 'last') {
          taken.noRecordedValue++;
          continue;
        }
        const ms = ((f.timeHigh >>> 0) * 4294967296 + (f.timeLow >>> 0)) / 1e6;
        latest = Math.max(latest, Math.min(ms, now));
        // The end of an interval belongs to it, as points count from their start, without it, to their time.
        const interval = Math.ceil(ms / this.settings.interval) - 1;
        const cell = this.open.get(interval, slot * 2 + (cumulative ? 1 : 0));
        if (cell === undefined) {
          if (way !== 'add' && !sent.isLater(slot, f.timeLow, f.timeHigh)) taken.outOfOrder++;
          else {
            head ??= pointHead(point);
            const begun = this.begin(point, slot, cumulative, interval, way, head, now);
            taken.begun.push(begun);
            // Waiting for others of its interval would only let later ones overtake it.
            if (begun.late && way !== 'add') {
              this.open.remove(begun);
              this.closed.push(begun);
            }
          }
        } else if (way === 'last' && cumulative && cell.fallsTo(point, f)) {
          this.open.remove(cell);
          this.closed.push(cell);
          taken.begun.push(this.begin(point, slot, cumulative, interval, way, cell.head, now));
        } else {
          this.touch(cell);
          cell.take(point, f);
          taken.aggregated++;
        }
      }
    }
    this.watermark = latest;
    for (const table of this.tables) table.forgetBatch();
    this.sweep(now);
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
    this.beginTransaction();
    return this.due(now);
  }

  /** All that is held. */
  held(): Cell[] {
    return [...this.closed, ...this.open.all()];
  }

  /** Takes out everything. */
  all(): Cell[] {
    this.beginTransaction();
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
    for (const [key, bytes] of entries) {
      const cell = cellFromBytes(bytes, (point, way) => {
        const cumulative = way === 'last' && this.metric.read((point as DataPoint).metric).temporality === CUMULATIVE;
        const which = cumulative ? 1 : 0;
        const slot = this.tables[which].slot(point);
        if (this.tables[which].isNew) this.sent[which].enter(slot);
        return { slot, cumulative };
      });
      if (cell === undefined || cell.slot < 0) continue;
      cell.key = Number(Buffer.from(key).readBigUInt64BE());
      this.nextKey = Math.max(this.nextKey, cell.key + 1);
      this.sent[cell.cumulative ? 1 : 0].seen[cell.slot] = cell.arrived;
      this.open.put(cell);
    }
    for (const table of this.tables) table.forgetBatch();
  }

  save(to: StateWriter | undefined): void {
    if (to !== undefined) {
      for (const key of this.deleted) to.delete(keyBytes(key));
      for (const cell of this.dirty) this.write(cell, to);
      this.deleted.length = 0;
      this.dirty.clear();
    }
    this.beginTransaction();
  }

  undo(): void {
    for (const sent of this.sent) sent.undo();
    const begun = new Set<Cell>();
    for (const { cell, before } of this.changed) {
      if (before !== undefined) cell.value = before;
      else {
        begun.add(cell);
        this.open.remove(cell);
        this.dirty.delete(cell);
      }
    }
    for (const cell of this.gone) {
      if (begun.has(cell)) continue;
      this.open.put(cell);
      this.dirty.add(cell);
      if (cell.key !== 0) this.deleted.splice(this.deleted.indexOf(cell.key), 1);
    }
    this.closed = [];
    this.watermark = this.undoWatermark;
    this.beginTransaction();
  }

  snapshot(to: StateWriter): void {
    for (const cell of this.held()) this.write(cell, to);
  }

  /** Whoever did not take back what was done before has accepted it. */
  private beginTransaction(): void {
    this.transaction++;
    this.changed.length = 0;
    this.gone.length = 0;
    this.undoWatermark = this.watermark;
    for (const sent of this.sent) sent.accept();
  }

  private begin(
    point: DataPoint,
    slot: number,
    cumulative: boolean,
    interval: number,
    way: Way,
    head: PointHead,
    now: number,
  ): Cell {
    const late = this.open.isOver(interval, this.watermark);
    const cell = new Cell(slot, cumulative, interval, way, head, now, late);
    cell.begin(point, this.fields);
    cell.touched = this.transaction;
    this.changed.push({ cell, before: undefined });
    this.dirty.add(cell);
    this.open.put(cell);
    return cell;
  }

  private touch(cell: Cell): void {
    if (cell.touched === this.transaction) return;
    cell.touched = this.transaction;
    this.changed.push({ cell, before: { ...cell.value } });
    this.dirty.add(cell);
  }

  /** It goes out. */
  private leave(cell: Cell): void {
    const { timeLow, timeHigh } = cell.value;
    this.sent[cell.cumulative ? 1 : 0].send(cell.slot, timeLow, timeHigh);
    this.gone.push(cell);
    this.dirty.delete(cell);
    if (cell.key !== 0) this.deleted.push(cell.key);
  }

  private write(cell: Cell, to: StateWriter): void {
    if (cell.key === 0) cell.key = this.nextKey++;
    to.put(keyBytes(cell.key), cellToBytes(cell));
  }

  /** Forgets series that hold nothing and have been silent for long. */
  private sweep(now: number): void {
    const { interval, lateness } = this.settings;
    const longest = Math.max(HOUR, 4 * (interval + lateness));
    if (now - this.sweptAt < longest / 4) return;
    this.sweptAt = now;
    for (const which of [0, 1] as const) {
      const held = new Set<number>();
      for (const { cumulative, slot } of this.held()) if ((cumulative ? 1 : 0) === which) held.add(slot);
      this.sent[which].sweep(now - longest, (slot) => {
        if (held.has(slot)) return false;
        this.tables[which].delete(slot);
        return true;
      });
    }
  }
}

function keyBytes(key: number): Buffer {
  const b = Buffer.allocUnsafe(8);
  b.writeBigUInt64BE(BigInt(key));
  return b;
}
