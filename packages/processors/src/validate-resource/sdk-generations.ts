/**
 * What each generation of OpenTelemetry SDKs makes of OTEL_RESOURCE_ATTRIBUTES. They differ since the specification moved from the
 * values of W3C Baggage to its own rule: https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
 */
import { decodePercent, decodesPercent } from './percent.js';

/** A generation of SDKs that reads OTEL_RESOURCE_ATTRIBUTES in its own way: see {@link sdkGenerations}. */
export type SdkGeneration = 'js-1' | 'js-2.6' | 'js-2.9' | 'go' | 'claude-code-2.1.330';

/** What an SDK would send for a text of OTEL_RESOURCE_ATTRIBUTES. */
export interface SdkReading {
  /** The attributes that reach the resource. */
  readonly attributes: ReadonlyMap<string, string>;
  /** The copies of them on every metric point and event, for a client whose copies differ from its resource. */
  readonly copies?: ReadonlyMap<string, string>;
  /** The whole variable was dropped for one mistake in it. */
  readonly lost: boolean;
  /** What was dropped or changed and why, with position and key, never with a value. Clients print none of it. */
  readonly mistakes: readonly string[];
}

/** The generations that {@link simulateSdk} knows, oldest first. */
export const sdkGenerations: readonly {
  readonly id: SdkGeneration;
  readonly title: string;
  readonly clients: string;
}[] = [
  { id: 'js-1', title: 'OpenTelemetry JavaScript up to 2.5', clients: 'Claude Code up to 2.1.250' },
  { id: 'js-2.6', title: 'OpenTelemetry JavaScript 2.6', clients: 'your own Node.js services' },
  { id: 'js-2.9', title: 'OpenTelemetry JavaScript 2.7 and newer', clients: 'your own Node.js services' },
  { id: 'go', title: 'OpenTelemetry Go', clients: 'services and collectors written in Go' },
  { id: 'claude-code-2.1.330', title: 'reader of its own, pair by pair', clients: 'Claude Code 2.1.330 and newer' },
];

/** The generation that a version of Claude Code (`service.version`) is of; undefined for one between those that were examined. */
export function generationOfClaudeCode(version: string): SdkGeneration | undefined {
  const parts = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (parts === null) return undefined;
  const [major, minor, patch] = parts.slice(1).map(Number) as [number, number, number];
  const order = (major * 1000 + minor) * 100_000 + patch;
  if (order <= 2_001_00250) return 'js-1';
  return order >= 2_001_00330 ? 'claude-code-2.1.330' : undefined;
}

/** What this SDK generation would send for the text: attributes, and what it lost or changed. Never throws. */
export function simulateSdk(text: string, generation: SdkGeneration): SdkReading {
  return readers[generation](text);
}

const readers: Readonly<Record<SdkGeneration, (text: string) => SdkReading>> = {
  'js-1': (text) => readWhole(text.split(','), strictPair),
  // Nothing but blanks counts as not set.
  'js-2.6': (text) => readWhole(text.trim() === '' ? [] : text.split(','), decodedPair),
  'js-2.9': (text) => readWhole(text.split(','), (pair) => (pair.trim() === '' ? 'skip' : decodedPair(pair))),
  go: readGo,
  'claude-code-2.1.330': readClaudeCode,
};

const maxLength = 255;

/** What a reader made of one pair: key and value; a mistake for which the pair alone goes, or for which everything does. */
type PairReading =
  | 'skip'
  | { readonly key: string; readonly value: string; readonly changed?: string }
  | { readonly skipped: string }
  | { readonly fatal: string };

function readWhole(pairs: readonly string[], read: (pair: string) => PairReading): SdkReading {
  const attributes = new Map<string, string>();
  const mistakes: string[] = [];
  for (const [at, pair] of pairs.entries()) {
    const reading = read(pair);
    if (reading === 'skip') continue;
    if ('fatal' in reading) {
      mistakes.push(`${place(at, pair)} ${reading.fatal}: all attributes are dropped`);
      return { attributes: new Map(), lost: true, mistakes };
    }
    take(attributes, mistakes, reading, at, pair);
  }
  return { attributes, lost: false, mistakes };
}

function take(
  attributes: Map<string, string>,
  mistakes: string[],
  reading: Exclude<PairReading, 'skip' | { fatal: string }>,
  at: number,
  pair: string,
): void {
  if ('skipped' in reading) mistakes.push(`${place(at, pair)} ${reading.skipped}: it is dropped`);
  // Assigned to an object in JavaScript, this name sets nothing.
  else if (reading.key === '__proto__')
    mistakes.push(`${place(at, pair)} has a name that cannot be kept: it is dropped`);
  else {
    if (reading.changed !== undefined) mistakes.push(`${place(at, pair)} ${reading.changed}`);
    attributes.set(reading.key, reading.value);
  }
}

