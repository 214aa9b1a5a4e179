import { after, putVarint, skip, varint, width } from '../wire/varint.js';
import type { Shape } from './shape.js';

/** How large one part of a split batch may be. */
export interface SplitLimits {
  /** At most this many log records, data points or spans. */
  readonly maxCount?: number;
  /** About this many bytes; one larger item still travels, alone. */
  readonly maxBytes?: number;
}

interface Open {
  readonly tag: number;
  /** All fields but the children: repeated in every part. */
  readonly header: Buffer;
  pieces: Buffer[];
}

/** One part of a split request. */
export interface Part {
  readonly bytes: Buffer;
  readonly count: number;
  /** False when the bytes are a range of the source. */
  readonly copied: boolean;
}

/** Cuts a request into parts, between resources where that suffices, inside one where it must; items keep their order. */
export function splitRequest(source: Buffer, request: Shape, limits: SplitLimits): Part[] {
  const splitter = new Splitter(source, limits.maxCount ?? Infinity, limits.maxBytes ?? Infinity);
  splitter.request(request);
  return splitter.parts;
}

class Splitter {
  readonly parts: Part[];
  private readonly source: Buffer;
  private readonly maxCount: number;
  private readonly maxBytes: number;
  private readonly open: Open[];
  private top: Buffer[];
  private count: number;
  private size: number;

  constructor(source: Buffer, maxCount: number, maxBytes: number) {
    this.parts = [];
    this.source = source;
    this.maxCount = maxCount;
    this.maxBytes = maxBytes;
    this.open = [];
    this.top = [];
    this.count = 0;
    this.size = 0;
  }

  request(shape: Shape): void {
    const b = this.source;
    for (let p = 0; p < b.length; ) {
      const next = skip(b, p + 1, b[p]!);
      const holder = b[p] === shape.children;
      const n = holder ? this.itemsIn(p, next, shape.child!) : 0;
      if (!this.fits(n, next - p) && !this.blank()) this.flush();
      if (this.fits(n, next - p) || n <= 1) this.take(p, next, n);
      else this.descend(p, next, shape.child!);
      p = next;
    }
    if (!this.blank()) this.flush();
  }

  /** Takes a holder that is too large for one part child by child. */
  private descend(at: number, end: number, shape: Shape): void {
    const b = this.source;
    varint(b, at + 1);
    const start = after;
    const header = this.header(start, end, shape);
    this.open.push({ tag: b[at]!, header, pieces: [] });
    this.size += header.length;
    for (let p = start; p < end; ) {
      const tag = b[p]!;
      const next = skip(b, p + 1, tag);
      const below = childShape(shape, tag);
      if (below !== undefined) {
        const n = this.itemsIn(p, next, below);
        if (this.fits(n, next - p)) this.take(p, next, n);
        else if (n > 1) this.descend(p, next, below);
        else {
          if (this.count > 0) this.flush();
          this.take(p, next, n);
        }
      }
      p = next;
    }
    const closed = this.open.pop()!;
    if (closed.pieces.length > 0) this.into().push(...wrap(closed));
  }

  private fits(count: number, size: number): boolean {
    return this.count + count <= this.maxCount && this.size + size <= this.maxBytes;
  }

  private blank(): boolean {
    return this.top.length === 0 && this.open.every((o) => o.pieces.length === 0);
  }

  private into(): Buffer[] {
    return this.open.length > 0 ? this.open[this.open.length - 1]!.pieces : this.top;
  }

  private take(from: number, to: number, count: number): void {
    const pieces = this.into();
    const last = pieces[pieces.length - 1];
    // Neighbours in the source stay one range: at top level such a part needs no copy.
    if (
      last !== undefined &&
      last.buffer === this.source.buffer &&
      last.byteOffset >= this.source.byteOffset &&
      last.byteOffset + last.length === this.source.byteOffset + from
    )
      pieces[pieces.length - 1] = this.source.subarray(last.byteOffset - this.source.byteOffset, to);
    else pieces.push(this.source.subarray(from, to));
    this.count += count;
    this.size += to - from;
  }

  /** Ends the current part: open holders are closed for it and stay open for the next. */
  private flush(): void {
    for (let i = this.open.length - 1; i >= 0; i--) {
      const o = this.open[i]!;
      if (o.pieces.length > 0) (i > 0 ? this.open[i - 1]!.pieces : this.top).push(...wrap(o));
      o.pieces = [];
    }
    const copied = this.top.length > 1;
    this.parts.push({ bytes: copied ? Buffer.concat(this.top) : this.top[0]!, count: this.count, copied });
    this.top = [];
    this.count = 0;
    this.size = 0;
    for (const o of this.open) this.size += o.header.length;
  }

  private header(start: number, end: number, shape: Shape): Buffer {
    const b = this.source;
    const pieces: Buffer[] = [];
    for (let p = start; p < end; ) {
      const tag = b[p]!;
      const next = skip(b, p + 1, tag);
      if (childShape(shape, tag) === undefined) pieces.push(b.subarray(p, next));
      p = next;
    }
    return Buffer.concat(pieces);
  }

  private itemsIn(at: number, end: number, shape: Shape): number {
    if (shape.role === 'item') return 1;
    const b = this.source;
    varint(b, at + 1);
    let n = 0;
    for (let p = after; p < end; ) {
      const tag = b[p]!;
      const next = skip(b, p + 1, tag);
      const below = childShape(shape, tag);
      if (below !== undefined) n += this.itemsIn(p, next, below);
      p = next;
    }
    return n;
  }
}

function childShape(shape: Shape, tag: number): Shape | undefined {
  if (shape.variants !== undefined) return shape.variants[tag];
  return tag === shape.children ? shape.child : undefined;
}

function wrap(o: Open): Buffer[] {
  let size = o.header.length;
  for (const piece of o.pieces) size += piece.length;
  const prefix = Buffer.allocUnsafe(1 + width(size));
  prefix[0] = o.tag;
  putVarint(prefix, 1, size);
  return [prefix, o.header, ...o.pieces];
}
