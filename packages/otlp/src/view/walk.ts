import { after, skip, varint } from '../wire/varint.js';
import type { Shape } from './shape.js';
import { stale } from './store.js';
import { View } from './view.js';

/** The messages of one repeated field: iterable, iterator and iterator result in one object, used once. */
export class Walk implements IterableIterator<View> {
  declare private readonly of: View;
  declare private readonly tag: number;
  declare readonly shape: Shape;
  declare private p: number;
  declare done: boolean;
  declare value: View;

  constructor(of: View, tag: number, shape: Shape) {
    this.of = of;
    this.tag = tag;
    this.shape = shape;
    this.p = of.start;
    this.done = false;
    this.value = of;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<View> {
    const of = this.of;
    const root = of.root;
    const b = of.bytes;
    if (b !== root.bytes) throw stale();
    const end = of.end;
    const tag = this.tag;
    let p = this.p;
    while (p < end) {
      const at = p;
      const t = b[p++]!;
      if (t !== tag) {
        p = skip(b, p, t);
        continue;
      }
      let n = b[p++]!;
      if (n > 127) {
        n = varint(b, p - 1);
        p = after;
      }
      const view = new View(root, b, at, p, p + n, of, this.shape);
      const log = root.log;
      p += n;
      if (log !== null && at <= log.lastBox && view.removed) continue;
      this.p = p;
      this.value = view;
      return this as unknown as IteratorResult<View>;
    }
    this.p = end;
    this.done = true;
    return this as unknown as IteratorResult<View>;
  }
}

/** The last message under `tag` of `of`, or null. */
export function lastChild(of: View, tag: number, shape: Shape): View | null {
  let last: View | null = null;
  const walk = new Walk(of, tag, shape);
  while (!walk.next().done) last = walk.value;
  return last;
}

/** The message under singular `tag`; one that is absent on the wire enters it once written to. */
export function child(of: View, tag: number, shape: Shape): View {
  if (of.bytes !== of.root.bytes) throw stale();
  const present = lastChild(of, tag, shape);
  if (present !== null) return present;
  const store = of.root.absentChild(of, tag);
  return new View(store, store.bytes, -1, 0, store.bytes.length, null, shape);
}

/** True when the message under singular `tag` is on the wire or was written to. */
export function hasChild(of: View, tag: number, shape: Shape): boolean {
  return lastChild(of, tag, shape) !== null || of.root.wroteAbsent(of, tag);
}

/** The last message of a oneof, or null; remembered. */
export function variant(of: View): View | null {
  if (of.bytes !== of.root.bytes) throw stale();
  if (of.memo !== null) return of.memo;
  const b = of.bytes;
  const variants = of.shape.variants!;
  const end = of.end;
  let p = of.start;
  while (p < end) {
    const at = p;
    const t = b[p++]!;
    const next = skip(b, p, t);
    const shape = variants[t];
    if (shape !== undefined) {
      varint(b, p);
      of.memo = new View(of.root, b, at, after, next, of, shape);
    }
    p = next;
  }
  return of.memo;
}

/** The messages one level down; null for a metric without data. */
export function children(of: View): Walk | null {
  const holder = of.shape.variants === undefined ? of : variant(of);
  return holder === null ? null : new Walk(holder, holder.shape.children, holder.shape.child!);
}
