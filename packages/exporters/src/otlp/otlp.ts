import type { Exporter, Signal } from '@otelier/core';
import { endpoints } from './endpoint.js';
import { type OtlpExporterOptions, otlpSettings } from './options.js';
import { otlpStages } from './stages.js';

export { type OtlpExporterFromEnvOptions, otlpExporterFromEnv } from './env.js';
export type { HeaderSource, Headers, SecretHeaders } from './headers.js';
export { HeadersHelper, type HeadersHelperOptions, headersHelper } from './headers-helper.js';
export type { OtlpExporterOptions, OtlpProtocol, TlsFiles } from './options.js';

/**
 * Sends OTLP to a backend or another collector, over HTTP (protobuf or JSON) or gRPC, and resolves when it has answered.
 *
 * It tries once; wrap it in `retry()` and `queue()` for more. Answers are read as the OTLP specification says: throttling and outages
 * become errors that may be retried, partial success is counted as refused. A batch that nobody edited goes out as the bytes, and the
 * gzip, that came in.
 *
 * @throws {ConfigError} when an option is wrong or no endpoint is given.
 */
export function otlpExporter(options: OtlpExporterOptions): Exporter<Signal> {
  const settings = otlpSettings(options);
  return otlpStages(settings, endpoints(settings));
}
