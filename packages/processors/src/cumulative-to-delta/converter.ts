import { type DataPoint, MetricFields, type MetricsBatch, StreamTable } from '@otelier/otlp';
import { Increments } from './increments.js';
import type { Journal } from './journal.js';
import type { Settings } from './options.js';
import { type Reason, remove } from './reason.js';
import { FREE, Series } from './series.js';
import { byTime } from './time.js';

const CUMULATIVE = 2;
/** Numbers in `places` per point: its slot, and where its attributes are. */
const PLACE = 3;

/** Turns the cumulative points of batches into increments and remembers what it needs for the next. */
export class Converter {
  declare private readonly settings: Settings;
  declare private readonly table: StreamTable;
  declare private readonly series: Series;
  declare private readonly increments: Increments;
  declare private readonly metric: MetricFields;
  declare private sweptAt: number;
  declare private batches: number;
  // The points of the batch at hand; both arrays keep their room from batch to batch.
  declare private readonly points: (DataPoint | undefined)[];
  declare private places: Int32Array;

  constructor(settings: Settings, now: number) {
    this.settings = settings;
    // A process that starts anew, or shares its attributes with another, is a series of its own by its start time.
    this.table = new StreamTable({ ignoreTemporality: true, byStartTime: true, maxStreams: settings.maxStreams });
    this.series = new Series();
    this.increments = new Increments(settings, this.series, now);
    this.metric = new MetricFields();
    this.sweptAt = now;
    this.batches = 0;
    this.points = [];
    this.places = new Int32Array(64 * PLACE);
  }

  /** Series in memory. */
  get size(): number {
    return this.table.size;
  }

  /** Converts a batch in place; what goes out is noted in `journal`, what does not is removed and counted in `removed`. */
  convert(batch: MetricsBatch, now: number, journal: Journal, removed: Map<Reason, number>): void {
    const stamp = ++this.batches | 0;
    const { series, table, points } = this;
    let count = 0;
    let repeated = false;
    for (const { scopeMetrics } of batch.resourceMetrics) {
      for (const { metrics } of scopeMetrics) {
        for (const metric of metrics) {
          if (!this.converts(metric)) continue;
          for (const point of metric.dataPoints) {
            const slot = table.slot(point);
            if (slot < 0) {
              remove(point, 'too_many_streams', removed);
              continue;
            }
            if (table.isNew) series.enter(slot, now);
            else if (series.batch[slot] === stamp) repeated = true;
            series.batch[slot] = stamp;
            series.seen[slot] = now;
            const at = count * PLACE;
            if (at === this.places.length) this.grow();
            this.places[at] = slot;
            this.places[at + 1] = table.attributesStart;
            this.places[at + 2] = table.attributesEnd;
            points[count++] = point;
          }
          this.metric.setTemporality(metric, 'delta');
        }
      }
    }
    const order = repeated ? byTime(points.slice(0, count) as DataPoint[]) : undefined;
    const { increments, places } = this;
    increments.begin(journal);
    for (let i = 0; i < count; i++) {
      const n = order === undefined ? i : order[i]!;
      const at = n * PLACE;
      const reason = increments.take(points[n]!, places[at]!, places[at + 1]!, places[at + 2]!);
      if (reason !== undefined) remove(points[n]!, reason, removed);
    }
    // Views hold on to the bytes of their batch.
    for (let i = 0; i < count; i++) points[i] = undefined;
    table.forgetBatch();
    this.sweep(now);
  }

  /** Whether the batch holds anything to convert. */
  concerns(batch: MetricsBatch): boolean {
    for (const metric of batch.metrics()) if (this.converts(metric)) return true;
    return false;
  }

  /** Takes back what a refused batch had passed on. */
  undo(journal: Journal): void {
    journal.undo(this.series);
  }

  private converts(metric: object): boolean {
    const { type, temporality, monotonic } = this.metric.read(metric);
    return temporality === CUMULATIVE && (type !== 'sum' || monotonic || this.settings.nonMonotonic);
  }

  private grow(): void {
    const grown = new Int32Array(this.places.length * 2);
    grown.set(this.places);
    this.places = grown;
  }

  /** Forgets series that have been silent for long. */
  private sweep(now: number): void {
    const { maxStale } = this.settings;
    if (now - this.sweptAt < maxStale / 8) return;
    this.sweptAt = now;
    const { series } = this;
    for (let slot = 0; slot < series.capacity; slot++) {
      if (series.state[slot] === FREE || now - series.seen[slot]! <= maxStale) continue;
      this.increments.distrust(slot);
      this.table.delete(slot);
      series.forget(slot);
    }
  }
}
