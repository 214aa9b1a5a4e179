import { MetricsBatch, StreamTable } from '@otelier/otlp';
import { metricsRequest, metricsShapes } from '../corpus/metrics.js';
import type { MicroCase } from '../measure/case.js';
import * as pbjs from '../references/protobufjs.js';

/** Find the stream of every point among those known. */
export const identity: MicroCase = {
  name: 'stream identity',
  payloads: ['met1000'],
  items: { met1000: 1040 },
  variants: {
    'sorted JSON key': {
      prepare() {
        // Decoded beforehand: only the key and the look-up count.
        const metrics = pbjs.decodeMetrics(metricsRequest(metricsShapes.met1000));
        const known = new Map<string, number>();
        const run = () => {
          let sum = 0;
          for (const { resource, scopeMetrics } of metrics.resourceMetrics) {
            const owner = JSON.stringify(resource);
            for (const scope of scopeMetrics)
              for (const { name, sum: data } of scope.metrics)
                for (const point of data.dataPoints) {
                  const key = `${owner}${name}${JSON.stringify(point.attributes.toSorted((a, b) => (a.key < b.key ? -1 : 1)))}`;
                  let slot = known.get(key);
                  if (slot === undefined) known.set(key, (slot = known.size));
                  sum += slot;
                }
          }
          return sum;
        };
        return { run, outcome: run };
      },
    },
    StreamTable: {
      prepare() {
        const batch = new MetricsBatch(metricsRequest(metricsShapes.met1000));
        const table = new StreamTable();
        const run = () => {
          let sum = 0;
          for (const resource of batch.resourceMetrics)
            for (const scope of resource.scopeMetrics)
              for (const metric of scope.metrics) for (const point of metric.dataPoints) sum += table.slot(point);
          return sum;
        };
        return { run, outcome: run };
      },
    },
  },
  targets: [{ payload: 'met1000', variant: 'StreamTable', base: 'sorted JSON key', atLeast: 15 }],
};
