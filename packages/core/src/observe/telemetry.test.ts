import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, context, ROOT_CONTEXT } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { logs, logsCollector, memory } from '../fakes/ends.js';
import { exporterStage, operator, PipelineError, processor } from '../index.js';

function observing() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  /** Every value, as `name{attributes} value`; of histograms the count. */
  const read = async (): Promise<string[]> => {
    exporter.reset();
    await reader.forceFlush();
    const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return metrics.flatMap(({ descriptor, dataPointType, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => {
        const shown = dataPointType === DataPointType.HISTOGRAM ? (value as { count: number }).count : value;
        return `${descriptor.name}${JSON.stringify(attributes)} ${shown}`;
      }),
    );
  };
  return { meter: provider.getMeter('test'), read };
}

describe('a collector tells of itself', () => {
  test("under the Collector's names where it has one", async () => {
    const { meter, read } = observing();
    const dropOne = processor('drop-one', { logRecord: (record) => record.eventName !== 'event-0' });
    let calls = 0;
    const end = memory(async () => {
      if (++calls === 2) throw new PipelineError('rejected', 'no');
    });
    const collector = logsCollector([dropOne], [end.exporter], { meter });
    await collector.start();
    const input = collector.input('logs');
    await input(logs(3), collector.flow());
    await input(logs(3), collector.flow()).catch(() => {});
    expect(await read()).toEqual(
      expect.arrayContaining([
        'otelcol_receiver_accepted_log_records{"receiver":"inputs","otel.signal":"logs"} 3',
        'otelcol_receiver_refused_log_records{"receiver":"inputs","otel.signal":"logs"} 3',
        'otelcol_processor_incoming_items{"processor":"logs/events/drop-one","otel.signal":"logs"} 6',
        'otelcol_processor_outgoing_items{"processor":"logs/events/drop-one","otel.signal":"logs"} 4',
        'otelcol_exporter_sent_log_records{"exporter":"logs/events/memory","otel.signal":"logs"} 2',
        'otelcol_exporter_send_failed_log_records{"exporter":"logs/events/memory","otel.signal":"logs"} 2',
        'otelier.component.dropped{"processor":"logs/events/drop-one","otel.signal":"logs","reason":"filtered"} 2',
        'otelier.component.refused{"exporter":"logs/events/memory","otel.signal":"logs","reason":"rejected"} 2',
        'otelier.component.held{"exporter":"logs/events/memory","otel.signal":"logs"} 0',
        'otelier.component.duration{"exporter":"logs/events/memory","otel.signal":"logs"} 2',
        'otelier.component.duration{"processor":"logs/events/drop-one","otel.signal":"logs"} 2',
        'otelier.in_flight.size{} 0',
      ]),
    );
    await collector.shutdown();
  });

  test('counts restarts of operators, and what is held', async () => {
    const { meter, read } = observing();
    let calls = 0;
    const holding = operator('held', {
      logs: () => {
        if (++calls === 1) throw new Error('bug');
        return NEVER;
      },
    });
    const collector = logsCollector([holding], [memory().exporter], { meter });
    await collector.start();
    const input = collector.input('logs');
    await input(logs(3), collector.flow()).catch(() => {});
    const open = input(logs(2), collector.flow()).catch(() => {});
    expect(await read()).toEqual(
      expect.arrayContaining([
        'otelier.operator.restarts{"component":"logs/events/held"} 1',
        'otelier.component.held{"processor":"logs/events/held","otel.signal":"logs"} 2',
      ]),
    );
    await collector.shutdown({ deadline: '0s' });
    await open;
    // One last time, with how it ended.
    expect(await read()).toEqual(
      expect.arrayContaining([
        'otelier.component.held{"processor":"logs/events/held","otel.signal":"logs"} 0',
        'otelier.component.refused{"processor":"logs/events/held","otel.signal":"logs","reason":"unavailable"} 5',
      ]),
    );
  });
});

test('what exporters send is not traced: the spans of their requests would be telemetry to send', async () => {
  const storage = new AsyncLocalStorage<Context>();
  context.setGlobalContextManager({
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, run, self, ...args) => storage.run(active, () => run.call(self as never, ...args)),
    bind: (_, target) => target,
    enable: () => context as never,
    disable: () => context as never,
  });
  const suppressed: boolean[] = [];
  const note = async (): Promise<void> => void suppressed.push(isTracingSuppressed(context.active()));
  const end = exporterStage('end', { logs: () => ({ start: note, consume: note }) });
  const collector = logsCollector([processor('note', { logs: () => void note() })], [end]);
  await collector.start();
  await collector.input('logs')(logs(1), collector.flow());
  await collector.shutdown();
  context.disable();
  expect(suppressed).toEqual([true, false, true]);
});
