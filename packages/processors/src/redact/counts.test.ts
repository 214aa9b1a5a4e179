import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { createCollector, definePipelines, type Logger } from '@otelier/core';
import { buildLogs } from '@otelier/otlp';
import { memoryExporter, memoryReceiver } from '@otelier/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redact } from './redact.js';

const quiet = () => {};
const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet } as unknown as Logger;

/** What may stand in a record, and what it is counted as: cut-off JSON as that, and as the content that it then is as a whole. */
const hidden = {
  prompt: ['prompt', 'tell nobody of the north plant', ['content']],
  input: ['tool_input', '{"command":"cat /etc/north", "n', ['malformed-json', 'content']],
  mail: ['model', 'ada.north@example.org', ['email']],
  note: ['my.north.note', 'a sentence that nobody knows', ['content']],
  password: ['north.password', 'hunter-north-2', ['secret']],
} as const;
type Kind = keyof typeof hidden;
const kinds = Object.keys(hidden) as Kind[];
/** Names that nobody knows are not told: anybody can make them up. */
const fieldOf = (name: string) => (name.includes('north') ? 'other' : name);

test('otelier_redactions says how often which rule was applied to which field, and never what stood there', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.subarray(kinds), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
      async (batches) => {
        const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
        const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
        const receiver = memoryReceiver();
        const pipelines = definePipelines({
          logs: { events: { receivers: [receiver], processors: [redact()], exporters: [memoryExporter()] } },
        });
        const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
        const collector = createCollector(pipelines, { meter, logger });
        await collector.start();
        const expected = new Map<string, number>();
        for (const records of batches) {
          for (const kind of records.flat()) {
            const [name, , rules] = hidden[kind];
            for (const rule of rules) {
              const key = `${fieldOf(name)}:${rule}`;
              expected.set(key, (expected.get(key) ?? 0) + 1);
            }
          }
          const data = records.map((each) => ({
            attributes: Object.fromEntries(each.map((kind) => [hidden[kind][0], hidden[kind][1]])),
          }));
          await receiver.send(buildLogs([{ records: data }]));
        }
        await reader.forceFlush();
        const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((one) => one.metrics));
        const points = metrics.find(({ descriptor }) => descriptor.name === 'otelier_redactions')?.dataPoints ?? [];
        const counted = points.map(
          ({ attributes, value }) => [`${attributes.field}:${attributes.rule}`, value] as const,
        );
        expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(expected));
        // None of its attributes is anything but these two.
        for (const { attributes } of points) expect(Object.keys(attributes).sort()).toEqual(['field', 'rule']);
        expect(JSON.stringify(metrics)).not.toContain('north');
        await collector.shutdown();
        await reader.shutdown();
      },
    ),
    { numRuns: 30 },
  );
});
