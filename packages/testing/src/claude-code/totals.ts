import type { AnyBatch } from '@otelier/core';
import { type DataPoint, LogsBatch, MetricsBatch, type NumberDataPoint, TracesBatch } from '@otelier/otlp';

/** What a set of batches adds up to; compare it with what went in, or with what a capture expects. */
export interface Totals {
  readonly logRecords: number;
  readonly dataPoints: number;
  readonly spans: number;
  /** Tokens of `claude_code.token.usage` by `model/type`; kinds that add up to zero are left out. */
  readonly tokens: Readonly<Record<string, number>>;
  /** US dollars of `claude_code.cost.usage`. */
  readonly costUsd: number;
  /** Number of `claude_code.api_request` events. */
  readonly apiRequests: number;
  /** US dollars that those events add up to. */
  readonly apiRequestsCostUsd: number;
}

/**
 * Adds up Claude Code telemetry: deltas are summed, of a cumulative series the greatest value of each start time counts.
 */
export function totals(batches: Iterable<AnyBatch>): Totals {
  const sum = { logRecords: 0, dataPoints: 0, spans: 0, costUsd: 0, apiRequests: 0, apiRequestsCostUsd: 0 };
  const tokens: Record<string, number> = {};
  const cumulative = new Map<string, { kind: string; value: number }>();
  const count = (kind: string, value: number): void => {
    if (kind === 'cost') sum.costUsd += value;
    else if (value !== 0) tokens[kind] = (tokens[kind] ?? 0) + value;
  };
  for (const batch of batches) {
    if (batch instanceof LogsBatch) {
      for (const record of batch.records()) {
        sum.logRecords++;
        if (record.attributes.get('event.name') !== 'api_request') continue;
        sum.apiRequests++;
        sum.apiRequestsCostUsd += Number(record.attributes.get('cost_usd'));
      }
    } else if (batch instanceof MetricsBatch) {
      for (const point of batch.points()) {
        sum.dataPoints++;
        const kind = kindOf(point);
        if (kind === undefined) continue;
        const { value } = point as NumberDataPoint;
        if (point.metric.temporality !== 'cumulative') count(kind, value);
        else if (value >= (cumulative.get(seriesOf(point))?.value ?? 0))
          cumulative.set(seriesOf(point), { kind, value });
      }
    } else if (batch instanceof TracesBatch) sum.spans += batch.count;
  }
  for (const { kind, value } of cumulative.values()) count(kind, value);
  return { ...sum, tokens };
}

function kindOf(point: DataPoint): string | undefined {
  const { name } = point.metric;
  if (name === 'claude_code.cost.usage') return 'cost';
  if (name !== 'claude_code.token.usage') return undefined;
  return `${point.attributes.get('model')}/${point.attributes.get('type')}`;
}

function seriesOf(point: DataPoint): string {
  const attributes = [...point.attributes, ...point.resource.attributes]
    .map(([name, value]) => `${name}=${value}`)
    .sort();
  return `${point.metric.name} ${point.startTimeUnixNano} ${attributes.join(' ')}`;
}
