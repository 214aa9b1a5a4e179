import { OtlpError } from '../wire/error.js';

/** A JSON object nobody has checked yet. */
export interface Unchecked {
  readonly [name: string]: unknown;
}

/** The text's top-level object; `label` names the message in the error. An empty text is an empty message. */
export function parseObject(bytes: Uint8Array, label: string): Unchecked {
  if (bytes.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new OtlpError('not-json', `malformed ${label}: expected JSON`, 0);
  }
  const object = asObject(value);
  if (object === undefined) throw new OtlpError('not-json', `malformed ${label}: expected a JSON object`, 0);
  return object;
}

export function asObject(value: unknown): Unchecked | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Unchecked) : undefined; // what is in it stays unknown
}

/** A number or its decimal string, 0 when absent. */
export function asInteger(value: unknown, label: string): number {
  if (value === undefined || value === null) return 0;
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number)) return number;
  throw new OtlpError('malformed', `${label}: expected an integer`, 0);
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
