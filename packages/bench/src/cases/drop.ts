import { KeySet, MetricsBatch } from '@otelier/otlp';
import { dropAttributes } from '@otelier/processors';
import { metricsRequest, metricsShapes } from '../corpus/metrics.js';
import { Ticking } from '../corpus/ticks.js';
import type { MicroCase, Variant } from '../measure/case.js';
import { received, receivedDeltas } from '../measure/received.js';
import { alone, throughMetrics } from '../measure/through.js';
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

function mergePlain(metrics: pbjs.PlainMetrics, dropped: ReadonlySet<string>): pbjs.PlainMetrics {
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

/** `dropAttributes` on deltas. In a pipeline there is the section around it, which knows what comes again and keeps what went out. */
const merging = (
  input: (payload: string) => Buffer,
  names: readonly string[],
  where: 'alone' | 'in a pipeline',
): Variant => ({
  async prepare(payload) {
    const body = receivedDeltas(input(payload));
    const through = where === 'alone' ? alone(dropAttributes(names)) : await throughMetrics([dropAttributes(names)]);
    let last: Uint8Array = new Uint8Array();
    const run = async () => {
      last = await through(new MetricsBatch(body(), true));
    };
    return { run, outcome: () => pbjs.readMetrics(last) };
  },
});

/**
 * Delete four attributes from every point and add up the points that become one series (delta).
 *
 * The target is that of the processor. The section around it costs about 5 µs a batch, whatever its size, and gives what the reference does not
 * have: repeats are recognised, and state and output are kept. At 16 points that is a quarter of the time, and printed without a target.
 */
export const dropAndMerge: MicroCase = {
  name: 'drop four and merge',
  payloads: ['met16', 'met1000'],
  items,
  variants: {
    protobufjs: {
      prepare(payload) {
        const request = input(payload, 1);
        const run = () => pbjs.reencodeMetrics(mergePlain(pbjs.decodeMetrics(request), new Set(four)));
        return { run, outcome: () => pbjs.readMetrics(run()) };
      },
    },
    dropAttributes: merging((payload) => input(payload, 1), four, 'alone'),
    'in a pipeline': merging((payload) => input(payload, 1), four, 'in a pipeline'),
  },
  targets: [
    { payload: 'met16', variant: 'dropAttributes', base: 'protobufjs', atLeast: 8 },
    { payload: 'met1000', variant: 'dropAttributes', base: 'protobufjs', atLeast: 8 },
    { payload: 'met1000', variant: 'in a pipeline', base: 'protobufjs', atLeast: 8 },
  ],
};

/** The merged series of four sessions, each of a quarter of the points: what differs between them is what is dropped. */
function sessions(temporality: 1 | 2, tick = 0): Buffer {
  const metrics = pbjs.decodeMetrics(metricsRequest({ ...metricsShapes.met100, temporality }, tick));
  for (const { scopeMetrics } of metrics.resourceMetrics)
    for (const { metrics: all } of scopeMetrics)
      for (const { sum } of all)
        sum.dataPoints.forEach((point, i) => {
          for (const { key, value } of point.attributes) {
            if (key === 'session.id') value.stringValue = `${i % 4}`.padStart(36, 's');
            if (key === 'type') value.stringValue = `kind-${Math.floor(i / 8)}`;
            if (key === 'model') value.stringValue = `claude-model-${Math.floor(i / 4) % 2}`;
          }
          point.attributes = point.attributes.filter(({ key }) => key !== 'effort');
        });
  return Buffer.from(pbjs.reencodeMetrics(metrics));
}

/** Delete two attributes from 100 points and add up those that become one series (delta). */
export const dropTwoAndMerge: MicroCase = {
  name: 'drop two and merge, delta',
  payloads: ['met100'],
  items: { met100: 104 },
  variants: {
    protobufjs: {
      prepare() {
        const request = sessions(1);
        const run = () => pbjs.reencodeMetrics(mergePlain(pbjs.decodeMetrics(request), names));
        return { run, outcome: () => pbjs.readMetrics(run()) };
      },
    },
    dropAttributes: merging(() => sessions(1), two, 'alone'),
    'in a pipeline': merging(() => sessions(1), two, 'in a pipeline'),
  },
  targets: [
    { payload: 'met100', variant: 'dropAttributes', base: 'protobufjs', atLeast: 8 },
    { payload: 'met100', variant: 'in a pipeline', base: 'protobufjs', atLeast: 8 },
  ],
};

/** The increments of each point since the request before. */
function incrementsPlain(metrics: pbjs.PlainMetrics, state: Map<string, number>): void {
  for (const { resource, scopeMetrics } of metrics.resourceMetrics) {
    const owner = JSON.stringify(resource);
    for (const scope of scopeMetrics)
      for (const { name, sum } of scope.metrics)
        for (const point of sum.dataPoints) {
          const identity = `${owner}${name}${JSON.stringify(point.attributes.toSorted((a, b) => (a.key < b.key ? -1 : 1)))}`;
          const value = point.asDouble;
          point.asDouble = value - (state.get(identity) ?? 0);
          state.set(identity, value);
        }
  }
}

/** Running totals of what was merged, each with the start that it began with. */
function accumulatePlain(metrics: pbjs.PlainMetrics, state: Map<string, { total: number; start: unknown }>): void {
  for (const { resource, scopeMetrics } of metrics.resourceMetrics) {
    const owner = JSON.stringify(resource);
    for (const scope of scopeMetrics)
      for (const { name, sum } of scope.metrics)
        for (const point of sum.dataPoints) {
          const identity = `${owner}${name}${JSON.stringify(point.attributes.toSorted((a, b) => (a.key < b.key ? -1 : 1)))}`;
          const series = state.get(identity) ?? { total: 0, start: point.startTimeUnixNano };
          series.total += point.asDouble;
          point.asDouble = series.total;
          point.startTimeUnixNano = series.start;
          state.set(identity, series);
        }
  }
}

/** The same of cumulative points: increments, merging, running totals; copying the input is in the time of both. */
export const dropTwoAndMergeCumulative: MicroCase = {
  name: 'drop two and merge, cumulative',
  payloads: ['met100'],
  items: { met100: 104 },
  variants: {
    protobufjs: {
      prepare() {
        const requests = new Ticking(sessions(2));
        const values = new Map<string, number>();
        const totals = new Map<string, { total: number; start: unknown }>();
        const run = () => {
          const metrics = pbjs.decodeMetrics(requests.next());
          incrementsPlain(metrics, values);
          mergePlain(metrics, names);
          accumulatePlain(metrics, totals);
          return pbjs.reencodeMetrics(metrics);
        };
        run();
        run();
        return { run, outcome: () => levelOf(run()) };
      },
    },
    dropAttributes: {
      async prepare() {
        const requests = new Ticking(sessions(2));
        const through = await throughMetrics([dropAttributes(two)]);
        let last: Uint8Array = new Uint8Array();
        const run = async () => {
          last = await through(new MetricsBatch(requests.next(), true));
        };
        await run();
        await run();
        await run();
        return { run, outcome: () => levelOf(last) };
      },
    },
  },
  targets: [{ payload: 'met100', variant: 'dropAttributes', base: 'protobufjs', atLeast: 8 }],
};

/** How many points each metric has: values move on from run to run. */
function levelOf(bytes: Uint8Array): unknown {
  return pbjs
    .decodeMetrics(bytes)
    .resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) =>
        metrics.map(({ sum }) => [
          sum.aggregationTemporality,
          ...sum.dataPoints.map(({ attributes }) => attributes.map(({ key, value }) => [key, value.stringValue])),
        ]),
      ),
    );
}
