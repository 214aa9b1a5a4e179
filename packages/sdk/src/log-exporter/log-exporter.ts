import type { ExportResult } from '@opentelemetry/core';
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import type { LogRecordExporter, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { Consume } from '@otelier/core';
import { LogsBatch } from '@otelier/otlp';
import { Deliveries, sdkFlow } from '../deliveries.js';
import { report } from '../outcome.js';

/**
 * Sends the log records of an OpenTelemetry SDK into a pipeline.
 *
 * ```ts
 * new BatchLogRecordProcessor({ exporter: new PipelineLogExporter(collector.input('logs')) });
 * ```
 * An export succeeds when the pipeline delivered the records and fails when it refused them; what happens in front of it
 * (the SDK's own queue drops when it is full) is the SDK's affair.
 */
export class PipelineLogExporter implements LogRecordExporter {
  readonly #input: Consume<LogsBatch>;
  readonly #deliveries = new Deliveries();

  constructor(input: Consume<LogsBatch>) {
    this.#input = input;
  }

  export(records: ReadableLogRecord[], tell: (result: ExportResult) => void): void {
    report(
      this.#deliveries.run(() => this.#deliver(records)),
      tell,
    );
  }

  async #deliver(records: ReadableLogRecord[]): Promise<void> {
    const bytes = ProtobufLogsSerializer.serializeRequest(records);
    if (bytes !== undefined) await this.#input(LogsBatch.parse(bytes, { owned: true }), sdkFlow);
  }

  forceFlush(): Promise<void> {
    return this.#deliveries.settled();
  }

  shutdown(): Promise<void> {
    return this.#deliveries.close();
  }
}
