import { buildTraces, type SpanData, type TracesBatch } from '@otelier/otlp';
import { claudeCode, type Fields } from '@otelier/processors';
import type { Place } from '../planting.js';
import { type Author, attributes, type Row } from './attributes.js';
import { commonFields } from './common.js';
import { rows } from './rounds.js';
import { genuineResource, genuineScope } from './surroundings.js';

const spanNames = ['interaction', 'llm_request', 'tool', 'tool.blocked_on_user', 'tool.execution', 'hook'];
const ofEvents = ['content', 'diff', 'output', 'bash_command', 'file_path', 'attempt', 'client_request_id'];
const ofLinks = ['user_prompt', 'tool_name'];

/** One request per span of the client, with a span for every round: its attributes, an event, a link and a status. */
export function* traces(author: Author, now: bigint): Iterable<TracesBatch> {
  const surroundings = { resource: genuineResource(), scope: genuineScope('tracing') };
  for (const name of spanNames.map((each) => `claude_code.${each}`)) {
    yield buildTraces([{ ...surroundings, spans: rows.map((row) => span(name, row, author, now)) }]);
  }
  const hostile = rows.filter(({ form }) => form === 'hostile').flatMap((row) => outside(row, author, now));
  yield buildTraces([{ ...surroundings, spans: hostile }]);
}

function span(name: string, row: Row, author: Author, now: bigint): SpanData {
  const { planting } = author;
  const place: Place = { signal: 'traces', item: name };
  const event: Place = { signal: 'traces', item: 'tool.output' };
  const hasMessage = row.form === 'genuine' && row.round.encoding !== 'split' && planting.belongs(row.round, 'content');
  const message = hasMessage ? planting.plant(row.round, 'content', place, 'status message') : '';
  const link = attributes(pick(ofLinks), { signal: 'traces', item: 'link' }, row, author);
  return {
    ...{ ...ids(author), name, startTimeUnixNano: now - 1_000_000n, endTimeUnixNano: now },
    attributes: attributes({ ...commonFields, ...claudeCode.spans }, place, row, author),
    events: [{ timeUnixNano: now, name: event.item, attributes: attributes(pick(ofEvents), event, row, author) }],
    links: [{ ...ids(author), attributes: link }],
    status: { code: 2, message },
  };
}

/** Texts of a span outside of attributes. */
function outside({ round }: Row, author: Author, now: bigint): SpanData[] {
  const { planting } = author;
  if (!planting.belongs(round, 'label')) return [];
  const plant = (field: string): string => planting.plant(round, 'label', { signal: 'traces', item: 'any' }, field);
  return [
    {
      ...{ ...ids(author), name: plant('span name'), traceState: plant('trace state'), endTimeUnixNano: now },
      events: [{ timeUnixNano: now, name: plant('span event name') }],
      links: [{ ...ids(author), traceState: plant('trace state of a link') }],
    },
  ];
}

function pick(names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, claudeCode.spans[name]!]));
}

function ids({ planting }: Author): { traceId: string; spanId: string } {
  return { traceId: planting.random.hex(32), spanId: planting.random.hex(16) };
}
