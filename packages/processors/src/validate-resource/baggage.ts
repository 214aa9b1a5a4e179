import { type BaggageFault, checkKey, checkValue } from './baggage-grammar.js';
import { decodePercent } from './percent.js';

/** One `key=value;property` of a baggage text. */
export interface BaggageMember {
  readonly key: string;
  /** Percent-decoded; what is not UTF-8 became U+FFFD. */
  readonly value: string;
  /** In order; a flag has no value. */
  readonly properties: readonly { readonly key: string; readonly value?: string }[];
}

/** A mistake in a baggage text; tells where, never what stood there. */
export interface BaggageMistake {
  readonly fault: BaggageFault;
  /** Position of the member, from 0; -1 for the text as a whole. */
  readonly member: number;
  /** Key of the member, when that much could be read. */
  readonly key?: string;
}

/** What a baggage text says, member by member, and every mistake in it. Faulty members are left out. */
export interface Baggage {
  readonly members: readonly BaggageMember[];
  readonly mistakes: readonly BaggageMistake[];
}

const maxMembers = 64;
const maxBytes = 8192;

/** Reads a W3C `baggage` text, such as the value of OTEL_RESOURCE_ATTRIBUTES. Never throws. */
export function parseBaggage(text: string): Baggage {
  const members: BaggageMember[] = [];
  const mistakes: BaggageMistake[] = [];
  const parts = text.split(',');
  if (parts.length > maxMembers) mistakes.push({ fault: 'too-many', member: -1 });
  if (Buffer.byteLength(text) > maxBytes) mistakes.push({ fault: 'too-long', member: -1 });
  parts.forEach((part, member) => {
    const read = parseMember(part);
    if (typeof read === 'object' && 'value' in read) members.push(read);
    else mistakes.push({ ...read, member });
  });
  return { members, mistakes };
}

/** The mistakes in a baggage text; empty when it is valid. */
export function checkBaggage(text: string): readonly BaggageMistake[] {
  return parseBaggage(text).mistakes;
}

function parseMember(text: string): BaggageMember | { fault: BaggageFault; key?: string } {
  const [pair = '', ...rest] = text.split(';');
  const read = parsePair(pair);
  if ('fault' in read) return read;
  if (read.value === undefined) return { fault: 'no-value', key: read.key };
  const properties: { key: string; value?: string }[] = [];
  for (const each of rest) {
    const property = parsePair(each);
    if ('fault' in property) return { fault: property.fault, key: read.key };
    properties.push(property);
  }
  return { key: read.key, value: read.value, properties };
}

function parsePair(text: string): { key: string; value?: string } | { fault: BaggageFault; key?: string } {
  const equals = text.indexOf('=');
  const key = trim(equals < 0 ? text : text.slice(0, equals));
  const badKey = checkKey(key);
  if (badKey !== undefined) return { fault: badKey };
  if (equals < 0) return { key };
  const raw = trim(text.slice(equals + 1));
  const badValue = checkValue(raw);
  return badValue === undefined ? { key, value: decodePercent(raw) } : { fault: badValue, key };
}

/** Takes off blanks and tabs, and only those. */
function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}
