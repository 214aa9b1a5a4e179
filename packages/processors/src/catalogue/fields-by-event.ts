import type { Catalogue, FieldDefinition } from './catalogue.js';
import { fieldsByName, guarded } from './fields-by-name.js';

/**
 * Fields of which an event says less than their name alone: by attribute name, then by `event.name`.
 *
 * `response` is content, since it is what a model answered; in `feedback_survey` it is one of a few words. What resource and common
 * attributes say of a name holds on every event, since they stand on all of them.
 */
export function fieldsByEvent(catalogue: Catalogue): ReadonlyMap<string, ReadonlyMap<string, FieldDefinition>> {
  const byName = fieldsByName(catalogue);
  const found = new Map<string, Map<string, FieldDefinition>>();
  for (const [event, { fields }] of Object.entries(catalogue.events)) {
    for (const [name, field] of Object.entries(fields)) {
      const own = guarded(catalogue.resource[name], guarded(catalogue.common[name], field));
      if (own.class === byName.get(name)?.class) continue;
      const events = found.get(name) ?? new Map<string, FieldDefinition>();
      found.set(name, events.set(event, own));
    }
  }
  return found;
}
