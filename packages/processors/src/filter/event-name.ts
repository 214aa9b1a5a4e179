import { key, type LogRecord } from '@otelier/otlp';

const eventNameKey = key('event.name');

/** The event's name: the record's own field, or the attribute that came before it. */
export function eventName(record: LogRecord): string {
  const own = record.eventName;
  if (own !== '') return own;
  const attribute = record.attributes.get(eventNameKey);
  return typeof attribute === 'string' ? attribute : '';
}
