import { type AttributesData, buildMetrics, type MetricData, type MetricsBatch, type PointData } from '@otelier/otlp';
import { claudeCode } from '@otelier/processors';
import type { Place } from '../planting.js';
import { type Author, attributes, type Bag, type Row, unknownField } from './attributes.js';
import { commonFields } from './common.js';
import { rows } from './rounds.js';
import { genuineResource, genuineScope } from './surroundings.js';

/** Fields of exemplars and of metrics that are not Claude Code's. */
const fewFields = { prompt: { class: 'content', type: 'string' }, model: { class: 'label', type: 'string' } } as const;

/** One request per metric of the catalogue, with a point for every round, and one per other kind of point. */
export function* metrics(author: Author, now: bigint): Iterable<MetricsBatch> {
  const surroundings = { resource: genuineResource(), scope: genuineScope() };
  const times = { startTimeUnixNano: now - 60_000_000_000n, timeUnixNano: now };
  for (const [name, { unit, fields }] of Object.entries(claudeCode.metrics)) {
    const place: Place = { signal: 'metrics', item: name };
    const all = { ...commonFields, ...fields };
    const points = rows.map((row) => ({
      ...{ ...times, value: 1, attributes: attributes(all, place, row, author) },
      exemplars: exemplars(row, name, author, now),
    }));
    yield buildMetrics([
      { ...surroundings, metrics: [{ name, unit, sum: { temporality: 'delta', monotonic: true, points } }] },
    ]);
  }
  for (const row of rows) {
    const hostile = row.form === 'hostile' ? hostileMetric(row, author, times) : [];
    yield buildMetrics([{ ...surroundings, metrics: [...otherKinds(row, author, times, now), ...hostile] }]);
  }
}

type Times = Pick<PointData, 'startTimeUnixNano' | 'timeUnixNano'>;

function exemplars(row: Row, item: string, author: Author, now: bigint): { filteredAttributes: AttributesData }[] {
  const place: Place = { signal: 'metrics', item: `${item} (exemplar)` };
  const bag: Bag = attributes(fewFields, place, row, { ...author, labels: author.labels.ignored() });
  return [{ ...{ value: 1, timeUnixNano: now }, filteredAttributes: bag }];
}

function otherKinds(row: Row, author: Author, times: Times, now: bigint): MetricData[] {
  const point = (item: string) => ({
    ...times,
    attributes: attributes(fewFields, { signal: 'metrics', item }, row, author),
  });
  const at = (item: string) => ({ ...point(item), exemplars: exemplars(row, item, author, now) });
  const count = { count: 1n, sum: 2 };
  const buckets = { bucketCounts: [1n, 0n], explicitBounds: [5] };
  const [gauge, histogram, exponential, summary] = ['acme.gauge', 'acme.histogram', 'acme.exponential', 'acme.summary'];
  return [
    { name: gauge!, gauge: { points: [{ ...at(gauge!), value: 3 }] } },
    { name: histogram!, histogram: { temporality: 'delta', points: [{ ...at(histogram!), ...count, ...buckets }] } },
    {
      name: exponential!,
      exponentialHistogram: {
        temporality: 'delta',
        points: [{ ...at(exponential!), ...count, scale: 0, positive: { offset: 0, bucketCounts: [1n] } }],
      },
    },
    { name: summary!, summary: { points: [{ ...point(summary!), ...count, quantileValues: [] }] } },
  ];
}

/** Texts of a metric outside of its points. */
function hostileMetric({ round }: Row, { planting }: Author, times: Times): MetricData[] {
  if (!planting.belongs(round, 'label')) return [];
  const plant = (field: string): string => planting.plant(round, 'label', { signal: 'metrics', item: 'any' }, field);
  const metadata = planting.belongs(round, 'unknown')
    ? {
        [unknownField]: planting.plant(
          round,
          'unknown',
          { signal: 'metrics', item: 'any' },
          `metadata.${unknownField}`,
        ),
      }
    : {};
  const points = [{ ...times, value: 1 }];
  return [
    {
      ...{ name: plant('metric name'), unit: plant('unit'), description: plant('description'), metadata },
      gauge: { points },
    },
  ];
}
