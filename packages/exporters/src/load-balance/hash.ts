import type { AnyValue, Attributes } from '@otelier/otlp';

/**
 * 32-bit FNV-1a of a text, by UTF-16 units. It has no seed of its process: every collector in front of the same targets must choose alike.
 */
export function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** Spreads a change of any bit over all bits, and no two values to the same one (MurmurHash3's finaliser). */
export function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A hash of attributes that their order does not change. Of a name that is sent twice the first value counts. */
export function attributesHash(attributes: Attributes): number {
  let sum = 0;
  const values = attributes.toObject();
  for (const name of Object.keys(values)) sum = (sum + mix(textHash(`${name}\0${canonical(values[name])}`))) | 0;
  return sum;
}

/** A value as text: equal values have the same. */
export function canonical(value: AnyValue): string {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object') return `${typeof value === 'string' ? 'text' : 'plain'} ${String(value)}`;
  const entries = Object.entries(value).map(([name, inner]) => `${name}\0${canonical(inner as AnyValue)}`);
  return `{${entries.toSorted().join()}}`;
}
