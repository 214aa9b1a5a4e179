import { type AnyValue, buildLogs, type LogRecordData, type LogsBatch } from '@otelier/otlp';
import { claudeCode } from '@otelier/processors';
import type { Place } from '../planting.js';
import { type Author, attributes, type Row } from './attributes.js';
import { rows } from './rounds.js';
import { genuineResource, genuineScope } from './surroundings.js';

/** One request per event of the catalogue, with a record for every round; and one with what stands outside of attributes. */
export function* logs(author: Author, now: bigint): Iterable<LogsBatch> {
  const surroundings = { resource: genuineResource(), scope: genuineScope('events') };
  for (const [name, { fields }] of Object.entries(claudeCode.events)) {
    const place: Place = { signal: 'logs', item: name };
    const all = { ...claudeCode.common, ...fields };
    const records = rows.map(
      (row): LogRecordData => ({
        ...{ timeUnixNano: now, observedTimeUnixNano: now, body: `claude_code.${name}` },
        attributes: attributes(all, place, row, author),
      }),
    );
    yield buildLogs([{ ...surroundings, records }]);
  }
  const records = rows.filter(({ form }) => form === 'genuine').flatMap((row) => outside(row, author));
  yield buildLogs([{ ...surroundings, records: records.map((record) => ({ timeUnixNano: now, ...record })) }]);
}

/** Bodies of every kind, and the other texts of a record. */
function outside({ round }: Row, { planting }: Author): LogRecordData[] {
  const place: Place = { signal: 'logs', item: 'any' };
  const named = { attributes: { 'event.name': 'user_prompt' } };
  const records: LogRecordData[] = [];
  if (planting.belongs(round, 'content')) {
    if (round.encoding === 'split') return [{ ...named, body: [...planting.halves(round, place, 'body[]')] }];
    const plant = (field: string): string => planting.plant(round, 'content', place, field);
    const bodies: AnyValue[] = [
      plant('body'),
      {
        prompt: plant('body.prompt'),
        'acme.note': plant('body.acme.note'),
        list: [{ deep: plant('body.list[].deep') }],
      },
      ['first', plant('body[]')],
      Buffer.from(plant('body (bytes)')),
    ];
    records.push(...bodies.map((body) => ({ ...named, body })));
    records.push({ attributes: { 'event.name': 'user_prompt', 'acme.raw': Buffer.from(plant('acme.raw (bytes)')) } });
    records.push({ attributes: { 'event.name': 'user_prompt', 'acme.map': { prompt: plant('acme.map.prompt') } } });
  }
  if (planting.belongs(round, 'label')) {
    const plant = (field: string): string => planting.plant(round, 'label', place, field);
    records.push({ ...named, severityText: plant('severity text'), eventName: plant('event name') });
    records.push({ attributes: { 'event.name': plant('event.name') } });
  }
  return records;
}
