export { type ConsoleExporterOptions, consoleExporter } from './console/console.js';
export { type FileExporterOptions, fileExporter } from './file/file.js';
export {
  type HeaderSource,
  type Headers,
  type OtlpExporterFromEnvOptions,
  type OtlpExporterOptions,
  type OtlpProtocol,
  otlpExporter,
  otlpExporterFromEnv,
  type TlsFiles,
} from './otlp/otlp.js';
export {
  batchesOf,
  type QueueOptions,
  type QueueSummary,
  queue,
  queuesIn,
  type StoredBatch,
  type WhenFull,
} from './queue/queue.js';
export { type RetryOptions, retry } from './retry/retry.js';