/** Before 2.6: the values of W3C Baggage, keys as they stand. */
function strictPair(pair: string): PairReading {
  const parts = pair.split('=');
  if (parts.length !== 2) return { skipped: parts.length < 2 ? 'has no "="' : 'has a second "="' };
  const key = parts[0]!.trim();
  const quoted = parts[1]!.trim();
  const value = quoted.replace(/^"|"$/g, '');
  if (key === '') return { fatal: 'has no key' };
  if (key.length > maxLength) return { fatal: `has a key over ${maxLength} characters` };
  const inKey = notOctet(key);
  if (inKey !== undefined) return { fatal: `has ${inKey} in its key` };
  if (value.length > maxLength) return { fatal: `has a value over ${maxLength} characters` };
  const inValue = notOctet(value);
  if (inValue !== undefined) return { fatal: `has ${inValue} in its value` };
  const decoded = decodeValue(value);
  if (decoded === undefined) return { fatal: 'has a percent sign that encodes nothing' };
  return { key, value: decoded, ...(value === quoted ? {} : { changed: 'loses the quotes around its value' }) };
}

/** Since 2.6: keys and values are decoded, everything but "," and "=" may stand in them. */
function decodedPair(pair: string): PairReading {
  const parts = pair.split('=');
  if (parts.length !== 2) return { fatal: parts.length < 2 ? 'has no "="' : 'has a second "="' };
  const rawKey = parts[0]!.trim();
  if (rawKey === '') return { fatal: 'has no key' };
  const key = decodeValue(rawKey);
  const value = decodeValue(parts[1]!.trim());
  if (key === undefined || value === undefined) return { fatal: 'has a percent sign that encodes nothing' };
  if (key.length > maxLength) return { fatal: `has a key over ${maxLength} characters` };
  if (value.length > maxLength) return { fatal: `has a value over ${maxLength} characters` };
  return { key, value };
}

function readGo(text: string): SdkReading {
  const attributes = new Map<string, string>();
  const mistakes: string[] = [];
  const all = trimGo(text);
  for (const [at, pair] of (all === '' ? [] : all.split(',')).entries()) {
    const equals = pair.indexOf('=');
    if (equals < 0) {
      mistakes.push(`${place(at, pair)} has no "=": it is dropped`);
      continue;
    }
    const key = trimGo(pair.slice(0, equals));
    const value = pair.slice(equals + 1);
    const decodable = decodesPercent(value);
    if (!decodable)
      mistakes.push(`${place(at, pair)} has a percent sign that encodes nothing: its value is kept as it stands`);
    if (key === '') mistakes.push(`${place(at, pair)} has no key: it is dropped`);
    else attributes.set(key, decodable ? decodePercent(trimGo(value)) : value);
  }
  return { attributes, lost: false, mistakes };
}

/** As captured; what was not captured (blanks in keys, encoded keys) is taken to be as in the SDK whose rule it follows. */
function readClaudeCode(text: string): SdkReading {
  const attributes = new Map<string, string>();
  const copies = new Map<string, string>();
  const mistakes: string[] = [];
  for (const [at, pair] of text.split(',').entries()) {
    if (pair.trim() === '') continue;
    const reading = decodedPair(pair) as Exclude<PairReading, 'skip'>;
    if ('fatal' in reading) {
      mistakes.push(`${place(at, pair)} ${reading.fatal}: it is dropped`);
      continue;
    }
    take(attributes, mistakes, reading, at, pair);
    const copy = strictPair(pair) as Exclude<PairReading, 'skip'>;
    if ('fatal' in copy)
      mistakes.push(`${place(at, pair)} ${copy.fatal}: it is on the resource, not on points and events`);
    else if ('key' in copy) {
      if (copy.changed !== undefined) mistakes.push(`${place(at, pair)} ${copy.changed} on points and events`);
      copies.set(copy.key, copy.value);
    }
  }
  return { attributes, copies, lost: false, mistakes };
}

/** Position and key of a pair. Text without "=" is not told: it may be the rest of a value with a comma in it. */
function place(at: number, pair: string): string {
  const equals = pair.indexOf('=');
  const key = equals < 0 ? '' : pair.slice(0, equals).trim();
  return key === ''
    ? `pair ${at + 1}`
    : `pair ${at + 1} (${JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key)})`;
}

/** The first character that older JavaScript SDKs do not take, in words. They let double quotes pass. */
function notOctet(text: string): string | undefined {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 0x7e) return c === 0x7f ? 'a control character' : 'a character outside ASCII';
    if (c < 0x20 && c !== 0x09) return 'a control character';
    if (c === 0x20 || c === 0x09) return 'a blank';
    if (c === 0x3b) return 'a semicolon';
    if (c === 0x5c) return 'a backslash';
  }
  return undefined;
}

/** Percent-decodes as JavaScript does: undefined when anything is not UTF-8 encoded so. */
function decodeValue(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Go trims Unicode's white space, which is not quite JavaScript's. */
function trimGo(text: string): string {
  return text.replace(/^[\t-\r \u0085\u00a0\p{Z}]+|[\t-\r \u0085\u00a0\p{Z}]+$/gu, '');
}
