import type { Meter } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { ConfigError, type Duration, type Logger, parseDuration, revealed, type Secret } from '@otelier/core';

/** Where a collector's own metrics go. */
export interface SelfTelemetryOptions {
  /** OTLP/HTTP endpoint, taken as it is: `http://127.0.0.1:4318/v1/metrics`. */
  readonly endpoint: string;
  /** Time between exports. Default `60s`. */
  readonly interval?: Duration;
  /** Request headers; values may be `secret.env()` and `secret.file()`. */
  readonly headers?: Readonly<Record<string, string | Secret>>;
}

/** A meter whose instruments are exported until `shutdown`. */
export interface SelfTelemetry {
  /** Give it to `createCollector(config, { meter })`. */
  readonly meter: Meter;
  /** Exports what is left and ends. Never rejects: metrics that cannot be sent must not stop a shutdown. */
  shutdown(): Promise<void>;
}

function plain(headers: Readonly<Record<string, string | Secret>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, revealed(value)]));
}

const quietMs = 60_000;

/** The SDK tells of them to nobody who has not set its global logger. */
function tellFailures(exporter: OTLPMetricExporter, endpoint: string, logger: Logger): void {
  const send = exporter.export.bind(exporter);
  const { origin, pathname } = new URL(endpoint);
  let quietUntil = Number.NEGATIVE_INFINITY;
  exporter.export = (metrics, done) =>
    send(metrics, (result) => {
      if (result.error !== undefined && Date.now() >= quietUntil) {
        quietUntil = Date.now() + quietMs;
        // Not the message, which may quote what the server has written.
        const { code = result.error.name } = result.error as { readonly code?: string | number };
        logger.warn({ endpoint: origin + pathname, reason: code }, "the collector's own metrics cannot be sent");
      }
      done(result);
    });
}

/**
 * Exports a collector's own metrics with the OpenTelemetry SDK over OTLP/HTTP in protobuf; `logger` hears once a minute that they cannot be sent.
 *
 * @throws {ConfigError} when an option is wrong.
 */
export function selfTelemetry(options: SelfTelemetryOptions, logger?: Logger): SelfTelemetry {
  const { endpoint, headers } = options;
  if (!URL.canParse(endpoint)) throw new ConfigError('selfTelemetry: endpoint', 'an http or https URL');
  const interval = parseDuration(options.interval ?? '60s');
  if (!interval) throw new ConfigError('selfTelemetry: interval', "a length of time above 0 such as '30s'");
  // The exporter tries again until its time-out, and a shutdown waits for it: a few seconds are enough for metrics.
  const exportTimeoutMillis = Math.min(interval, 3000);
  const exporter = new OTLPMetricExporter({
    url: endpoint,
    timeoutMillis: exportTimeoutMillis,
    ...(headers && { headers: async () => plain(headers) }),
  });
  if (logger !== undefined) tellFailures(exporter, endpoint, logger);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: interval, exportTimeoutMillis });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'otelier' }),
    readers: [reader],
  });
  return {
    meter: provider.getMeter('otelier'),
    shutdown: () => provider.shutdown().catch(() => {}),
  };
}
