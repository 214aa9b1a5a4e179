import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { PipelineError } from '@otelier/core';
import type { LogsBatch } from '@otelier/otlp';
import { expect, test } from 'vitest';
import { PipelineLogExporter } from './log-exporter.js';

test('records of an SDK logger arrive with resource, scope, body and attributes, and the flush waits for their delivery', async () => {
  const batches: LogsBatch[] = [];
  let deliver = (): void => {};
  const delivered = new Promise<void>((resolve) => {
    deliver = resolve;
  });
  const exporter = new PipelineLogExporter(async (batch) => {
    await delivered;
    batches.push(batch);
  });
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    processors: [new BatchLogRecordProcessor({ exporter })],
  });
  const logger = provider.getLogger('cart', '1.2.3');
  logger.emit({ body: 'added', severityNumber: 9, attributes: { sku: 'a-1', count: 3, price: 2.5, gift: false } });
  logger.emit({ body: 'removed' });
  let flushed = false;
  const flush = provider.forceFlush().then(() => {
    flushed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(flushed).toBe(false);
  deliver();
  await flush;
  const [batch] = batches;
  const records = [...batch!.records()].map((record) => ({
    body: record.body,
    severity: record.severityNumber,
    attributes: record.attributes.toObject(),
    service: record.resource.attributes.get('service.name'),
    scope: `${record.scope.name}@${record.scope.version}`,
  }));
  const from = { service: 'shop', scope: 'cart@1.2.3' };
  expect(records).toEqual([
    { body: 'added', severity: 9, attributes: { sku: 'a-1', count: 3, price: 2.5, gift: false }, ...from },
    { body: 'removed', severity: 0, attributes: {}, ...from },
  ]);
  await provider.shutdown();
});

test('a refusal of the pipeline is the failure of the export, and after shutdown exports fail', async () => {
  const error = new PipelineError('unavailable', 'the backend is down');
  const exporter = new PipelineLogExporter(() => Promise.reject(error));
  const results: ExportResult[] = [];
  const provider = new LoggerProvider({
    processors: [
      new SimpleLogRecordProcessor({
        exporter: {
          export: (records, tell) =>
            exporter.export(records, (result) => {
              results.push(result);
              tell(result);
            }),
          shutdown: () => exporter.shutdown(),
          forceFlush: () => exporter.forceFlush(),
        },
      }),
    ],
  });
  provider.getLogger('x').emit({ body: 'lost' });
  await provider.forceFlush();
  expect(results).toEqual([{ code: ExportResultCode.FAILED, error }]);
  await provider.shutdown();
  const late = await new Promise<ExportResult>((resolve) => exporter.export([], resolve));
  expect(late.error?.message).toContain('shut down');
});
