// What must not compile. The repository's type check runs over this file; nothing runs it.
import {
  connector,
  type Duration,
  definePipelines,
  exporter,
  operator,
  type Pipeline,
  processor,
  receiver,
  stage,
} from '../index.js';

const door = receiver('door', ['logs', 'metrics'], async () => ({ stop: async () => {}, close: async () => {} }));
const logsOnly = processor('logs-only', { logRecord: (record) => record.severityNumber > 9 });
const resources = processor('resources', { resource: () => {} });
const both = processor('both', { logs: (batch) => batch, metrics: (batch) => batch });
const logsEnd = exporter('logs-end', { logs: async () => {} });
const metricsEnd = exporter('metrics-end', { metrics: async () => {} });
const held = operator('held', { logs: (batches$) => batches$ });
const routed = stage('routed', { metrics: (next) => ({ consume: next }) });
const counts = connector('counts', 'logs', 'metrics', () => ({ consume: async () => {} }));

definePipelines({
  logs: { a: { receivers: [door], processors: [logsOnly, resources, both, held], exporters: [logsEnd, counts.input] } },
  metrics: { b: { receivers: [door, counts.output], processors: [resources, both, routed], exporters: [metricsEnd] } },
  limits: { inFlight: '64MiB', drain: '10s' },
});

export const wrong: readonly Pipeline<'metrics'>[] = [
  // @ts-expect-error a processor of logs has no metrics
  { receivers: [door], processors: [logsOnly], exporters: [metricsEnd] },
  // @ts-expect-error an operator of logs has no metrics
  { receivers: [door], processors: [held], exporters: [metricsEnd] },
  // @ts-expect-error an exporter is not a processor
  { receivers: [door], processors: [metricsEnd], exporters: [metricsEnd] },
  // @ts-expect-error a processor is not an exporter
  { receivers: [door], exporters: [both] },
  // @ts-expect-error an exporter of logs takes no metrics
  { receivers: [door], exporters: [logsEnd] },
  // @ts-expect-error the input of a connector is an exporter
  { receivers: [counts.input], exporters: [metricsEnd] },
  // @ts-expect-error the input of a connector from logs takes no metrics
  { receivers: [door], exporters: [counts.input] },
  // @ts-expect-error a factory has to be called
  { receivers: [door], processors: [() => both], exporters: [metricsEnd] },
];

// @ts-expect-error the output of a connector to metrics emits no logs
export const output: Pipeline<'logs'> = { receivers: [counts.output], exporters: [logsEnd] };

// @ts-expect-error a length of time has a unit
export const unitless: Duration = '200';
// @ts-expect-error a size has a unit
definePipelines({ limits: { inFlight: '64' } });
// @ts-expect-error there is no hook of this name
processor('misspelt', { logRecords: () => true });
