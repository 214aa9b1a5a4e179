import type { Flow } from '@otelier/core';
import { type KeySet, type MetricsBatch, type MetricType, StreamTable, type Temporality } from '@otelier/otlp';
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

/** Deletes the attributes from every point of a batch and merges the points that become equal, all in one traversal. */
export function merging({ keys, alsoResource, maxExemplars }: Merging): (batch: MetricsBatch, flow: Flow) => void {
  const without = alsoResource ? { without: keys, withoutResource: keys } : { without: keys };
  const table = new StreamTable(without);
  const merger = new Merger(keys, maxExemplars, new StreamTable());
  return (batch, flow) => {
    batch.own();
    // A batch before this one may have ended in an error.
    merger.clear();
    table.clear();
    for (const { resource, scopeMetrics } of batch.resourceMetrics) {
      const ofResource = alsoResource && resource.attributes.delete(keys);
      for (const { metrics } of scopeMetrics) {
        for (const metric of metrics) {
          const { type, temporality } = metric;
          const refusal = type === undefined ? '' : whyNot(type, temporality);
          for (const point of metric.dataPoints) {
            const slot = table.slot(point);
            const touched = table.leftOut || ofResource;
            if (table.isNew) merger.first(slot, point, touched);
            else merger.next(slot, point, touched, refusal);
          }
        }
      }
    }
    merger.finish();
    if (merger.merged > 0) flow.drop(merger.merged, MERGED);
    for (const [reason, count] of merger.refused) flow.refuse(count, reason);
    merger.clear();
  };
}

function whyNot(type: MetricType, temporality: Temporality): string {
  if (type === 'summary') return SUMMARY;
  if (type === 'gauge' || temporality === 'delta') return '';
  return temporality === 'cumulative' ? CUMULATIVE : UNSPECIFIED;
}
