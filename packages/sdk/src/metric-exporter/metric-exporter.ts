import type { ExportResult } from '@opentelemetry/core';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import {
  AggregationTemporality,
  InstrumentType,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { Consume } from '@otelier/core';
import { MetricsBatch } from '@otelier/otlp';
import { Deliveries, sdkFlow } from '../deliveries.js';
import { report } from '../outcome.js';

/** How counters and histograms leave the SDK. */
export interface PipelineMetricExporterOptions {
  /** Default `delta`, which a pipeline can merge and convert without knowing the past. Up-down counters stay cumulative. */
  readonly temporality?: 'delta' | 'cumulative';
}

/**
 * Sends the metrics of an OpenTelemetry SDK into a pipeline.
 *
 * ```ts
 * new PeriodicExportingMetricReader({ exporter: new PipelineMetricExporter(collector.input('metrics')) });
 * ```
 */
export class PipelineMetricExporter implements PushMetricExporter {
  readonly #input: Consume<MetricsBatch>;
  readonly #temporality: 'delta' | 'cumulative';
  readonly #deliveries = new Deliveries();

  constructor(input: Consume<MetricsBatch>, options: PipelineMetricExporterOptions = {}) {
    this.#input = input;
    this.#temporality = options.temporality ?? 'delta';
  }

  export(metrics: ResourceMetrics, tell: (result: ExportResult) => void): void {
    report(
      this.#deliveries.run(() => this.#deliver(metrics)),
      tell,
    );
  }

  async #deliver(metrics: ResourceMetrics): Promise<void> {
    const bytes = ProtobufMetricsSerializer.serializeRequest(metrics);
    if (bytes !== undefined) await this.#input(MetricsBatch.parse(bytes, { owned: true }), sdkFlow);
  }

  /** The current value of an up-down counter is a level, so only counters and histograms follow the option (metrics data model). */
  selectAggregationTemporality(type: InstrumentType): AggregationTemporality {
    const isLevel = type === InstrumentType.UP_DOWN_COUNTER || type === InstrumentType.OBSERVABLE_UP_DOWN_COUNTER;
    const delta = this.#temporality === 'delta' && !isLevel;
    return delta ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
  }

  forceFlush(): Promise<void> {
    return this.#deliveries.settled();
  }

  shutdown(): Promise<void> {
    return this.#deliveries.close();
  }
}
