import { text } from './text.js';
import { after, putVarint, varint, width } from './varint.js';

/** An attribute name together with its bytes on the wire. Made by {@link key}. */
export class Key {
  declare readonly name: string;
  /** The `key` field of a KeyValue: tag, length, UTF-8. @internal */
  declare readonly wire: Uint8Array;
  /** Bytes in `wire`. @internal */
  declare readonly size: number;
  /** First byte of the length: with `last`, tells nearly all names apart. @internal */
  declare readonly head: number;
  /** Last byte of `wire`. @internal */
  declare readonly last: number;

  /** @internal */
  constructor(name: string) {
    const n = Buffer.byteLength(name);
    const wire = new Uint8Array(1 + width(n) + n);
    wire[0] = 0x0a;
    wire.set(Buffer.from(name), putVarint(wire, 1, n));
    this.name = name;
    this.wire = wire;
    this.size = wire.length;
    this.head = wire[1]!;
    this.last = wire[wire.length - 1]!;
  }

  /** True when the KeyValue whose payload is [p, end) has this name. @internal */
  matches(b: Uint8Array, p: number, end: number): boolean {
    if (this.size === 2) return p >= end || b[p] !== 0x0a || b[p + 1] === 0;
    const size = this.size;
    if (b[p + 1] !== this.head || b[p + size - 1] !== this.last || b[p] !== 0x0a) return false;
    const wire = this.wire;
    for (let i = 2; i < size; i++) if (b[p + i] !== wire[i]) return false;
    return true;
  }
}

const known = new Map<string, Key>();
const frequent: (Key | undefined)[] = new Array(256).fill(undefined);

/** The {@link Key} of a name. Plain strings are accepted everywhere; a Key kept in a constant saves a Map look-up per use. */
export function key(name: string): Key {
  const n = name.length;
  // Code asks for the same few names again and again: a slot apiece is quicker than a Map look-up.
  const slot = (n * 5 + name.charCodeAt(n >> 1)) & 255;
  const last = frequent[slot];
  return last !== undefined && last.name === name ? last : keyOf(name, slot);
}

function keyOf(name: string, slot: number): Key {
  let k = known.get(name);
  if (k === undefined) {
    k = new Key(name);
    if (known.size < 8192) known.set(name, k);
  }
  frequent[slot] = k;
  return k;
}

/** Several attribute names that are tested in one scan; or, made by {@link KeySet.allBut}, all names but those. */
export class KeySet {
  /** The names that were given. */
  readonly names: readonly string[];
  /** True when the set holds every name that was not given. */
  readonly inverted: boolean;
  /** One bit for each first length byte among the names, modulo 32: rules most other names out. @internal */
  readonly heads: number;
  private readonly slots: (Key[] | undefined)[];

  constructor(names: Iterable<string>, inverted = false) {
    this.names = [...new Set(names)];
    this.inverted = inverted;
    this.slots = new Array(64).fill(undefined);
    let heads = 0;
    for (const name of this.names) {
      const k = key(name);
      heads |= 1 << (k.head & 31);
      (this.slots[slot(k.head, k.last)] ??= []).push(k);
    }
    // An attribute without a key has no length byte of its own.
    this.heads = inverted || this.names.includes('') ? -1 : heads;
  }

  /** The set of every name but these: what an allow-list leaves out. */
  static allBut(names: Iterable<string>): KeySet {
    return new KeySet(names, true);
  }

  has(name: string): boolean {
    return this.names.includes(name) !== this.inverted;
  }

  /** True when the name of the KeyValue whose payload is [p, end) is in the set. @internal */
  matches(b: Uint8Array, p: number, end: number): boolean {
    let head = 0;
    let last = 0;
    if (p < end && b[p] === 0x0a) {
      head = b[p + 1]!;
      if (head < 128) last = b[p + 1 + head]!;
      else {
        const n = varint(b, p + 1);
        last = b[after + n - 1]!;
      }
    }
    const keys = this.slots[slot(head, last)];
    const { inverted } = this;
    if (keys === undefined) return inverted;
    for (let i = 0; i < keys.length; i++) if (keys[i]!.matches(b, p, end)) return !inverted;
    return inverted;
  }
}

/** `keySet('session.id', 'user.email')`. */
export function keySet(...names: string[]): KeySet {
  return new KeySet(names);
}

function slot(head: number, last: number): number {
  return (head * 7 + last) & 63;
}

const recent: (Key | undefined)[] = new Array(512).fill(undefined);

/** Decodes the name at [p, p + n) through a small cache that compares bytes: telemetry repeats a few dozen names for ever. */
export function keyText(b: Uint8Array, p: number, n: number): string {
  if (n === 0) return '';
  if (n > 63) return text(b, p, p + n);
  const at = (n * 37 + b[p]! * 11 + b[p + n - 1]! * 5 + b[p + (n >> 1)]!) & 511;
  const k = recent[at];
  if (k !== undefined && k.size === n + 2) {
    const wire = k.wire;
    let i = 0;
    while (i < n && b[p + i] === wire[i + 2]) i++;
    if (i === n) return k.name;
  }
  const name = text(b, p, p + n);
  const fresh = new Key(name);
  // A name that is not valid UTF-8 decodes to other bytes: never cached.
  if (fresh.size === n + 2 && fresh.matches(withTag(b, p, n), 0, n + 2)) recent[at] = fresh;
  return name;
}

function withTag(b: Uint8Array, p: number, n: number): Uint8Array {
  const out = new Uint8Array(n + 2);
  out[0] = 0x0a;
  out[1] = n;
  out.set(b.subarray(p, p + n), 2);
  return out;
}
