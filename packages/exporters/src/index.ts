export { type ConsoleExporterOptions, consoleExporter } from './console/console.js';
export { type FileExporterOptions, fileExporter } from './file/file.js';
export {
  type HeaderSource,
  type Headers,
  HeadersHelper,
  type HeadersHelperOptions,
  headersHelper,
  type OtlpExporterFromEnvOptions,
  type OtlpExporterOptions,
  type OtlpProtocol,
  otlpExporter,
  otlpExporterFromEnv,
  type SecretHeaders,
  type TlsFiles,
} from './otlp/otlp.js';
export { type QueueOptions, queue, type WhenFull } from './queue/queue.js';
export { type RetryOptions, retry } from './retry/retry.js';
