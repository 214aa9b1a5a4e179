import type { StateEntries, Stateful, StateWriter } from '@otelier/core';
import { type DataPoint, MetricsBatch, OVERFLOW_ATTRIBUTE, PointFields, type StreamTable } from '@otelier/otlp';
import type { NamedTotals } from '../totals/totals.js';
import { type Codec, Entries, IDENTITY, PASSING, ROW, uidAt, uidOf } from './entries.js';
import { FLAGS, NAME, NEW, NEXT, SEEN, SLOT, START, TIME, TOMB, TOUCHED, UID } from './layout.js';
import type { Outcomes } from './outcomes.js';
import { Rows } from './rows.js';
import { UndoLog } from './undo-log.js';

export interface SeriesStateOptions<D> {
  readonly table: StreamTable;
  readonly codec: Codec<D>;
  readonly totals: NamedTotals;
  /** Series held at most. */
  readonly maxSeries: number;
  /** Series beyond those of the table, that stand for others. */
  readonly maxOverflow: number;
  /** Series of one stream that are kept at most from one transaction to the next. */
  readonly maxPerStream: number;
  /** Milliseconds without a point after which a series is forgotten. */
  readonly maxStale: number;
  /** What to remember of a series that was silent for too long. */
  readonly onEvict?: (startLow: number, startHigh: number) => void;
  readonly outcomes: Outcomes;
  /** Milliseconds since 1970: what is restored counts as seen then, since nobody can send to a process that is not there. */
  readonly now: number;
}

/** Rows looked at for their age in one transaction, beside as many as it touched. */
const SWEEP = 16;
/**
 * The series of a converter and what is known of each, as transactions: changes since the last `save` can be undone, and cost as much as
 * there were, not as there are series.
 *
 * Kept as two entries per series under its number: its identity, written once, and its row.
 */
export class SeriesState<D extends object> implements Stateful {
  declare readonly rows: Rows;
  /** What the point of a series that is no number counted last, by row. */
  declare readonly distributions: (D | undefined)[];
  declare private readonly options: SeriesStateOptions<D>;
  /** First row of each stream, plus one. */
  declare private heads: Int32Array;
  declare private readonly log: UndoLog<D>;
  declare private readonly crowded: number[];
  /** Numbers of series that an earlier run kept and this one has no room for. */
  declare private readonly orphans: number[];
  declare private nextUid: number;
  declare private swept: number;
  declare private now: number;
  declare private readonly entries: Entries<D>;

  constructor(options: SeriesStateOptions<D>) {
    this.options = options;
    this.rows = new Rows();
    this.distributions = [];
    this.heads = new Int32Array(64);
    this.log = new UndoLog();
    this.crowded = [];
    this.orphans = [];
    this.nextUid = 1;
    this.swept = 0;
    this.now = Math.floor(options.now / 1000);
    this.entries = new Entries(this.rows, options.table, options.codec);
  }

  /** Bytes held, but for distributions. */
  get memory(): number {
    return this.rows.memory + this.heads.byteLength;
  }

  /** Tells the time of the batch at hand, in milliseconds. */
  begin(now: number): void {
    this.now = Math.floor(now / 1000);
  }

  /** The first series of a stream, or -1; the others follow by NEXT. */
  first(slot: number): number {
    return slot < this.heads.length ? this.heads[slot]! - 1 : -1;
  }

  /** The series of a stream with that start, or -1. */
  find(slot: number, startLow: number, startHigh: number): number {
    const { rows } = this;
    let row = this.first(slot);
    while (row >= 0) {
      const at = rows.open(row);
      const { words } = rows;
      if (words[at + START] === startLow && words[at + START + 1] === startHigh && (words[at + FLAGS]! & TOMB) === 0)
        return row;
      row = words[at + NEXT]!;
    }
    return -1;
  }

  /** True when there is no room for another series. */
  get full(): boolean {
    return this.rows.live >= this.options.maxSeries + this.options.maxOverflow;
  }

  /** A new series of the stream, opened; `name` is the metric's number in the totals. */
  enter(slot: number, name: number): number {
    const row = this.place(slot, this.nextUid++, name);
    const at = this.rows.open(row);
    this.log.add(this.rows, row, at, undefined);
    this.rows.words[at + FLAGS]! |= NEW;
    if (this.options.maxPerStream > 1 && this.rows.words[at + NEXT]! >= 0) this.crowded.push(slot);
    return row;
  }

