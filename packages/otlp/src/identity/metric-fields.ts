import type { MetricType } from '../view/shape.js';
import type { View } from '../view/view.js';
import { variant } from '../view/walk.js';
import { skip, varint32 } from '../wire/varint.js';

/**
 * What kind of metric it is, read in one scan where its accessors take one each. Reads what the bytes say: edits that wait in the log of
 * this traversal are not seen. One object is used for many metrics.
 */
export class MetricFields {
  declare type: MetricType | undefined;
  /** As on the wire: 0 unspecified, 1 delta, 2 cumulative. */
  declare temporality: number;
  /** Of sums. */
  declare monotonic: boolean;
  declare private temporalityAt: number;

  constructor() {
    this.type = undefined;
    this.temporality = 0;
    this.monotonic = false;
    this.temporalityAt = -1;
  }

  /** Reads `metric`. */
  read(metric: object): this {
    // Every metric is a View; the interfaces that users see do not show its bytes.
    const data = variant(metric as View);
    this.type = data?.shape.type;
    let temporalityAt = -1;
    let monotonicAt = -1;
    if (data !== null && this.type !== 'gauge' && this.type !== 'summary') {
      const b = data.bytes;
      for (let p = data.start; p < data.end; ) {
        const t = b[p++]!;
        if (t === 0x10) temporalityAt = p;
        else if (t === 0x18) monotonicAt = p;
        p = skip(b, p, t);
      }
    }
    this.temporalityAt = temporalityAt;
    this.temporality = temporalityAt < 0 ? 0 : varint32(data!.bytes, temporalityAt);
    this.monotonic = this.type === 'sum' && monotonicAt >= 0 && data!.bytes[monotonicAt] !== 0;
    return this;
  }

  /** Writes the temporality of the metric that was read. */
  setTemporality(metric: object, temporality: 'delta' | 'cumulative'): void {
    const { root, bytes } = metric as View;
    if (this.temporalityAt >= 0 && this.temporality < 128 && root.owned) {
      root.patched();
      bytes[this.temporalityAt] = temporality === 'delta' ? 1 : 2;
    } else (metric as { temporality: string }).temporality = temporality;
  }
}
