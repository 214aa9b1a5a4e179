import { kindOf, messages, requestKind } from '../../packages/otlp/src/schema/schema.js';
import { makeMessage } from '../../packages/otlp/test/odd-messages.js';
import { splice } from './mutate.js';
import type { Random } from './random.js';

type SignalName = keyof typeof requestKind;

/** A field of a protobuf message, and where it stands. */
interface Place {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly number: number;
  readonly wireType: number;
}

/** An edit of a whole field somewhere inside, after which every length around it still fits: mutants that get past the framing. */
export function mutateFields(signal: SignalName, input: Buffer, random: Random): Buffer {
  return within(requestKind[signal], input, random, 0) ?? input;
}

function within(kind: number, bytes: Buffer, random: Random, depth: number): Buffer | undefined {
  const places = fieldsOf(bytes);
  if (places === undefined) return undefined;
  const place = random.pick(places);
  if (place !== undefined && place.wireType === 2 && depth < 20 && random.below(5) > 0) {
    const field = messages[kind]?.fields.find(({ number }) => number === place.number);
    if (field?.type === 'message') {
      const inside = within(kindOf(field.message), bytes.subarray(place.from, place.to), random, depth + 1);
      return inside === undefined ? undefined : splice(bytes, place.at, place.to, delimited(place.number, inside));
    }
  }
  return place === undefined ? generated(kind, random) : editField(kind, bytes, place, random);
}

function editField(kind: number, bytes: Buffer, place: Place, random: Random): Buffer {
  const whole = bytes.subarray(place.at, place.to);
  switch (random.below(6)) {
    case 0:
      return splice(bytes, place.at, place.to, Buffer.alloc(0));
    case 1:
      return splice(bytes, place.at, place.at, whole);
    case 2:
      return Buffer.concat([bytes, whole]);
    case 3:
      return splice(bytes, place.at, place.at, generated(kind, random));
    case 4: {
      const number = messages[kind]?.fields[random.below(messages[kind]?.fields.length ?? 0)]?.number ?? 100;
      const tag = varint(number * 8 + place.wireType);
      return splice(bytes, place.at, place.at + varint(place.number * 8).length, tag);
    }
    default: {
      if (place.wireType !== 2) return splice(bytes, place.from, place.to, varint(random.bits()));
      const length = random.below(40);
      const value = Buffer.from(Array.from({ length }, () => random.bits() & 255));
      return splice(bytes, place.at, place.to, delimited(place.number, value));
    }
  }
}

const generated = (kind: number, random: Random): Buffer => makeMessage(kind, () => random.share(), 0.1, 5);

/** The fields at this level, or undefined when the framing is broken. */
function fieldsOf(bytes: Buffer): Place[] | undefined {
  const places: Place[] = [];
  let p = 0;
  const read = (): number => {
    let value = 0;
    for (let shift = 0; p < bytes.length && shift < 35; shift += 7) {
      const byte = bytes[p++] as number;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    p = bytes.length + 1;
    return 0;
  };
  while (p < bytes.length) {
    const at = p;
    const tag = read();
    const wireType = tag & 7;
    let from = p;
    if (wireType === 0) read();
    else if (wireType === 1) p += 8;
    else if (wireType === 5) p += 4;
    else if (wireType === 2) {
      const length = read();
      from = p;
      p += length;
    } else return undefined;
    if (p > bytes.length) return undefined;
    places.push({ at, from, to: p, number: Math.floor(tag / 8), wireType });
  }
  return places;
}

function delimited(number: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(value.length), value]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