  /** Opens a row that is about to change; its place. */
  touch(row: number): number {
    const { rows } = this;
    const at = rows.open(row);
    if ((rows.words[at + FLAGS]! & TOUCHED) === 0)
      this.log.add(rows, row, at, this.distributions.length === 0 ? undefined : this.distributions[row]);
    return at;
  }

  /** A point of the series arrived. */
  see(row: number): void {
    const at = this.rows.open(row);
    this.rows.words[at + SEEN] = this.now;
  }

  setDistribution(row: number, distribution: D): void {
    const { distributions } = this;
    while (distributions.length <= row) distributions.push(undefined);
    distributions[row] = distribution;
  }

  save(to: StateWriter | undefined): void {
    const { log, rows } = this;
    for (let i = 0; i < log.size; i++) {
      const row = log.row(i);
      const at = rows.open(row);
      const { words } = rows;
      const isNew = (words[at + FLAGS]! & NEW) !== 0;
      words[at + FLAGS]! &= ~PASSING;
      if (to !== undefined) this.entries.write(to, at, isNew, this.distributions[row]);
    }
    const touched = log.size;
    log.clear();
    for (const slot of this.crowded) this.thin(slot, to);
    this.crowded.length = 0;
    for (const uid of this.orphans) this.entries.erase(to, uid);
    this.orphans.length = 0;
    this.sweep(SWEEP + touched, to);
  }

  undo(): void {
    const { log, rows, distributions } = this;
    for (let i = log.size - 1; i >= 0; i--) {
      const row = log.row(i);
      if (log.putBack(rows, i)) {
        if (row < distributions.length) distributions[row] = log.distribution(i);
        continue;
      }
      // New rows were put in front, so that going backwards each is the first of its stream.
      const at = rows.open(row);
      this.unlink(rows.words[at + SLOT]!, row, -1, rows.words[at + NEXT]!);
    }
    log.clear();
    this.crowded.length = 0;
  }

  snapshot(to: StateWriter): void {
    const { rows } = this;
    for (let row = 0; row < rows.high; row++) {
      const at = rows.open(row);
      if (rows.words[at + SLOT]! >= 0) this.entries.write(to, at, true, this.distributions[row]);
    }
  }

  restore(entries: StateEntries): void {
    const { table, totals, outcomes, maxOverflow } = this.options;
    const fields = new PointFields();
    let row = -1;
    let rowUid = -1;
    for (const [key, value] of entries) {
      const uid = uidOf(key);
      if (uid >= this.nextUid) this.nextUid = uid + 1;
      if (key[8] === IDENTITY) {
        this.forgetRestored(row, rowUid);
        rowUid = uid;
        row = -1;
        for (const point of MetricsBatch.parse(Buffer.from(value)).points()) {
          let slot = this.full ? -1 : table.slot(point);
          if (slot < 0 && isOverflow(point)) slot = table.overflowSlot(point, maxOverflow);
          if (slot < 0) {
            this.orphans.push(uid);
            outcomes.note('forgotten');
            continue;
          }
          row = this.place(slot, uid, totals.of(point));
          const at = this.rows.open(row);
          fields.read(point);
          this.rows.words[at + START] = fields.startLow;
          this.rows.words[at + START + 1] = fields.startHigh;
        }
        table.forgetBatch();
      } else if (key[8] === ROW && row >= 0 && uid === rowUid) {
        const distribution = this.entries.read(row, value);
        if (distribution !== undefined) this.setDistribution(row, distribution);
        row = -1;
      }
    }
    this.forgetRestored(row, rowUid);
  }

  /** Of a series whose row was damaged nothing is known: as if it had counted nothing so far, all of it would count again. */
  private forgetRestored(row: number, uid: number): void {
    if (row < 0) return;
    this.remove(row, undefined);
    this.orphans.push(uid);
  }

  /** A row in front of those of its stream. */
  private place(slot: number, uid: number, name: number): number {
    const { rows } = this;
    if (slot >= this.heads.length) this.grow(slot);
    const row = rows.take();
    const at = rows.open(row);
    const { words } = rows;
    words[at + SLOT] = slot;
    words[at + NEXT] = this.heads[slot]! - 1;
    words[at + UID] = uid | 0;
    words[at + NAME] = name | (Math.floor(uid / 4294967296) << 16);
    words[at + SEEN] = this.now;
    this.heads[slot] = row + 1;
    return row;
  }

