/**
 * The text of OTEL_RESOURCE_ATTRIBUTES. It looks like W3C Baggage and is not: no properties, "=" only once in a pair, a limit per
 * value, and since 2025 keys that are percent-decoded:
 * https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
 */
import { ConfigError } from '@otelier/core';
import { type BaggageFault, encodeLiteral, keyFaultAt, valueFaultAt } from './baggage-grammar.js';
import { decodePercent, isEncoded } from './percent.js';

/**
 * Which words of the specification a text is held to.
 *
 * - `'baggage'`, the older ones: values are W3C Baggage octets, keys are tokens that stand as they are
 * - `'percent'`, the newer ones: anything may stand in keys and values but `,` and `=`, and both are percent-decoded
 * - `'any'`: valid under both and the same under both, so that every SDK generation reads it alike
 */
export type ResourceAttributesSpec = 'any' | 'baggage' | 'percent';

/** A mistake in a text of OTEL_RESOURCE_ATTRIBUTES; tells where and what was expected, never what stood there. */
export interface ResourceAttributesMistake {
  readonly fault: BaggageFault;
  /** Position of the pair, from 0. */
  readonly pair: number;
  /** Position of the character in the text, from 0. */
  readonly at: number;
  readonly part: 'pair' | 'key' | 'value';
  /** The key, when there is one and the mistake is not in it. */
  readonly key?: string;
  /** In words: `pair 2, character 9: expected no blank in the value of "org.name" (write %20)`. */
  readonly message: string;
}

