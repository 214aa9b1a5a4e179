import { jsonToProtobuf } from '../json/parse.js';
import { concatenated, OtlpBatch } from '../view/batch.js';
import { Items } from '../view/items.js';
import { admitted, type ParseOptions } from '../view/parse-options.js';
import type { View } from '../view/view.js';
import { Walk } from '../view/walk.js';
import { type DataPoint, METRICS_REQUEST, type Metric, type ResourceMetrics } from './metric.js';

/** One request of metrics as its bytes; see {@link OtlpBatch}. */
export class MetricsBatch extends OtlpBatch {
  override readonly signal = 'metrics' as const;

  /** Trusts the bytes: they were validated or built by us. `owned`: nobody else reads or writes them, in-place edits are allowed. */
  constructor(bytes: Uint8Array, owned = false) {
    super(METRICS_REQUEST, bytes, owned);
  }

  /**
   * The door for protobuf: validates the framing once and normalises what is legal but odd. Canonical bytes stay the same memory.
   * Throws OtlpError.
   */
  static parse(bytes: Uint8Array, options: ParseOptions = {}): MetricsBatch {
    const door = admitted('metrics', bytes, options);
    return new MetricsBatch(door.bytes, door.owned);
  }

  /** The door for OTLP/JSON. Throws OtlpError. */
  static fromJson(json: string | Uint8Array): MetricsBatch {
    return new MetricsBatch(jsonToProtobuf('metrics', json), true);
  }

  /** All batches as one, in order. Splices their pending edits. */
  static merge(batches: readonly MetricsBatch[]): MetricsBatch {
    // One alone keeps its compressed form.
    if (batches.length === 1) return batches[0]!.fork();
    const { bytes, count } = concatenated(batches);
    const merged = new MetricsBatch(bytes, true);
    merged.store.count = count;
    return merged;
  }

  /** Starts a traversal. */
  get resourceMetrics(): Iterable<ResourceMetrics> {
    return new Walk(
      this.top(),
      METRICS_REQUEST.children,
      METRICS_REQUEST.child!,
    ) as unknown as Iterable<ResourceMetrics>;
  }

  /** All metrics, whatever their resource and scope. Starts a traversal. */
  metrics(): Iterable<Metric> {
    return new Items(this.top(), 'metric') as unknown as Iterable<Metric>;
  }

  /** All data points, whatever their resource and scope. Starts a traversal. */
  points(): Iterable<DataPoint> {
    return new Items(this.top(), 'item') as unknown as Iterable<DataPoint>;
  }

  /** Removes data points for which \`keep\` returns false, in one traversal. Returns the number removed. */
  filter(keep: (point: DataPoint) => boolean): number {
    return this.removeWhere(keep as unknown as (item: View) => boolean);
  }

  protected override like(bytes: Buffer, owned: boolean): this {
    return new MetricsBatch(bytes, owned) as this;
  }
}
