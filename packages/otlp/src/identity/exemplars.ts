import type { DataPoint } from '../metrics/data-point.js';
import type { View } from '../view/view.js';
import { KeySet } from '../wire/key.js';
import { entryName, payload } from '../wire/read-value.js';
import { after, putVarint, skip, varint, width } from '../wire/varint.js';

/** filtered_attributes of an Exemplar. */
const FILTERED = 0x3a;

/** Attributes of a data point on their way into its exemplars, made by {@link attributesForExemplars}. */
export interface AttributesForExemplars {
  readonly names: KeySet;
  /** As filtered_attributes of an exemplar. */
  readonly wire: Buffer;
}

/** The attributes of `point` whose names are in `names`, as exemplars may keep them; undefined when it has none. */
export function attributesForExemplars(point: DataPoint, names: KeySet): AttributesForExemplars | undefined {
  // Every data point is a View; the interfaces that users see do not show its bytes.
  const view = point as unknown as View;
  const b = view.bytes;
  const tag = view.shape.attributes;
  const parts: Buffer[] = [];
  const found = new Set<string>();
  for (let p = view.start; p < view.end; ) {
    const next = skip(b, p + 1, b[p]!);
    if (b[p] === tag) {
      const start = payload(b, p + 1);
      const name = names.matches(b, start, next) ? entryName(b, start, next) : undefined;
      if (name !== undefined && !found.has(name)) {
        found.add(name);
        const part = Buffer.from(b.subarray(p, next));
        part[0] = FILTERED;
        parts.push(part);
      }
    }
    p = next;
  }
  return parts.length === 0 ? undefined : { names: new KeySet(found), wire: Buffer.concat(parts) };
}

/** Adds attributes to the filtered attributes of every exemplar of `point`; those of the same names are replaced. */
export function addToExemplars(point: DataPoint, adding: AttributesForExemplars): void {
  for (const exemplar of point.exemplars) {
    exemplar.filteredAttributes.delete(adding.names);
    const view = exemplar as unknown as View;
    const log = view.root.edit(view);
    const size = adding.wire.length;
    const at = log.room(size);
    adding.wire.copy(log.inserted, at);
    log.used += size;
    log.add(view, view.end, view.end, at, size);
  }
}

/**
 * Appends up to `most` exemplars of one point to another of the same type and batch, without the filtered attributes named in
 * `without` and with those of `adding`. Returns how many.
 */
export function copyExemplars(
  from: DataPoint,
  to: DataPoint,
  most: number,
  without?: KeySet,
  adding?: AttributesForExemplars,
): number {
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
      append(target, tag, b, after, next, without, adding?.wire);
      copied++;
    }
    p = next;
  }
  return copied;
}

function append(
  target: View,
  tag: number,
  b: Buffer,
  start: number,
  end: number,
  without: KeySet | undefined,
  adding: Buffer | undefined,
): void {
  const log = target.root.edit(target);
  const kept: number[] = [];
  let size = adding?.length ?? 0;
  for (let p = start; p < end; ) {
    const t = b[p]!;
    const next = skip(b, p + 1, t);
    if (t === FILTERED) varint(b, p + 1);
    if (t !== FILTERED || without === undefined || !without.matches(b, after, next)) {
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
  if (adding !== undefined) adding.copy(log.inserted, w);
  log.used += total;
  log.add(target, target.end, target.end, at, total);
}
