import { type BaggageFault, encodeValue, unquote, valueFaultAt } from './baggage-grammar.js';
import { decodePercent, decodesPercent } from './percent.js';
import { maxAttributeLength } from './resource-attributes.js';

/** What a key or value may not hold by the grammar. `'quote'` is also a value in single quotes. */
export type InvalidFault = Exclude<BaggageFault, 'no-value' | 'too-many' | 'too-long'>;

/** What the grammar allows and hardly anybody means: a percent escape that nobody decoded, over 255 characters, a shell variable by its name. */
export type SuspiciousFault = 'escape' | 'too-long' | 'unexpanded';

/** What may be wrong with an attribute that is there. */
export type AttributeFault = InvalidFault | SuspiciousFault;

/** In the order in which they are told. */
export const invalidFaults: readonly InvalidFault[] = [
  'empty',
  'quote',
  'space',
  'comma',
  'semicolon',
  'backslash',
  'delimiter',
  'control',
  'non-ascii',
  'percent',
];
export const suspiciousFaults: readonly SuspiciousFault[] = ['escape', 'too-long', 'unexpanded'];

/** What may be wrong with a resource attribute: see the table in the README. */
export type ResourceFault = AttributeFault | 'missing';

/** One thing that is wrong with a value. */
export interface ValueFault {
  readonly fault: AttributeFault;
  /** Where it probably comes from, in words. */
  readonly cause?: string;
  /** A client that reads by the strict grammar would not have copied such a value, unless it was percent-encoded. */
  readonly disprovable: boolean;
}

const none: readonly ValueFault[] = [];

const causes: Readonly<Partial<Record<AttributeFault, string>>> = {
  space: 'it was not percent-encoded',
  'non-ascii': 'it was not percent-encoded',
  escape: 'it was encoded twice, or by a client that does not decode',
  'too-long': 'many SDKs drop such a pair, or all of them',
  unexpanded: 'the text stood in single quotes or in a file that no shell reads',
};

/** Everything that is wrong with a value as it arrived, each kind once. */
export function valueFaults(value: string): readonly ValueFault[] {
  let found: Set<AttributeFault> | undefined;
  let isEncoded = false;
  for (let i = 0; i < value.length; i++) {
    const fault = valueFaultAt(value, i);
    // Of the faults of baggage, only those of single characters can be met here.
    if (fault !== undefined) (found ??= new Set()).add(fault as AttributeFault);
    else if (value.charCodeAt(i) === 0x25) isEncoded = true;
  }
  const isQuoted = unquote(value) !== value;
  const inSingleQuotes = isQuoted && value.startsWith("'");
  if (inSingleQuotes) (found ??= new Set()).add('quote');
  if (isEncoded && found?.has('percent') !== true) (found ??= new Set()).add('escape');
  if (value.length > maxAttributeLength && decodedLength(value) > maxAttributeLength)
    (found ??= new Set()).add('too-long');
  if (value.includes('$') && /\$(?:[A-Za-z_]|\{[A-Za-z_]|\()/.test(value)) (found ??= new Set()).add('unexpanded');
  if (found === undefined) return none;
  return [...invalidFaults, ...suspiciousFaults]
    .filter((fault) => found.has(fault))
    .map((fault): ValueFault => {
      const cause = fault === 'quote' ? quoteCause(value, isQuoted) : causes[fault];
      const disprovable = fault === 'quote' ? !inSingleQuotes : (invalidFaults as readonly string[]).includes(fault);
      return { fault, disprovable, ...(cause === undefined ? {} : { cause }) };
    });
}

/**
 * A value without those of its faults that `repairs` names: quotes around it come off, percent escapes are decoded, what may not stand
 * in a value is percent-encoded. What is repaired once stays as it is.
 */
export function repairValue(value: string, repairs: (fault: AttributeFault) => boolean): string {
  let repaired = value;
  for (let before: string | undefined; before !== repaired; ) {
    before = repaired;
    if (repairs('quote')) repaired = unquote(repaired);
    if (repairs('escape')) repaired = decoded(repaired);
  }
  for (let i = 0; i < repaired.length; i++) {
    const fault = valueFaultAt(repaired, i);
    if (fault !== undefined && repairs(fault as AttributeFault)) return encodeValue(repaired);
  }
  return repaired;
}

function quoteCause(value: string, isQuoted: boolean): string | undefined {
  if (isQuoted) return 'quotes around a value are part of it';
  const isTorn = value.startsWith('"') || value.endsWith('"');
  return isTorn ? 'a shell or client split the text inside quotes' : undefined;
}

/** Percent-decoded, when that makes sense of all of it. */
function decoded(value: string): string {
  if (!value.includes('%') || !decodesPercent(value)) return value;
  const text = decodePercent(value);
  return text.includes('\ufffd') ? value : text;
}

function decodedLength(value: string): number {
  return decoded(value).length;
}
