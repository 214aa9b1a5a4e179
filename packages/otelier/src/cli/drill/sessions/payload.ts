import type { FieldDefinition } from '@otelier/processors';
import { escaped } from '../canaries/encodings.js';
import type { Place } from '../planting.js';
import type { Author, Row } from './attributes.js';
import { sample } from './samples.js';

/** A member that no catalogue has; it is of the payload's own class. */
const unknownMember = 'acme_note';

/**
 * A JSON payload such as `tool_input`: every member that is known, one that is not, a list, and a name, each with what belongs there.
 * Undefined when nothing does.
 */
export function payload(
  name: string,
  field: FieldDefinition,
  place: Place,
  row: Row,
  { planting, labels }: Author,
): string | undefined {
  const { round, form } = row;
  const members: Record<string, unknown> = {};
  const at = (member: string): string => `${name}.${member}`;
  // What is escaped or cut off is the payload as a whole.
  const asItIs = round.encoding === 'escaped' || round.encoding === 'cut';
  const plant = (member: string, ground: FieldDefinition['class']): string =>
    asItIs ? planting.text(round, ground, place, at(member)) : planting.plant(round, ground, place, at(member));
  for (const [member, known] of Object.entries(field.members ?? {})) {
    if (known.class === 'label' && form === 'genuine') {
      members[member] = sample(member, known);
      if (round.encoding !== 'cut') labels.expect(place, at(member), members[member]);
    } else if ((known.class === 'label') === (form === 'hostile') && planting.belongs(round, known.class)) {
      if (round.encoding === 'split') members[member] = [...planting.halves(round, place, at(member))];
      else members[member] = plant(member, known.class);
    }
  }
  if (form === 'genuine' && planting.belongs(round, field.class)) {
    if (round.encoding === 'split') {
      const [head, tail] = planting.halves(round, place, `${at(unknownMember)} and ${at('more')}`);
      members[unknownMember] = head;
      members.more = tail;
    } else {
      members[unknownMember] = plant(unknownMember, field.class);
      members.list = [plant('list[]', field.class), { deep: plant('list[].deep', field.class) }];
      if (round.encoding === 'clear') members[planting.plant(round, field.class, place, at('(name)'))] = true;
    }
  }
  if (Object.keys(members).length === 0) return undefined;
  if (round.encoding === 'escaped') return unicode(members);
  const text = JSON.stringify(members);
  return round.encoding === 'cut' ? text.slice(0, -2) : text;
}

/** JSON with every character of its texts, names too, as an escape. */
function unicode(members: unknown): string {
  return JSON.stringify(members).replace(
    /"(?:[^"\\]|\\.)*"/g,
    (quoted) => `"${escaped(JSON.parse(quoted) as string)}"`,
  );
}
