import type { Attributes, DataPoint, Metric, MetricsBatch } from '@otelier/otlp';
import { shortModel, someAttributes, text } from './values.js';

/** Points of one metric that differ only in who sent them, taken together. */
export interface MetricRow {
  readonly name: string;
  readonly unit: string;
  /** `delta`, `cumulative`, or the type of a metric that has no temporality. */
  readonly kind: string;
  readonly label: string;
  timeMs: number;
  /** Sums are added up, of gauges the newest counts; of distributions it is the number of observations. */
  value: number;
  /** Sum of what was observed, for distributions. */
  total: number | undefined;
  points: number;
}

/** The rows of a batch, in its order. */
export function metricRows(batch: MetricsBatch): MetricRow[] {
  const rows = new Map<string, MetricRow>();
  for (const metric of batch.metrics()) {
    const { name, unit, type } = metric;
    const kind = type === 'sum' && !metric.monotonic ? `${kindOf(metric)}±` : kindOf(metric);
    for (const point of metric.dataPoints) {
      if (point.noRecordedValue) continue;
      const label = labelOf(point.attributes);
      const key = `${name}\0${unit}\0${kind}\0${label}`;
      const row = rows.get(key) ?? { name, unit, kind, label, timeMs: 0, value: 0, total: undefined, points: 0 };
      add(row, point, metric);
      rows.set(key, row);
    }
  }
  return [...rows.values()];
}

function kindOf(metric: Metric): string {
  const { type, temporality } = metric;
  if (type === 'gauge' || type === 'summary') return type;
  return temporality === 'unspecified' ? (type ?? 'empty') : temporality;
}

function add(row: MetricRow, point: DataPoint, metric: Metric): void {
  row.points++;
  const newest = point.timeMs >= row.timeMs;
  row.timeMs = Math.max(row.timeMs, point.timeMs);
  if (metric.type === 'gauge') {
    if (newest) row.value = numberValue(point);
  } else if (metric.type === 'sum') {
    row.value += numberValue(point);
  } else {
    // Histograms of both kinds and summaries all count and add up what they saw.
    const seen = point as DataPoint & { readonly count: bigint; readonly sum: number | undefined };
    row.value += Number(seen.count);
    if (seen.sum !== undefined) row.total = (row.total ?? 0) + seen.sum;
  }
}

function numberValue(point: DataPoint): number {
  return (point as DataPoint & { readonly value: number }).value;
}

/** What tells Claude Code's series apart beside who sent them, in this order, shown without its name. */
const telling = [
  'type',
  'tool_name',
  'decision',
  'source',
  'language',
  'start_type',
  'model',
  'query_source',
  'effort',
] as const;
const told: ReadonlySet<string> = new Set(telling);

function labelOf(attributes: Attributes): string {
  let label = '';
  for (const name of telling) {
    const value = text(attributes.get(name));
    if (value !== undefined) label += `${label === '' ? '' : ' · '}${name === 'model' ? shortModel(value) : value}`;
  }
  const others = someAttributes(attributes, 6, told);
  return others === '' ? label : `${label}${label === '' ? '' : '  '}${others}`;
}
