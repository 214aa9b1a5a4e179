import { jsonToProtobuf } from '../json/parse.js';
import { concatenated, OtlpBatch } from '../view/batch.js';
import { Items } from '../view/items.js';
import { admitted, type ParseOptions } from '../view/parse-options.js';
import type { View } from '../view/view.js';
import { Walk } from '../view/walk.js';
import { type ResourceSpans, type Span, TRACES_REQUEST } from './span.js';

/** One request of spans as its bytes; see {@link OtlpBatch}. */
export class TracesBatch extends OtlpBatch {
  override readonly signal = 'traces' as const;

  /** Trusts the bytes: they were validated or built by us. `owned`: nobody else reads or writes them, in-place edits are allowed. */
  constructor(bytes: Uint8Array, owned = false) {
    super(TRACES_REQUEST, bytes, owned);
  }

  /**
   * The door for protobuf: validates the framing once and normalises what is legal but odd. Canonical bytes stay the same memory.
   * Throws OtlpError.
   */
  static parse(bytes: Uint8Array, options: ParseOptions = {}): TracesBatch {
    const door = admitted('traces', bytes, options);
    return new TracesBatch(door.bytes, door.owned);
  }

  /** The door for OTLP/JSON. Throws OtlpError. */
  static fromJson(json: string | Uint8Array): TracesBatch {
    return new TracesBatch(jsonToProtobuf('traces', json), true);
  }

  /** All batches as one, in order. Splices their pending edits. */
  static merge(batches: readonly TracesBatch[]): TracesBatch {
    // One alone keeps its compressed form.
    if (batches.length === 1) return batches[0]!.fork();
    const { bytes, count } = concatenated(batches);
    const merged = new TracesBatch(bytes, true);
    merged.store.count = count;
    return merged;
  }

  /** Starts a traversal. */
  get resourceSpans(): Iterable<ResourceSpans> {
    return new Walk(this.top(), TRACES_REQUEST.children, TRACES_REQUEST.child!) as unknown as Iterable<ResourceSpans>;
  }

  /** All spans, whatever their resource and scope. Starts a traversal. */
  spans(): Iterable<Span> {
    return new Items(this.top(), 'item') as unknown as Iterable<Span>;
  }

  /** Removes spans for which \`keep\` returns false, in one traversal. Returns the number removed. */
  filter(keep: (span: Span) => boolean): number {
    return this.removeWhere(keep as unknown as (item: View) => boolean);
  }

  protected override like(bytes: Buffer, owned: boolean): this {
    return new TracesBatch(bytes, owned) as this;
  }
}
