import { stage } from '@otelier/core';
import { KeySet, MetricsBatch } from '@otelier/otlp';
import { dropAttributes } from '@otelier/processors';
import { metricsRequest, metricsShapes } from '../corpus/metrics.js';
import type { MicroCase, Variant } from '../measure/case.js';
import { received } from '../measure/received.js';
import { throughMetrics } from '../measure/through.js';
import * as es from '../references/protobuf-es.js';
import * as pbjs from '../references/protobufjs.js';

type Name = keyof typeof metricsShapes;
const input = (payload: string, temporality: 1 | 2): Buffer =>
  metricsRequest({ ...metricsShapes[payload as Name], temporality });
const items = { met16: 16, met100: 104, met1000: 1040 };
const two = ['session.id', 'user.account_uuid'];
const four = [...two, 'type', 'effort'];

function dropPlain(metrics: pbjs.PlainMetrics, names: ReadonlySet<string>): pbjs.PlainMetrics {
  for (const resource of metrics.resourceMetrics)
    for (const scope of resource.scopeMetrics)
      for (const metric of scope.metrics)
        for (const point of sumOf(metric).dataPoints)
          point.attributes = point.attributes.filter(({ key }) => !names.has(key));
  return metrics;
}

/** protobuf-es wraps the metric's oneof. */
const sumOf = (metric: { sum: { dataPoints: pbjs.PlainPoint[] } }): { dataPoints: pbjs.PlainPoint[] } =>
  metric.sum ?? (metric as unknown as { data: { value: { dataPoints: pbjs.PlainPoint[] } } }).data.value;

/** Says that its output is delta and costs nothing: the corpus is. */
const deltaOnly = stage('delta-only', { metrics: (next) => ({ consume: next }) }, { produces: 'delta' });

const names = new Set(two);
const keys = new KeySet(two);

const bytes = (make: (input: Buffer) => Uint8Array): Variant => ({
  prepare(payload) {
    const request = input(payload, 2);
    return { run: () => make(request), outcome: () => pbjs.readMetrics(make(request)) };
  },
});

/** Delete two attributes from every point. */
export const drop: MicroCase = {
  name: 'drop two attributes',
  payloads: Object.keys(metricsShapes),
  items,
  variants: {
    protobufjs: bytes((request) => pbjs.reencodeMetrics(dropPlain(pbjs.decodeMetrics(request), names))),
    'protobuf-es': bytes((request) => es.reencodeMetrics(dropPlain(es.decodeMetrics(request), names))),
    JSON: {
      prepare(payload) {
        const text = MetricsBatch.parse(input(payload, 2)).toJson();
        return { run: () => JSON.stringify(dropPlain(JSON.parse(text), names)) };
      },
    },
    views: {
      prepare(payload) {
        const body = received(input(payload, 2));
        const run = () => {
          const batch = new MetricsBatch(body(), true);
          for (const resource of batch.resourceMetrics)
            for (const scope of resource.scopeMetrics)
              for (const metric of scope.metrics) for (const point of metric.dataPoints) point.attributes.delete(keys);
          return batch.bytes();
        };
        return { run, outcome: () => pbjs.readMetrics(run()) };
      },
    },
  },
  targets: [
    { payload: 'met16', variant: 'views', base: 'protobufjs', atLeast: 13 },
    { payload: 'met1000', variant: 'views', base: 'protobufjs', atLeast: 20 },
  ],
};

function mergePlain(metrics: pbjs.PlainMetrics): pbjs.PlainMetrics {
  const dropped = new Set(four);
  for (const resource of metrics.resourceMetrics)
    for (const scope of resource.scopeMetrics)
      for (const metric of scope.metrics) {
        const merged = new Map<string, pbjs.PlainPoint>();
        for (const point of metric.sum.dataPoints) {
          point.attributes = point.attributes.filter(({ key }) => !dropped.has(key));
          const identity = point.attributes
            .map(({ key, value }) => `${key}=${value.stringValue}`)
            .toSorted()
            .join('\n');
          const first = merged.get(identity);
          if (first === undefined) merged.set(identity, point);
          else first.asDouble += point.asDouble;
        }
        metric.sum.dataPoints = [...merged.values()];
      }
  return metrics;
}

/** Delete four attributes from every point and add up the points that become one series (delta). */
export const dropAndMerge: MicroCase = {
  name: 'drop four and merge',
  payloads: ['met16', 'met1000'],
  items,
  variants: {
    protobufjs: {
      prepare(payload) {
        const request = input(payload, 1);
        const run = () => pbjs.reencodeMetrics(mergePlain(pbjs.decodeMetrics(request)));
        return { run, outcome: () => pbjs.readMetrics(run()) };
      },
    },
    dropAttributes: {
      async prepare(payload) {
        const request = input(payload, 1);
        const body = received(request);
        const through = await throughMetrics([deltaOnly, dropAttributes(four)]);
        let last: Uint8Array = request;
        const run = async () => {
          last = await through(new MetricsBatch(body(), true));
        };
        return { run, outcome: () => pbjs.readMetrics(last) };
      },
    },
  },
  targets: [
    { payload: 'met16', variant: 'dropAttributes', base: 'protobufjs', atLeast: 8 },
    { payload: 'met1000', variant: 'dropAttributes', base: 'protobufjs', atLeast: 8 },
  ],
};
