import { MetricsBatch } from '@otelier/otlp';
import { cumulativeToDelta } from '@otelier/processors';
import { metricsRequest, metricsShapes } from '../corpus/metrics.js';
import { Ticking } from '../corpus/ticks.js';
import type { MicroCase, Variant } from '../measure/case.js';
import { alone, throughMetrics } from '../measure/through.js';
import * as pbjs from '../references/protobufjs.js';

type Name = keyof typeof metricsShapes;
const ticking = (payload: string): Ticking => new Ticking(metricsRequest(metricsShapes[payload as Name]));

function deltaPlain(
  metrics: pbjs.PlainMetrics,
  state: Map<string, { value: number; time: unknown }>,
): pbjs.PlainMetrics {
  for (const { resource, scopeMetrics } of metrics.resourceMetrics) {
    const owner = JSON.stringify(resource);
    for (const scope of scopeMetrics)
      for (const { name, sum } of scope.metrics) {
        sum.aggregationTemporality = 1;
        for (const point of sum.dataPoints) {
          const attributes = JSON.stringify(point.attributes.toSorted((a, b) => (a.key < b.key ? -1 : 1)));
          const identity = `${owner}${name}${attributes}`;
          const { asDouble: value, timeUnixNano: time } = point;
          const last = state.get(identity);
          if (last === undefined) state.set(identity, { value, time });
          else {
            point.asDouble = value - last.value;
            point.startTimeUnixNano = last.time;
            last.value = value;
            last.time = time;
          }
        }
      }
  }
  return metrics;
}

/** `cumulativeToDelta` on one request after another; in a pipeline there is the section around it. */
const converting = (where: 'alone' | 'in a pipeline'): Variant => ({
  async prepare(payload) {
    const requests = ticking(payload);
    const through = where === 'alone' ? alone(cumulativeToDelta()) : await throughMetrics([cumulativeToDelta()]);
    let last: Uint8Array = new Uint8Array();
    const run = async () => {
      last = await through(new MetricsBatch(requests.next(), true));
    };
    await run();
    return { run, outcome: () => values(last) };
  },
});

/** Cumulative sums become delta: identity, subtraction, new start time; copying the input is in the time of both. */
export const toDelta: MicroCase = {
  name: 'cumulative to delta',
  payloads: Object.keys(metricsShapes),
  items: { met16: 16, met100: 104, met1000: 1040 },
  variants: {
    protobufjs: {
      prepare(payload) {
        const requests = ticking(payload);
        const state = new Map<string, { value: number; time: unknown }>();
        const run = () => pbjs.reencodeMetrics(deltaPlain(pbjs.decodeMetrics(requests.next()), state));
        run();
        return { run, outcome: () => values(run()) };
      },
    },
    cumulativeToDelta: converting('alone'),
    'in a pipeline': converting('in a pipeline'),
  },
  targets: [
    { payload: 'met16', variant: 'cumulativeToDelta', base: 'protobufjs', atLeast: 13 },
    { payload: 'met1000', variant: 'cumulativeToDelta', base: 'protobufjs', atLeast: 20 },
    { payload: 'met1000', variant: 'in a pipeline', base: 'protobufjs', atLeast: 20 },
  ],
};

/** The increments: times move on from run to run, the increments are the same at each. */
function values(bytes: Uint8Array): number[][] {
  const points = pbjs
    .decodeMetrics(bytes)
    .resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) =>
        metrics.map(({ sum }) => [sum.aggregationTemporality, ...sum.dataPoints.map(({ asDouble }) => asDouble)]),
      ),
    );
  return points;
}
