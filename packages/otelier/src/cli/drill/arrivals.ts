import type { AnyBatch } from '@otelier/core';
import { type AnyValue, type Attributes, LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';
import { keyOf } from './labels.js';
import type { Place } from './planting.js';

/** The keys of everything that came out and could be a label. */
export function arrivals(batches: Iterable<AnyBatch>): ReadonlySet<string> {
  const keys = new Set<string>();
  const note = (place: Place, attributes: Attributes): void => {
    for (const [field, value] of attributes) {
      keys.add(keyOf({ ...place, field, value: String(value) }));
      for (const [member, each] of members(value))
        keys.add(keyOf({ ...place, field: `${field}.${member}`, value: each }));
    }
  };
  for (const batch of batches) {
    const { signal } = batch;
    if (batch instanceof LogsBatch) {
      for (const { resource } of batch.resourceLogs) note({ signal, item: 'resource' }, resource.attributes);
      for (const { attributes } of batch.records())
        note({ signal, item: String(attributes.get('event.name') ?? '') }, attributes);
    } else if (batch instanceof MetricsBatch) {
      for (const { resource } of batch.resourceMetrics) note({ signal, item: 'resource' }, resource.attributes);
      for (const { metric, attributes } of batch.points()) note({ signal, item: metric.name }, attributes);
    } else if (batch instanceof TracesBatch) {
      for (const { resource } of batch.resourceSpans) note({ signal, item: 'resource' }, resource.attributes);
      for (const { name, attributes, events, links } of batch.spans()) {
        note({ signal, item: name }, attributes);
        for (const event of events) note({ signal, item: event.name }, event.attributes);
        for (const link of links) note({ signal, item: 'link' }, link.attributes);
      }
    }
  }
  return keys;
}

/** Members of a JSON payload as text. */
function members(value: AnyValue): readonly (readonly [string, string])[] {
  if (typeof value !== 'string' || !value.startsWith('{')) return [];
  try {
    return Object.entries(JSON.parse(value) as object).map(([name, each]) => [name, String(each)]);
  } catch {
    return [];
  }
}
