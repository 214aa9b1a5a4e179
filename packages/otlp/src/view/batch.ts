import { protobufToJson } from '../json/render.js';
import { allocate } from '../wire/allocate.js';
import type { Signal } from '../wire/signal.js';
import './common.js';
import { countItems, filterItems, pruneItems } from './items.js';
import type { Shape } from './shape.js';
import { type SplitLimits, splitRequest } from './split.js';
import { type Compressed, Store } from './store.js';
import { View } from './view.js';

/**
 * One export request as its bytes.
 *
 * Every traversal (each `resourceLogs`, `records()`, …) starts on clean bytes: edits made before are spliced first, and views taken
 * before them throw when used.
 */
export abstract class OtlpBatch {
  abstract readonly signal: Signal;
  /** @internal */
  readonly store: Store;
  private readonly shape: Shape;

  /** @internal */
  constructor(shape: Shape, bytes: Uint8Array, owned: boolean) {
    const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.shape = shape;
    this.store = new Store(buffer, owned, null, 0);
  }

  protected abstract like(bytes: Buffer, owned: boolean): this;

  /** Log records, data points or spans in the batch; counted once, kept up to date by `remove()`. */
  get count(): number {
    const store = this.store;
    if (store.count < 0) store.count = countItems(this.request());
    return store.count;
  }

  /** Encoded size in bytes. Splices pending edits. */
  get size(): number {
    return this.store.clean().length;
  }

  /** True while edits wait to be spliced. */
  get dirty(): boolean {
    return this.store.log !== null;
  }

  /** The compressed form that these bytes arrived in. Set by receivers, gone with the first edit. */
  get compressed(): Compressed | undefined {
    return this.store.compressed;
  }
  set compressed(value: Compressed | undefined) {
    this.store.compressed = value;
  }

  /** OTLP protobuf. Splices pending edits. The result must not be written to, and no later edit changes it. */
  bytes(): Buffer {
    const bytes = this.store.clean();
    this.store.owned = false;
    return bytes;
  }

  /** OTLP/JSON text. Splices pending edits. */
  toJson(): string {
    return protobufToJson(this.signal, this.store.clean());
  }

  /** A second handle on the same bytes, in no time: whichever is edited gets bytes of its own. Splices pending edits. */
  fork(): this {
    const fork = this.like(this.bytes(), false);
    fork.store.count = this.store.count;
    fork.store.compressed = this.store.compressed;
    return fork;
  }

  /** Makes the bytes this batch's alone, by a copy if need be: worth it before patching numbers in most items of a shared batch. */
  own(): this {
    const store = this.store;
    const bytes = store.clean();
    if (!store.owned) store.adopt(copied(bytes));
    return this;
  }

  /**
   * Parts within the limits, cut between resources where that suffices and inside one only when needed; resource and scope are
   * repeated. Items keep their order. `[this]` when it fits.
   */
  split(limits: SplitLimits): this[] {
    for (const [name, value] of Object.entries(limits))
      if (value !== undefined && !(value >= 1)) throw new RangeError(`split: ${name} must be at least 1, got ${value}`);
    const { maxCount = Infinity, maxBytes = Infinity } = limits;
    if (this.size <= maxBytes && (maxCount === Infinity || this.count <= maxCount)) return [this];
    return splitRequest(this.bytes(), this.shape, limits).map((part) => {
      const batch = this.like(part.bytes, part.copied);
      batch.store.count = part.count;
      return batch;
    });
  }

  /** Takes out metrics, scopes and resources that hold nothing any more. */
  prune(): this {
    pruneItems(this.top());
    return this;
  }

  /** The request on clean bytes: where a traversal starts. @internal */
  protected top(): View {
    this.store.clean();
    return this.request();
  }

  /** @internal */
  protected removeWhere(keep: (item: View) => boolean): number {
    return filterItems(this.top(), keep);
  }

  private request(): View {
    const bytes = this.store.bytes;
    return new View(this.store, bytes, -1, 0, bytes.length, null, this.shape);
  }
}

/** The concatenation of requests, which protobuf defines as their merge. @internal */
export function concatenated(batches: readonly OtlpBatch[]): { bytes: Buffer; count: number } {
  let count = 0;
  for (const batch of batches) count = count < 0 || batch.store.count < 0 ? -1 : count + batch.store.count;
  const parts = batches.map((batch) => batch.store.clean());
  const bytes = allocate(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, count };
}

function copied(bytes: Buffer): Buffer {
  const copy = allocate(bytes.length);
  copy.set(bytes);
  return copy;
}
