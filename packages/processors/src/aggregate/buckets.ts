import type { Cell } from './cell.js';

/** The cells of one interval: they go out together. */
interface Bucket {
  readonly cells: Map<number, Cell>;
  /** When its first point arrived, in milliseconds. */
  arrived: number;
  /** It had gone out before: it waits for its time by the clock, so that latecomers come together too. */
  readonly late: boolean;
}

/** All cells, by interval. */
export class Buckets {
  declare private readonly length: number;
  declare private readonly lateness: number;
  declare private readonly byInterval: Map<number, Bucket>;

  /** Both in milliseconds. */
  constructor(length: number, lateness: number) {
    this.length = length;
    this.lateness = lateness;
    this.byInterval = new Map();
  }

  get(interval: number, place: number): Cell | undefined {
    return this.byInterval.get(interval)?.cells.get(place);
  }

  /**
   * Whether an interval has gone out when points have reached `watermark`; or had, when latecomers of it are there: after a restart
   * nobody else knows.
   */
  hasGone(interval: number, watermark: number): boolean {
    return this.isOver(interval, watermark) || this.byInterval.get(interval)?.late === true;
  }

  private isOver(interval: number, watermark: number): boolean {
    return watermark >= (interval + 1) * this.length + this.lateness;
  }

  put(cell: Cell): void {
    let bucket = this.byInterval.get(cell.interval);
    if (bucket === undefined) {
      bucket = { cells: new Map(), arrived: cell.arrived, late: cell.late };
      this.byInterval.set(cell.interval, bucket);
    }
    if (cell.arrived < bucket.arrived) bucket.arrived = cell.arrived;
    bucket.cells.set(cell.place, cell);
  }

  remove(cell: Cell): void {
    const bucket = this.byInterval.get(cell.interval);
    if (bucket?.cells.get(cell.place) !== cell) return;
    bucket.cells.delete(cell.place);
    if (bucket.cells.size === 0) this.byInterval.delete(cell.interval);
  }

  /**
   * Takes out the intervals that are due, by what points have reached or by the clock, and those before them, earliest first: a series
   * does not go back in time.
   */
  due(watermark: number, now: number): Cell[] {
    let last = Number.NEGATIVE_INFINITY;
    const late: number[] = [];
    for (const [interval, bucket] of this.byInterval) {
      const waited = now >= bucket.arrived + this.length + this.lateness;
      if (!waited && (bucket.late || !this.isOver(interval, watermark))) continue;
      if (bucket.late) late.push(interval);
      else if (interval > last) last = interval;
    }
    const due: Cell[] = [];
    if (late.length === 0 && last === Number.NEGATIVE_INFINITY) return due;
    const intervals = [...this.byInterval.keys()].sort((a, b) => a - b);
    for (const interval of intervals) {
      const { cells, late: isLate } = this.byInterval.get(interval)!;
      if (isLate ? !late.includes(interval) : interval > last) continue;
      for (const cell of cells.values()) due.push(cell);
      this.byInterval.delete(interval);
    }
    return due;
  }

  /** When the next interval is due by the clock alone; undefined when nothing is held. */
  get nextDue(): number | undefined {
    let first: number | undefined;
    for (const { arrived } of this.byInterval.values()) if (first === undefined || arrived < first) first = arrived;
    return first === undefined ? undefined : first + this.length + this.lateness;
  }

  all(): Cell[] {
    const all: Cell[] = [];
    for (const { cells } of this.byInterval.values()) all.push(...cells.values());
    return all;
  }

  clear(): void {
    this.byInterval.clear();
  }
}
