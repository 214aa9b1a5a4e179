import type { AnyBatch, Signal } from '@otelier/core';
import { buildLogs, buildMetrics, buildTraces, type ResourceData, type ScopeData } from '@otelier/otlp';
import { claudeCode, type Fields } from '@otelier/processors';
import type { Place } from '../planting.js';
import { type Author, attributes, type Row } from './attributes.js';
import { rows } from './rounds.js';
import { sample } from './samples.js';

const version = '2.1.330';

/** The resource of requests whose canaries stand elsewhere. */
export function genuineResource(): ResourceData {
  const labels = Object.entries(claudeCode.resource).filter(([, field]) => field.class === 'label');
  return { attributes: Object.fromEntries(labels.map(([name, field]) => [name, sample(name, field)])) };
}

/** The client's scope for a signal: `events`, `tracing`, or none for metrics. */
export function genuineScope(suffix?: string): ScopeData {
  return { name: `com.anthropic.claude_code${suffix === undefined ? '' : `.${suffix}`}`, version };
}

/** Content that a resource or scope may be given by mistake. */
const more: Fields = { prompt: { class: 'content', type: 'string' } };

/** One request per signal and round with canaries in resource and scope. */
export function* surroundings(author: Author, taken: readonly Signal[], now: bigint): Iterable<AnyBatch> {
  for (const row of rows) {
    for (const signal of taken) yield request(signal, row, author, now);
  }
}

function request(signal: Signal, row: Row, author: Author, now: bigint): AnyBatch {
  const { planting } = author;
  const at = (item: string): Place => ({ signal, item });
  const resource = { attributes: attributes({ ...claudeCode.resource, ...more }, at('resource'), row, author) };
  const hostile = row.form === 'hostile' && planting.belongs(row.round, 'label');
  const plant = (field: string): string => planting.plant(row.round, 'label', at('scope'), field);
  const scope: ScopeData = {
    ...(hostile ? { name: plant('scope name'), version: plant('scope version') } : genuineScope()),
    attributes: attributes(more, at('scope'), row, author),
  };
  if (signal === 'logs')
    return buildLogs([
      { resource, scope, records: [{ timeUnixNano: now, attributes: { 'event.name': 'api_request' } }] },
    ]);
  if (signal === 'traces') {
    const ids = { traceId: planting.random.hex(32), spanId: planting.random.hex(16) };
    return buildTraces([{ resource, scope, spans: [{ ...ids, name: 'claude_code.tool', endTimeUnixNano: now }] }]);
  }
  const points = [{ value: 1, startTimeUnixNano: now - 1_000_000_000n, timeUnixNano: now }];
  return buildMetrics([
    {
      resource,
      scope,
      metrics: [{ name: 'claude_code.commit.count', sum: { temporality: 'delta', monotonic: true, points } }],
    },
  ]);
}
