import type { MetricsBatch, NumberDataPoint } from '@otelier/otlp';
import { Exact } from './exact.js';

/** Attributes by name, as text. */
export type Labels = Readonly<Record<string, string>>;

/** A sum with the attributes that it is for. */
export interface SeriesTotal {
  readonly metric: string;
  readonly attributes: Labels;
  readonly sum: Exact;
}

/** SeriesTotals by metric and attributes; the key is made by {@link totalKey}. */
export type SeriesTotals = Map<string, SeriesTotal>;

/** The key of a metric with these attributes, in whatever order they stand. */
export function totalKey(metric: string, attributes: Labels): string {
  return JSON.stringify([metric, ...Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** Adds up totals again after these attributes were dropped: what dropping has to lead to. */
export function withoutAttributes(totals: Iterable<SeriesTotal>, dropped: readonly string[]): SeriesTotals {
  const merged: SeriesTotals = new Map();
  for (const { metric, attributes, sum } of totals) {
    const kept = Object.fromEntries(Object.entries(attributes).filter(([name]) => !dropped.includes(name)));
    addTo(merged, metric, kept, sum);
  }
  return merged;
}

/** Adds up totals per metric, whatever the attributes. */
export function byMetric(totals: Iterable<SeriesTotal>): Map<string, Exact> {
  const sums = new Map<string, Exact>();
  for (const { metric, sum } of totals) {
    const known = sums.get(metric);
    if (known === undefined) sums.set(metric, copy(sum));
    else known.addExact(sum);
  }
  return sums;
}

/** @internal */
export function addTo(totals: SeriesTotals, metric: string, attributes: Labels, sum: Exact): void {
  const key = totalKey(metric, attributes);
  const known = totals.get(key);
  if (known === undefined) totals.set(key, { metric, attributes, sum: copy(sum) });
  else known.sum.addExact(sum);
}

function copy(sum: Exact): Exact {
  const copied = new Exact();
  copied.addExact(sum);
  return copied;
}

/** A series of cumulative points that has contradicted itself; see {@link SeriesBook}. */
export interface SeriesViolation {
  readonly key: string;
  readonly what: 'fell' | 'overlap' | 'two values at one time' | 'empty interval';
  readonly detail: string;
}

/** One point of a sum as a backend sees it. */
export interface SeriesPoint {
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  readonly value: number | bigint;
}

/** One series of sums. */
export interface Series {
  readonly metric: string;
  readonly attributes: Labels;
  readonly temporality: string;
  readonly points: SeriesPoint[];
}

/** Keeps every point of every sum that comes in, as a backend does, and says what they add up to. */
export class SeriesBook {
  readonly series: Map<string, Series> = new Map();
  points = 0;

  /** Attributes of the resource count as attributes of the series, as they do in backends. */
  add(batch: MetricsBatch): void {
    for (const point of batch.points()) {
      if (point.metric.type !== 'sum') continue;
      const attributes: Record<string, string> = {};
      for (const [name, value] of point.resource.attributes) attributes[name] = String(value);
      for (const [name, value] of point.attributes) attributes[name] = String(value);
      const { value, isInt, intValue } = point as NumberDataPoint;
      const { name: metric, temporality } = point.metric;
      // Of one identity, delta and cumulative points are two streams.
      const key = `${temporality} ${totalKey(metric, attributes)}`;
      let series = this.series.get(key);
      if (series === undefined) this.series.set(key, (series = { metric, attributes, temporality, points: [] }));
      const { startTimeUnixNano, timeUnixNano } = point;
      series.points.push({ startTimeUnixNano, timeUnixNano, value: isInt ? intValue : value });
      this.points++;
    }
  }

  /**
   * What the series add up to: deltas are summed, of a cumulative series the last value of each start time counts.
   * A point that came twice (same series, start, time and value) counts once.
   */
  totals(): SeriesTotals {
    const totals: SeriesTotals = new Map();
    for (const { metric, attributes, temporality, points } of this.series.values()) {
      const sum = new Exact();
      if (temporality === 'delta') {
        for (const point of distinct(points)) sum.add(point.value);
      } else {
        for (const last of lastPerStart(points).values()) sum.add(last.value);
      }
      addTo(totals, metric, attributes, sum);
    }
    return totals;
  }

  /** Cumulative series that fall, or begin again before they ended; time counts, not the order of arrival. */
  violations(): SeriesViolation[] {
    const found: SeriesViolation[] = [];
    for (const [key, { temporality, points }] of this.series) {
      if (temporality === 'cumulative') found.push(...contradictions(key, points));
    }
    return found;
  }
}

function distinct(points: readonly SeriesPoint[]): Iterable<SeriesPoint> {
  const seen = new Map<string, SeriesPoint>();
  for (const point of points) seen.set(`${point.startTimeUnixNano} ${point.timeUnixNano} ${point.value}`, point);
  return seen.values();
}

function lastPerStart(points: readonly SeriesPoint[]): Map<bigint, SeriesPoint> {
  const last = new Map<bigint, SeriesPoint>();
  for (const point of points) {
    const known = last.get(point.startTimeUnixNano);
    if (known === undefined || point.timeUnixNano >= known.timeUnixNano) last.set(point.startTimeUnixNano, point);
  }
  return last;
}

function contradictions(key: string, points: readonly SeriesPoint[]): SeriesViolation[] {
  const found: SeriesViolation[] = [];
  const inOrder = [...points].sort((a, b) => Number(a.timeUnixNano - b.timeUnixNano));
  for (let i = 0; i < inOrder.length; i++) {
    const point = inOrder[i]!;
    const report = (what: SeriesViolation['what'], other = point) =>
      found.push({ key, what, detail: `${describe(other)} then ${describe(point)}` });
    // A zero that seeds a series stands at its start; everything else needs an interval.
    if (point.timeUnixNano < point.startTimeUnixNano) report('empty interval');
    const before = inOrder[i - 1];
    if (before === undefined) continue;
    if (before.timeUnixNano === point.timeUnixNano && before.startTimeUnixNano === point.startTimeUnixNano) {
      if (before.value !== point.value) report('two values at one time', before);
    } else if (before.startTimeUnixNano === point.startTimeUnixNano) {
      if (point.value < before.value) report('fell', before);
    } else if (point.startTimeUnixNano < before.timeUnixNano) report('overlap', before);
  }
  return found;
}

function describe({ startTimeUnixNano, timeUnixNano, value }: SeriesPoint): string {
  return `(${startTimeUnixNano}, ${timeUnixNano}] ${value}`;
}
