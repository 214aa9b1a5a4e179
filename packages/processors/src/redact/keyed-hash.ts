import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from '@otelier/core';

/** One key of {@link hash}. Give exactly one of `value`, `env` and `file`. */
export interface HashKey {
  /** Stands in every hash, so that one can tell by which key it was made: 1 to 16 letters, digits, `_` or `-`. */
  readonly id: string;
  /** The key itself, at least 32 bytes; a string counts as its UTF-8. */
  readonly value?: string | Uint8Array;
  /** Name of the environment variable that holds the key. */
  readonly env?: string;
  /** File that holds the key; a line end at its end does not belong to it. */
  readonly file?: string;
  /** From when on it is used; default always. */
  readonly from?: Date | string;
}

/** Options of {@link hash}. */
export interface HashOptions {
  /** Of several keys the one with the latest `from` that has passed is used, so that the next key can be set out beforehand. */
  readonly keys: readonly HashKey[];
}

/** An action that replaces a text by its HMAC-SHA-256 under a key: equal texts stay equal, and nobody without the key can guess them. */
export interface HashAction {
  readonly kind: 'hash';
  /** `hmac:<key id>:<128 bits in hex>`, by the key that is in force at `now`, in milliseconds since 1970. */
  of(text: string, now: number): string;
  /** True for what {@link of} makes: hashing that again would only lose the join with others. */
  made(text: string): boolean;
}

const MAX_REMEMBERED = 4096;

/**
 * Replaces a text by a keyed hash, HMAC-SHA-256 cut to 128 bits: `hmac:2026a:9f0c…`.
 *
 * @throws {ConfigError} when a key is missing, shorter than 32 bytes, or none is in force from the beginning.
 */
export function hash(options: HashOptions): HashAction {
  const keys = options.keys.map(load).sort((a, b) => b.from - a.from);
  if (keys.at(-1)?.from !== Number.NEGATIVE_INFINITY)
    throw new ConfigError('hash: keys', 'one key without `from`, which is used until another is in force');
  const ids = keys.map(({ id }) => id);
  if (new Set(ids).size !== ids.length) throw new ConfigError('hash: keys', 'another id for each key');
  const made = new RegExp(`^hmac:(?:${ids.join('|')}):[0-9a-f]{32}$`);
  // Two generations instead of a list by age: what is asked for moves to the young one, and the old one goes as a whole.
  let [young, old] = [new Map<string, string>(), new Map<string, string>()];
  let current: Key | undefined;
  return {
    kind: 'hash',
    of(text, now) {
      const key = keys.find(({ from }) => from <= now)!; // the last one is always in force
      if (key !== current) {
        current = key;
        [young, old] = [new Map(), new Map()];
      }
      let hashed = young.get(text);
      if (hashed !== undefined) return hashed;
      hashed = old.get(text) ?? `hmac:${key.id}:${hmac(key.key, text)}`;
      if (text.length <= 1024) {
        if (young.size >= MAX_REMEMBERED / 2) [young, old] = [new Map(), young];
        young.set(text, hashed);
      }
      return hashed;
    },
    made: (text) => made.test(text),
  };
}

interface Key {
  readonly id: string;
  readonly key: KeyObject;
  readonly from: number;
}

function hmac(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
}

function load(given: HashKey, nth: number): Key {
  const path = `hash: keys.${nth}`;
  if (!/^[A-Za-z0-9_-]{1,16}$/.test(given.id)) throw new ConfigError(`${path}.id`, '1 to 16 letters, digits, _ or -');
  if ([given.value, given.env, given.file].filter((each) => each !== undefined).length !== 1)
    throw new ConfigError(path, 'one of value, env and file');
  const from = given.from === undefined ? Number.NEGATIVE_INFINITY : new Date(given.from).getTime();
  if (Number.isNaN(from)) throw new ConfigError(`${path}.from`, 'a date');
  const bytes = secret(given, path);
  if (bytes.length < 32) throw new ConfigError(path, `a key of at least 32 bytes, got ${bytes.length}`);
  return { id: given.id, key: createSecretKey(bytes), from };
}

function secret({ value, env, file }: HashKey, path: string): Buffer {
  if (value !== undefined) return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
  if (env !== undefined) {
    const held = process.env[env];
    if (held === undefined) throw new ConfigError(`${path}.env`, `the environment variable ${env} to be set`);
    return Buffer.from(held);
  }
  try {
    const held = readFileSync(file!); // one of three, checked above
    let end = held.length;
    while (end > 0 && (held[end - 1] === 0x0a || held[end - 1] === 0x0d)) end--;
    return held.subarray(0, end);
  } catch (cause) {
    throw new ConfigError(`${path}.file`, 'a file that can be read', { cause });
  }
}
