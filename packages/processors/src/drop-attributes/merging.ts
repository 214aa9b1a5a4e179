import type { Flow } from '@otelier/core';
import { type KeySet, type MetricsBatch, type MetricType, StreamTable } from '@otelier/otlp';
import { Merger } from './merger.js';

/** What to drop, and how many exemplars a merged point keeps. */
export interface Merging {
  readonly keys: KeySet;
  readonly alsoResource: boolean;
  readonly maxExemplars: number;
}

// Reasons, as the sender and the self-telemetry read them.
const MERGED = 'merged';
const CUMULATIVE = 'cumulative points would become one series: put cumulativeToDelta() before dropAttributes()';
const UNSPECIFIED = 'points of unspecified temporality would become one series and cannot be added up';
const SUMMARY = 'summary points would become one series and cannot be added up';

const DELTA = 1;

// Streams are remembered from batch to batch, since senders repeat themselves; beyond this many bytes they are forgotten.
const MOST_MEMORY = 8 << 20;
/** Batches from one look at the memory to the next: adding it up takes as long as three points. */
const CHECK_EVERY = 16;

/** Deletes the attributes from every point of a batch and merges the points that become equal, all in one traversal. */
export function merging({ keys, alsoResource, maxExemplars }: Merging): (batch: MetricsBatch, flow: Flow) => void {
  const without = alsoResource ? { without: keys, withoutResource: keys } : { without: keys };
  const table = new StreamTable(without);
  const merger = new Merger(keys, maxExemplars);
  let untilCheck = CHECK_EVERY;
  return (batch, flow) => {
    batch.own();
    if (--untilCheck === 0) {
      untilCheck = CHECK_EVERY;
      if (table.memory > MOST_MEMORY) table.clear();
    }
    merger.begin();
    for (const resourceMetrics of batch.resourceMetrics) {
      const ofResource = alsoResource && resourceMetrics.resource.attributes.delete(keys);
      for (const { metrics } of resourceMetrics.scopeMetrics) {
        for (const metric of metrics) {
          for (const point of metric.dataPoints) {
            const slot = table.slot(point);
            const touched = table.leftOut || ofResource;
            if (merger.isFirst(slot)) merger.first(slot, point, touched, table);
            else merger.next(slot, point, touched, whyNot(point.type, table.temporality), table);
          }
        }
      }
    }
    merger.finish();
    if (merger.merged > 0) flow.drop(merger.merged, MERGED);
    for (const [reason, count] of merger.refused) flow.refuse(count, reason);
    merger.end();
    table.forgetBatch();
  };
}

function whyNot(type: MetricType, temporality: number): string {
  if (type === 'summary') return SUMMARY;
  if (type === 'gauge' || temporality === DELTA) return '';
  return temporality === 2 ? CUMULATIVE : UNSPECIFIED;
}