  /** Takes a row out of its stream, and the stream out of the table with its last. */
  private unlink(slot: number, row: number, before: number, next: number): void {
    const { rows, distributions } = this;
    if (before >= 0) rows.words[rows.open(before) + NEXT] = next;
    else this.heads[slot] = next + 1;
    if (this.heads[slot] === 0) this.options.table.delete(slot);
    const at = rows.open(row);
    rows.words[at + SLOT] = -1;
    rows.words[at + FLAGS] = 0;
    if (row < distributions.length) distributions[row] = undefined;
    rows.release(row);
  }

  /** Looks at the next few rows and forgets those that have been silent for too long. */
  private sweep(count: number, to: StateWriter | undefined): void {
    const { rows, options } = this;
    const longAgo = this.now - options.maxStale / 1000;
    for (let n = Math.min(count, rows.high); n > 0; n--) {
      const row = this.swept >= rows.high ? 0 : this.swept;
      this.swept = row + 1;
      const at = rows.open(row);
      const { words } = rows;
      if (words[at + SLOT]! < 0 || words[at + SEEN]! >= longAgo) continue;
      options.onEvict?.(words[at + START]!, words[at + START + 1]!);
      options.outcomes.note('forgotten');
      this.remove(row, to);
    }
  }

  private remove(row: number, to: StateWriter | undefined): void {
    const { rows } = this;
    const at = rows.open(row);
    const slot = rows.words[at + SLOT]!;
    const next = rows.words[at + NEXT]!;
    this.entries.erase(to, uidAt(rows.words, at));
    let before = -1;
    for (let other = this.first(slot); other !== row; other = rows.words[rows.open(other) + NEXT]!) before = other;
    this.unlink(slot, row, before, next);
  }

  /** Forgets the series of a stream whose points are oldest while it has too many; one row remembers how new those were. */
  private thin(slot: number, to: StateWriter | undefined): void {
    const { rows } = this;
    for (;;) {
      let count = 0;
      let oldest = -1;
      let oldestTime = Number.POSITIVE_INFINITY;
      let tomb = -1;
      for (let row = this.first(slot); row >= 0; ) {
        const at = rows.open(row);
        const { words } = rows;
        if ((words[at + FLAGS]! & TOMB) !== 0) tomb = row;
        else {
          count++;
          const time = unsigned(words, at + TIME);
          if (time <= oldestTime) {
            oldestTime = time;
            oldest = row;
          }
        }
        row = words[at + NEXT]!;
      }
      if (count <= this.options.maxPerStream) return;
      this.options.outcomes.note('forgotten');
      this.bury(oldest, tomb, to);
    }
  }

  private bury(row: number, tomb: number, to: StateWriter | undefined): void {
    const { rows } = this;
    const from = rows.open(row);
    const low = rows.words[from + START]!;
    const high = rows.words[from + START + 1]!;
    const start = unsigned(rows.words, from + START);
    if (tomb < 0) {
      rows.words[from + FLAGS] = TOMB;
      if (row < this.distributions.length) this.distributions[row] = undefined;
      if (to !== undefined) this.entries.write(to, from, false, undefined);
      return;
    }
    const at = rows.open(tomb);
    if (start > unsigned(rows.words, at + START)) {
      // START is part of what is written as identity.
      rows.words[at + START] = low;
      rows.words[at + START + 1] = high;
      if (to !== undefined) this.entries.write(to, at, true, undefined);
    }
    this.remove(row, to);
  }

  private grow(slot: number): void {
    const heads = new Int32Array(Math.max(slot + 1, this.heads.length * 2));
    heads.set(this.heads);
    this.heads = heads;
  }
}

function isOverflow(point: DataPoint): boolean {
  return point.attributes.get(OVERFLOW_ATTRIBUTE) === true && [...point.attributes].length === 1;
}

function unsigned(words: Int32Array, at: number): number {
  return (words[at + 1]! >>> 0) * 4294967296 + (words[at]! >>> 0);
}

/** The number of a metric's name in the totals, of a row that is open. */
export function nameAt(words: Int32Array, at: number): number {
  return words[at + NAME]! & 0xffff;
}
