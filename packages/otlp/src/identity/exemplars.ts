import type { DataPoint } from '../metrics/data-point.js';
import type { View } from '../view/view.js';
import type { KeySet } from '../wire/key.js';
import { after, putVarint, skip, varint, width } from '../wire/varint.js';

/**
 * Appends up to `most` exemplars of one point to another of the same type and batch, without the filtered attributes named in
 * `without`. Returns how many.
 */
export function copyExemplars(from: DataPoint, to: DataPoint, most: number, without?: KeySet): number {
  // Every data point is a View; the interfaces that users see do not show its bytes.
  const source = from as unknown as View;
  const target = to as unknown as View;
  const tag = source.shape.exemplars;
  const b = source.bytes;
  let copied = 0;
  for (let p = source.start; p < source.end && copied < most; ) {
    const t = b[p]!;
    const next = skip(b, p + 1, t);
    if (t === tag && tag !== 0) {
      varint(b, p + 1);
      append(target, tag, b, after, next, without);
      copied++;
    }
    p = next;
  }
  return copied;
}

function append(target: View, tag: number, b: Buffer, start: number, end: number, without: KeySet | undefined): void {
  const log = target.root.edit(target);
  const kept: number[] = [];
  let size = 0;
  for (let p = start; p < end; ) {
    const t = b[p]!;
    const next = skip(b, p + 1, t);
    if (t === 0x3a) varint(b, p + 1);
    if (t !== 0x3a || without === undefined || !without.matches(b, after, next)) {
      kept.push(p, next);
      size += next - p;
    }
    p = next;
  }
  const total = 1 + width(size) + size;
  const at = log.room(total);
  log.inserted[at] = tag;
  let w = putVarint(log.inserted, at + 1, size);
  for (let i = 0; i < kept.length; i += 2) w += b.copy(log.inserted, w, kept[i], kept[i + 1]);
  log.used += total;
  log.add(target, target.end, target.end, at, total);
}
