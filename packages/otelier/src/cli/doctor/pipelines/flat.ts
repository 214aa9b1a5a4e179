import type { AnyBatch } from '@otelier/core';
import { type Attributes, LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';

/** One record, point or span as names and texts: `resource service.name`, `attribute model`, `body`. */
export type Flat = ReadonlyMap<string, string>;

/** The items of a batch, flat. */
export function flatten(batch: AnyBatch): Flat[] {
  const items: Flat[] = [];
  const item = (resource: Attributes, attributes: Attributes, own: Readonly<Record<string, unknown>>): void => {
    const flat = new Map<string, string>();
    for (const [name, value] of resource) flat.set(`resource ${name}`, text(value));
    for (const [name, value] of attributes) flat.set(`attribute ${name}`, text(value));
    for (const [name, value] of Object.entries(own))
      if (value !== '' && value !== undefined) flat.set(name, text(value));
    items.push(flat);
  };
  if (batch instanceof LogsBatch) {
    for (const { resource, attributes, body } of batch.records()) item(resource.attributes, attributes, { body });
  } else if (batch instanceof MetricsBatch) {
    for (const { resource, attributes, metric } of batch.points()) {
      const { name, temporality } = metric;
      item(resource.attributes, attributes, { name, temporality });
    }
  } else if (batch instanceof TracesBatch) {
    for (const { resource, attributes, name } of batch.spans()) item(resource.attributes, attributes, { name });
  }
  return items;
}

/** What became of one field. */
export interface FieldChange {
  readonly field: string;
  readonly change: 'removed' | 'changed' | 'added';
  /** What it is now, cut short. */
  readonly to?: string;
}

/** How one item differs from another. */
export function compare(before: Flat, after: Flat): FieldChange[] {
  const changes: FieldChange[] = [];
  for (const [field, value] of before) {
    const to = after.get(field);
    if (to === undefined) changes.push({ field, change: 'removed' });
    else if (to !== value) changes.push({ field, change: 'changed', to: short(to) });
  }
  for (const [field, value] of after)
    if (!before.has(field)) changes.push({ field, change: 'added', to: short(value) });
  return changes;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) ?? '';
}

function short(value: string): string {
  return value.length > 60 ? `${value.slice(0, 59)}…` : value;
}