/** What a text of OTEL_RESOURCE_ATTRIBUTES says. */
export interface ResourceAttributesText {
  /** The pairs without a mistake; of a key that is there twice the last one. An SDK should drop all of them when there is any mistake. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly mistakes: readonly ResourceAttributesMistake[];
}

/** SDKs for JavaScript take no longer keys and values, counted in UTF-16 units. */
export const maxAttributeLength = 255;

/** Reads the text of OTEL_RESOURCE_ATTRIBUTES and finds every pair that is wrong. Never throws. */
export function parseResourceAttributes(
  text: string,
  options: { readonly spec?: ResourceAttributesSpec } = {},
): ResourceAttributesText {
  const { spec = 'any' } = options;
  const attributes = new Map<string, string>();
  const mistakes: ResourceAttributesMistake[] = [];
  if (text.trim() === '') return { attributes, mistakes };
  let at = 0;
  for (const [pair, part] of text.split(',').entries()) {
    const read = readPair(part, spec);
    if ('value' in read) attributes.set(read.key, read.value);
    else {
      const { fault, offset, ...rest } = read;
      const position = at + offset;
      const message = `pair ${pair + 1}, character ${position + 1}: expected ${expectation(read)}`;
      mistakes.push({ fault, pair, at: position, ...rest, message });
    }
    at += part.length + 1;
  }
  return { attributes, mistakes };
}

/**
 * Writes the text of OTEL_RESOURCE_ATTRIBUTES, percent-encoded so that every SDK generation reads back what went in.
 *
 * With `spec: 'percent'` keys may be any text, which only generations that decode keys can read.
 *
 * @throws {ConfigError} naming the attribute that cannot be written: a key that is no token or has `%` in it, a value that is over 255
 * characters (once encoded, unless `spec` is `'percent'`), or half a surrogate pair.
 */
export function formatResourceAttributes(
  attributes: Readonly<Record<string, string>> | ReadonlyMap<string, string>,
  options: { readonly spec?: ResourceAttributesSpec } = {},
): string {
  const { spec = 'any' } = options;
  const entries = attributes instanceof Map ? [...attributes] : Object.entries(attributes);
  return entries
    .map(([key, value]: [string, string], at) => {
      const fail = (expected: string) => new ConfigError(`formatResourceAttributes: ${nameOf(key, at)}`, expected);
      if (key === '') throw fail('a key that is not empty');
      if (hasLoneSurrogate(key) || hasLoneSurrogate(value)) throw fail('well-formed Unicode');
      if (spec !== 'percent')
        for (let i = 0; i < key.length; i++)
          if (faultInKey(key, i, spec) !== undefined)
            throw fail(
              'a key of letters, digits and the other characters of a token (RFC 7230), without "%": it cannot be encoded for every SDK',
            );
      const encoded = encodeLiteral(value);
      const long = Math.max(key.length, spec === 'percent' ? value.length : encoded.length);
      if (long > maxAttributeLength)
        throw fail(`at most ${maxAttributeLength} characters${spec === 'percent' ? '' : ' once percent-encoded'}`);
      return `${spec === 'percent' ? encodeLiteral(key) : key}=${encoded}`;
    })
    .join(',');
}

type Mistake = { fault: BaggageFault; offset: number; part: 'pair' | 'key' | 'value'; key?: string };

function readPair(pair: string, spec: ResourceAttributesSpec): { key: string; value: string } | Mistake {
  const equals = pair.indexOf('=');
  const start = pair.length - pair.trimStart().length;
  if (equals < 0) return { fault: pair.trim() === '' ? 'empty' : 'no-value', offset: start, part: 'pair' };
  const key = pair.slice(0, equals).trim();
  if (key === '') return { fault: 'empty', offset: equals, part: 'key' };
  const inKey = wrong(key, (text, i) => faultInKey(text, i, spec), spec === 'percent');
  if (inKey !== undefined) return { fault: inKey.fault, offset: start + inKey.at, part: 'key' };
  const name = spec === 'percent' ? decodePercent(key) : key;
  if (name.length > maxAttributeLength) return { fault: 'too-long', offset: start, part: 'key' };
  const raw = pair.slice(equals + 1);
  const value = raw.trim();
  const from = equals + 1 + raw.length - raw.trimStart().length;
  const inValue = wrong(value, (text, i) => faultInValue(text, i, spec), true);
  if (inValue !== undefined) return { fault: inValue.fault, offset: from + inValue.at, part: 'value', key: name };
  const decoded = decodePercent(value);
  // The older readers counted before they decoded.
  if ((spec === 'percent' ? decoded : value).length > maxAttributeLength)
    return { fault: 'too-long', offset: from, part: 'value', key: name };
  return { key: name, value: decoded };
}

function wrong(
  text: string,
  faultAt: (text: string, i: number) => BaggageFault | undefined,
  isDecoded: boolean,
): { fault: BaggageFault; at: number } | undefined {
  for (let at = 0; at < text.length; at++) {
    const fault = faultAt(text, at);
    if (fault !== undefined) return { fault, at };
  }
  // Octets that are no UTF-8 have no agreed meaning: readers drop everything, keep the text or guess.
  return !isDecoded || isUtf8(text) ? undefined : { fault: 'percent', at: text.search(/%[89a-f]/i) };
}

function faultInKey(key: string, at: number, spec: ResourceAttributesSpec): BaggageFault | undefined {
  if (key[at] === '%') {
    if (spec === 'any') return 'percent';
    return spec === 'percent' && !isEncoded(key, at) ? 'percent' : undefined;
  }
  return spec === 'percent' ? undefined : keyFaultAt(key, at);
}

function faultInValue(value: string, at: number, spec: ResourceAttributesSpec): BaggageFault | undefined {
  const c = value[at];
  if (c === '=' && spec !== 'baggage') return 'delimiter';
  if (c === '%') return isEncoded(value, at) ? undefined : 'percent';
  return spec === 'percent' ? undefined : valueFaultAt(value, at);
}

/** Whether the escapes in a text, all of them complete, are UTF-8. */
function isUtf8(text: string): boolean {
  if (!text.includes('%')) return true;
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function hasLoneSurrogate(text: string): boolean {
  return /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}

const expected: Readonly<Partial<Record<BaggageFault, string>>> = {
  space: 'no blank in the $ (write %20)',
  quote: 'no double quote in the $: quotes protect nothing here (leave it out, or write %22)',
  comma: 'no comma in the $ (write %2C)',
  semicolon: 'no semicolon in the $ (write %3B)',
  backslash: 'no backslash in the $ (write %5C)',
  control: 'no control character in the $ (percent-encode it)',
  'non-ascii': 'only ASCII in the $ (percent-encode it as UTF-8)',
  'too-long': `at most ${maxAttributeLength} characters in the $`,
};

function expectation({ fault, part, key }: Mistake): string {
  if (fault === 'empty') return part === 'key' ? 'a key before "="' : 'a pair: there is a comma too many';
  if (fault === 'no-value') return 'key=value: there is no "=" (a comma inside a value is written %2C)';
  if (fault === 'delimiter')
    return part === 'key'
      ? 'only token characters (RFC 7230) in the key'
      : `one "=" in the pair of ${JSON.stringify(key)} (write %3D)`;
  const where = part === 'key' ? 'key' : `value of ${JSON.stringify(key)}`;
  if (fault === 'percent')
    return part === 'key'
      ? 'no "%" in the key, which not every SDK decodes'
      : `two hexadecimal digits of UTF-8 after "%" in the ${where} (write %25 for a percent sign)`;
  return (expected[fault] ?? 'something else in the $').replace('$', () => where);
}

function nameOf(key: string, at: number): string {
  return key === '' ? `attribute ${at + 1}` : key.length > 64 ? `${key.slice(0, 64)}…` : key;
}
