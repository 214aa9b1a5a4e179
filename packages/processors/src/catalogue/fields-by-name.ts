import { fieldClasses } from '@otelier/core';
import type { Catalogue, FieldDefinition, Fields } from './catalogue.js';

/**
 * Fields of a catalogue by attribute name, whichever event, metric, span or resource they stand on.
 *
 * Where places differ, the more guarded class counts (secret, content, identity, label), JSON before other types, and members are put together.
 */
export function fieldsByName(catalogue: Catalogue): ReadonlyMap<string, FieldDefinition> {
  const byName = new Map<string, FieldDefinition>();
  for (const fields of places(catalogue)) {
    for (const [name, field] of Object.entries(fields)) byName.set(name, guarded(byName.get(name), field));
  }
  return byName;
}

/** As {@link fieldsByName}, for data points: what the catalogue's metrics say of a field there counts before what it is elsewhere. */
export function fieldsOfPoints(catalogue: Catalogue): ReadonlyMap<string, FieldDefinition> {
  const byName = new Map(fieldsByName(catalogue));
  const { resource, common, metrics } = catalogue;
  const own = fieldsByName({ ...catalogue, resource, common, metrics, events: {}, spans: {} });
  for (const [name, field] of own) byName.set(name, field);
  return byName;
}

function* places({ resource, common, events, metrics, spans }: Catalogue): Iterable<Fields> {
  yield* [resource, common];
  for (const { fields } of Object.values(events)) yield fields;
  for (const { fields } of Object.values(metrics)) yield fields;
  yield spans;
}

/** The more guarded of two definitions of one field. */
export function guarded(one: FieldDefinition | undefined, other: FieldDefinition): FieldDefinition {
  if (one === undefined) return other;
  const first = fieldClasses.indexOf(one.class) >= fieldClasses.indexOf(other.class) ? one : other;
  const type = one.type === 'json' || other.type === 'json' ? 'json' : first.type;
  const members = union(one.members, other.members);
  return { ...first, type, ...(members && { members }) };
}

function union(one: Fields | undefined, other: Fields | undefined): Fields | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const merged: Record<string, FieldDefinition> = { ...one };
  for (const [name, field] of Object.entries(other)) merged[name] = guarded(merged[name], field);
  return merged;
}
