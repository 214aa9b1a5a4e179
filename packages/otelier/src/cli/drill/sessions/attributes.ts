import type { AnyValue } from '@otelier/otlp';
import type { FieldDefinition, Fields } from '@otelier/processors';
import type { Labels } from '../labels.js';
import type { Place, Planting, Round } from '../planting.js';
import { payload } from './payload.js';
import { sample } from './samples.js';

/** Who makes a session: where canaries come from and where labels are noted. */
export interface Author {
  readonly planting: Planting;
  readonly labels: Labels;
}

/** A record of a round: `genuine` has labels as the client sends them and canaries in all other fields, `hostile` has them in the labels. */
export interface Row {
  readonly round: Round;
  readonly form: 'genuine' | 'hostile';
}

/** Attributes that can be added to. */
export type Bag = Record<string, AnyValue>;

/** A field that no catalogue has. */
export const unknownField = 'acme.note';

/** The attributes of one record: each field of the place with what belongs into it, and one field that nobody knows. */
export function attributes(fields: Fields, place: Place, row: Row, author: Author): Bag {
  const { round, form } = row;
  const { planting, labels } = author;
  const bag: Bag = {};
  const pairs: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (field.type === 'json') {
      const text = payload(name, field, place, row, author);
      if (text !== undefined) bag[name] = text;
    } else if (field.class === 'label' && (form === 'genuine' || name === 'event.name')) {
      bag[name] = name === 'event.name' ? place.item : sample(name, field);
      labels.expect(place, name, bag[name]);
    } else if ((field.class === 'label') === (form === 'hostile') && planting.belongs(round, field.class)) {
      if (round.encoding === 'split') pairs.push(name);
      else bag[name] = whole(name, field, place, row, author);
    }
  }
  split(pairs, fields, bag, place, row, author);
  if (form === 'genuine' && planting.belongs(round, 'unknown'))
    bag[unknownField] = planting.plant(round, 'unknown', place, unknownField);
  return bag;
}

function whole(name: string, field: FieldDefinition, place: Place, { round }: Row, { planting }: Author): AnyValue {
  const text = planting.plant(round, field.class, place, name);
  return field.type === 'array' ? ['first', text] : text;
}

/** Halves stand in two neighbouring fields, or in two elements where a field is a list or is left over. */
function split(names: string[], fields: Fields, bag: Bag, place: Place, { round }: Row, { planting }: Author): void {
  let waiting: string | undefined;
  for (const name of names) {
    if (fields[name]?.type === 'array') {
      bag[name] = [...planting.halves(round, place, name)];
    } else if (waiting === undefined) {
      waiting = name;
    } else {
      [bag[waiting], bag[name]] = planting.halves(round, place, `${waiting} and ${name}`);
      waiting = undefined;
    }
  }
  if (waiting !== undefined) bag[waiting] = [...planting.halves(round, place, waiting)];
}
