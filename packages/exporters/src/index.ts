export { type ConsoleExporterOptions, consoleExporter } from './console/console.js';
export { type FailoverOptions, failover } from './failover/failover.js';
export { type FileExporterOptions, fileExporter } from './file/file.js';
export { type BalanceBy, type LoadBalanceOptions, loadBalance } from './load-balance/load-balance.js';
export { type MirrorOptions, mirror } from './mirror/mirror.js';
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
export {
  batchesOf,
  type Keep as QueueKeep,
  type QueueOptions,
  type QueueSummary,
  queue,
  queuesIn,
  type StoredBatch,
  type WhenFull,
} from './queue/queue.js';
export { type RetryOptions, retry } from './retry/retry.js';
