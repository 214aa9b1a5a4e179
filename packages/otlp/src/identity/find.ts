import { skip } from '../wire/varint.js';

/** Position behind the one-byte tag of the last field `tag` in [p, end), or -1. */
export function find(b: Uint8Array, p: number, end: number, tag: number): number {
  let hit = -1;
  while (p < end) {
    const t = b[p++]!;
    if (t === tag) hit = p;
    p = skip(b, p, t);
  }
  return hit;
}
