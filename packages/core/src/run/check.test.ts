import { describe, expect, test } from 'vitest';
import { memory, pushed } from '../fakes/ends.js';
import {
  ConfigError,
  connector,
  definePipelines,
  exporter,
  type PipelinesConfig,
  processor,
  receiver,
} from '../index.js';

const { receiver: source } = pushed();
const { exporter: end } = memory();
const metricsSource = receiver('door', ['metrics'], async () => ({ stop: async () => {}, close: async () => {} }));
const metricsEnd = exporter('metrics-end', { metrics: async () => {} });
const metricsOnly = processor('metrics-only', { metrics: (batch) => batch });
const addUp = processor('add-up', { metrics: (batch) => batch }, { accepts: 'delta' });
const toDelta = processor('cumulative-to-delta', { metrics: (batch) => batch }, { produces: 'delta' });
const prometheus = exporter('prometheus', { metrics: async () => {} }, { accepts: 'cumulative' });
const around = connector('around', 'logs', 'logs', (out) => ({ consume: out }));

// People who write JavaScript can wire anything.
const wired = (config: unknown): PipelinesConfig => config as PipelinesConfig;
const logs = (pipeline: object): unknown => ({
  logs: { events: { receivers: [source], exporters: [end], ...pipeline } },
});
const metrics = (pipeline: object): unknown => ({
  metrics: { usage: { receivers: [metricsSource], exporters: [metricsEnd], ...pipeline } },
});

describe('definePipelines', () => {
  test.each<[string, unknown, string]>([
    ['nothing at all', undefined, 'pipeline file: expected an object with pipelines'],
    ['no pipeline', {}, 'pipeline file: expected at least one pipeline'],
    ['an unknown key', { ...(logs({}) as object), processor: {} }, 'processor: expected one of logs, metrics, traces'],
    ['an unknown key of a pipeline', logs({ processor: [] }), 'logs.events.processor: expected one of receivers'],
    ['a name with a capital', { logs: { Events: {} } }, 'logs.Events: expected a name of lower-case letters'],
    ['no receivers', logs({ receivers: [] }), 'logs.events.receivers: expected at least one receiver'],
    ['no exporters', logs({ exporters: undefined }), 'logs.events.exporters: expected an array of exporters'],
    [
      'the same exporter twice',
      logs({ exporters: [end, end] }),
      'logs.events.exporters[1]: expected each exporter once',
    ],
    [
      'a factory that was not called',
      logs({ exporters: [function console() {}] }),
      'logs.events.exporters[0]: expected an exporter; this is a function, call it: console()',
    ],
    [
      'an exporter among the processors',
      logs({ processors: [end] }),
      'logs.events.processors[0]: expected a processor, got the exporter memory',
    ],
    [
      'a processor of another signal',
      logs({ processors: [metricsOnly] }),
      'logs.events.processors[0]: expected a processor for logs; metrics-only is not one',
    ],
    [
      'a receiver of another signal',
      logs({ receivers: [metricsSource] }),
      'logs.events.receivers[0]: expected a receiver for logs; door is not one',
    ],
    ['a string', logs({ exporters: ['otlp'] }), 'logs.events.exporters[0]: expected an exporter'],
    [
      'a size without unit',
      { ...(logs({}) as object), limits: { inFlight: 64 } },
      "limits.inFlight: expected a size above 0 such as '256MiB'",
    ],
    [
      'a time without unit',
      { ...(logs({}) as object), limits: { drain: '5' } },
      "limits.drain: expected a length of time such as '30s'",
    ],
    [
      'a limit of memory without unit',
      { ...(logs({}) as object), limits: { memory: '5' } },
      "limits.memory: expected a size above 0 such as '512MiB'",
    ],
    [
      'a priority of something else',
      { ...(logs({}) as object), limits: { priority: ['logs', 'spans'] } },
      'limits.priority: expected an array of logs, metrics and traces',
    ],
    [
      'a priority named twice',
      { ...(logs({}) as object), limits: { priority: ['logs', 'logs'] } },
      'limits.priority: expected an array of logs, metrics and traces',
    ],
    [
      'an unknown limit',
      { ...(logs({}) as object), limits: { memmory: '5' } },
      'limits.memmory: expected one of inFlight, memory, priority, drain',
    ],
    [
      'a connector without output',
      logs({ exporters: [around.input] }),
      'logs.events.exporters: expected the output of the connector around',
    ],
    [
      'a connector without input',
      logs({ receivers: [around.output] }),
      'logs.events.receivers: expected the input of the connector around',
    ],
    [
      'a circle',
      logs({ receivers: [source, around.output], exporters: [around.input] }),
      'got logs.events -> logs.events',
    ],
    [
      'delta wanted, nothing guarantees it',
      metrics({ processors: [metricsOnly, addUp] }),
      'metrics.usage.processors[1]: expected delta temporality, which nothing before it guarantees: add cumulativeToDelta() before addUp()',
    ],
    [
      'cumulative wanted at the end',
      metrics({ processors: [toDelta], exporters: [prometheus] }),
      'metrics.usage.exporters[0]: expected cumulative temporality, which nothing before it guarantees: add deltaToCumulative() before prometheus()',
    ],
    [
      'an unknown level',
      { ...(logs({}) as object), telemetry: { logLevel: 'warning' } },
      'telemetry.logLevel: expected one of debug, info',
    ],
    [
      'an endpoint that is none',
      { ...(logs({}) as object), telemetry: { metrics: { endpoint: 'localhost' } } },
      'telemetry.metrics.endpoint: expected an address',
    ],
  ])('refuses %s', (_, config, message) => {
    expect(() => definePipelines(wired(config))).toThrow(ConfigError);
    expect(() => definePipelines(wired(config))).toThrow(message);
  });

  test('follows temporality along the processors', () => {
    const config = wired(metrics({ processors: [toDelta, metricsOnly, addUp] }));
    expect(definePipelines(config)).toBe(config);
  });
});
