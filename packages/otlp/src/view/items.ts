import { skip } from '../wire/varint.js';
import type { Shape } from './shape.js';
import type { View } from './view.js';
import { children, Walk } from './walk.js';

/** All items of a request, at whatever depth they are, as one flat iteration. */
export class Items implements IterableIterator<View> {
  declare private readonly levels: Walk[];
  declare private readonly leaf: 'item' | 'metric';
  declare private depth: number;

  constructor(request: View, leaf: 'item' | 'metric') {
    this.levels = [new Walk(request, request.shape.children, request.shape.child!)];
    this.leaf = leaf;
    this.depth = 0;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<View> {
    for (;;) {
      const walk = this.levels[this.depth]!;
      const step = walk.next();
      if (step.done) {
        if (this.depth === 0) return step;
        this.depth--;
        continue;
      }
      if (step.value.shape.role === this.leaf) return step;
      const below = children(step.value);
      if (below !== null) this.levels[++this.depth] = below;
    }
  }
}

/** Items below `of` that were not removed. */
export function countItems(of: View): number {
  if (of.root.log === null) return countOnWire(of.bytes, of.start, of.end, of.shape);
  let n = 0;
  if (of.shape.role === 'item') return 1;
  const walk = children(of);
  if (walk === null) return 0;
  const items = walk.shape.role === 'item';
  while (!walk.next().done) n += items ? 1 : countItems(walk.value);
  return n;
}

/** {@link countItems} where nothing was edited: by tags and lengths alone. */
function countOnWire(b: Buffer, p: number, end: number, shape: Shape): number {
  const variants = shape.variants;
  if (variants !== undefined) {
    // A oneof: the last one counts.
    let from = -1;
    let to = -1;
    let data = shape;
    while (p < end) {
      const t = b[p++]!;
      const next = skip(b, p, t);
      const found = variants[t];
      if (found !== undefined) {
        while (b[p++]! > 127);
        from = p;
        to = next;
        data = found;
      }
      p = next;
    }
    return from < 0 ? 0 : countOnWire(b, from, to, data);
  }
  const tag = shape.children;
  const child = shape.child!;
  const items = child.role === 'item';
  let n = 0;
  while (p < end) {
    const t = b[p++]!;
    const next = skip(b, p, t);
    if (t === tag) {
      if (items) n++;
      else {
        while (b[p++]! > 127);
        n += countOnWire(b, p, next, child);
      }
    }
    p = next;
  }
  return n;
}

/** Removes items for which `keep` returns false; returns how many. */
export function filterItems(of: View, keep: (item: View) => boolean): number {
  const walk = children(of);
  if (walk === null) return 0;
  let n = 0;
  const items = walk.shape.role === 'item';
  while (!walk.next().done) {
    const view = walk.value;
    if (!items) n += filterItems(view, keep);
    else if (!keep(view)) {
      if (!view.removed) n++;
      view.remove();
    }
  }
  return n;
}

/** Removes holders that have no items; true when `of` itself has none left. A metric of a type unknown here is not empty. */
export function pruneItems(of: View): boolean {
  const walk = children(of);
  if (walk === null) return !hasUnknownData(of);
  let empty = true;
  while (!walk.next().done) {
    const view = walk.value;
    if (view.shape.role === 'item') return false;
    if (pruneItems(view)) view.remove();
    else empty = false;
  }
  return empty;
}

function hasUnknownData(metric: View): boolean {
  const b = metric.bytes;
  for (let p = metric.start; p < metric.end; ) {
    const tag = b[p]!;
    // name, description, unit, metadata
    if (tag !== 0x0a && tag !== 0x12 && tag !== 0x1a && tag !== 0x62) return true;
    p = skip(b, p + 1, tag);
  }
  return false;
}
