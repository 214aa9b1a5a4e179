import { signals } from '@otelier/core';

const perSignal = [
  'ENDPOINT',
  'PROTOCOL',
  'HEADERS',
  'TIMEOUT',
  'COMPRESSION',
  'CERTIFICATE',
  'CLIENT_KEY',
  'CLIENT_CERTIFICATE',
  'INSECURE',
];
const exporter = ['', ...signals.map((signal) => `${signal.toUpperCase()}_`)].flatMap((signal) =>
  perSignal.map((name) => `OTEL_EXPORTER_OTLP_${signal}${name}`),
);

/** Variables that steer Claude Code's telemetry or the OpenTelemetry SDK in it. */
export const knownVariables: ReadonlySet<string> = new Set([
  ...exporter,
  'CLAUDE_CODE_ENABLE_TELEMETRY',
  'CLAUDE_CODE_ENHANCED_TELEMETRY_BETA',
  'CLAUDE_CODE_OTEL_HEADERS_HELPER_DEBOUNCE_MS',
  'CLAUDE_CODE_OTEL_FLUSH_TIMEOUT_MS',
  'CLAUDE_CODE_OTEL_SHUTDOWN_TIMEOUT_MS',
  'OTEL_METRICS_EXPORTER',
  'OTEL_LOGS_EXPORTER',
  'OTEL_TRACES_EXPORTER',
  'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
  'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION',
  'OTEL_EXPORTER_PROMETHEUS_HOST',
  'OTEL_EXPORTER_PROMETHEUS_PORT',
  'OTEL_METRIC_EXPORT_INTERVAL',
  'OTEL_METRIC_EXPORT_TIMEOUT',
  'OTEL_LOGS_EXPORT_INTERVAL',
  'OTEL_TRACES_EXPORT_INTERVAL',
  ...['BLRP', 'BSP'].flatMap((processor) =>
    ['SCHEDULE_DELAY', 'EXPORT_TIMEOUT', 'MAX_QUEUE_SIZE', 'MAX_EXPORT_BATCH_SIZE'].map(
      (name) => `OTEL_${processor}_${name}`,
    ),
  ),
  'OTEL_LOG_LEVEL',
  'OTEL_LOG_USER_PROMPTS',
  'OTEL_LOG_TOOL_DETAILS',
  'OTEL_LOG_TOOL_CONTENT',
  'OTEL_LOG_RAW_API_BODIES',
  'OTEL_LOG_ASSISTANT_RESPONSES',
  'OTEL_METRICS_INCLUDE_SESSION_ID',
  'OTEL_METRICS_INCLUDE_VERSION',
  'OTEL_METRICS_INCLUDE_ACCOUNT_UUID',
  'OTEL_METRICS_INCLUDE_ENTRYPOINT',
  'OTEL_METRICS_INCLUDE_RESOURCE_ATTRIBUTES',
  'OTEL_METRICS_INCLUDE_REPOSITORY',
  'OTEL_METRICS_EXEMPLAR_FILTER',
  'OTEL_RESOURCE_INCLUDE_HOST',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_SERVICE_NAME',
  'OTEL_SDK_DISABLED',
  'OTEL_NODE_RESOURCE_DETECTORS',
  'OTEL_PROPAGATORS',
  'OTEL_SEMCONV_STABILITY_OPT_IN',
  'OTEL_TRACES_SAMPLER',
  'OTEL_TRACES_SAMPLER_ARG',
  'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT',
  'OTEL_ATTRIBUTE_COUNT_LIMIT',
  'OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT',
  'OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT',
  'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
  'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT',
  'OTEL_SPAN_EVENT_COUNT_LIMIT',
  'OTEL_SPAN_LINK_COUNT_LIMIT',
  'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT',
  'OTEL_LINK_ATTRIBUTE_COUNT_LIMIT',
  'DISABLE_TELEMETRY',
]);

/** Whether a name is, or was meant to be, one of those that steer telemetry. */
export function isTelemetryVariable(name: string): boolean {
  return /^OTEL_|^CLAUDE_CODE_(?:OTEL_|ENABLE_TELEMETRY|ENHANCED_TELEMETRY)/.test(name) || knownVariables.has(name);
}

/** The known name that an unknown one was probably meant to be: at most two letters away. */
export function meantVariable(name: string): string | undefined {
  if (knownVariables.has(name)) return undefined;
  let best: string | undefined;
  let least = 3;
  for (const known of knownVariables) {
    const away = distance(name, known, least);
    if (away < least) [best, least] = [known, away];
  }
  return best;
}

/** Letters to insert, delete, replace or swap; `limit` when there are at least as many. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let [before, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, (last[j] as number) + 1, (row[j - 1] as number) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j] as number, (before[j - 2] as number) + 1);
    }
    [before, last] = [last, row];
  }
  return Math.min(limit, last[b.length] as number);
}
