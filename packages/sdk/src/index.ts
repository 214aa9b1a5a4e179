export { PipelineLogExporter } from './log-exporter/log-exporter.js';
export { PipelineMetricExporter, type PipelineMetricExporterOptions } from './metric-exporter/metric-exporter.js';
export { type SelfTelemetry, type SelfTelemetryOptions, selfTelemetry } from './self-telemetry/self-telemetry.js';
