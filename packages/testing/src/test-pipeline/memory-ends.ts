import {
  ConfigError,
  type Exporter,
  type Pipeline,
  type PipelinesConfig,
  type Processor,
  type Receiver,
  type Signal,
  signals,
} from '@otelier/core';
import type { Testable } from './test-pipeline.js';

/** The pipelines of `testable` with these ends in place of their own; without an exporter they keep theirs. */
export function withMemoryEnds(
  testable: Testable,
  receiver: Receiver<Signal>,
  exporter: Exporter<Signal> | undefined,
): PipelinesConfig {
  const between = (pipeline: Pipeline<Signal>): Pipeline<Signal> => ({
    receivers: [receiver],
    ...(pipeline.processors === undefined ? {} : { processors: pipeline.processors }),
    exporters: exporter === undefined ? pipeline.exporters : [exporter],
  });
  const everySignal = (pipeline: Pipeline<Signal>): PipelinesConfig => {
    const components: object[] = [
      ...(pipeline.processors ?? []),
      ...(exporter === undefined ? pipeline.exporters : []),
    ];
    const handled = signals.filter((signal) => components.every((component) => signal in component));
    if (handled.length === 0) throw new ConfigError('testPipeline', 'components that have a signal in common');
    return Object.fromEntries(handled.map((signal) => [signal, { test: between(pipeline) }]));
  };
  // Which signals a pipeline of an unknown signal handles is found out above; the engine checks it again.
  if (isList(testable))
    return everySignal({ receivers: [], processors: testable as readonly Processor<Signal>[], exporters: [] });
  if ('exporters' in testable) return everySignal(testable as Pipeline<Signal>);
  const config: Record<string, unknown> = { ...testable };
  for (const signal of signals) {
    const pipelines = testable[signal];
    if (pipelines === undefined) continue;
    const entries = Object.entries(pipelines) as [string, Pipeline<Signal>][];
    config[signal] = Object.fromEntries(entries.map(([name, pipeline]) => [name, between(pipeline)]));
  }
  return config as PipelinesConfig;
}

function isList(testable: Testable): testable is readonly Processor<never>[] {
  return Array.isArray(testable);
}
