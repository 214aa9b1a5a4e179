import {
  cumulativeToDelta,
  definePipelines,
  deltaToCumulative,
  dropAttributes,
  env,
  otlpExporter,
  otlpReceiver,
  queue,
  redactPrompts,
  retry,
  validateResource,
} from 'otelier';

const claudeCode = otlpReceiver({
  grpc: env('OTELIER_GRPC', '127.0.0.1:4317'),
  http: env('OTELIER_HTTP', '127.0.0.1:4318'),
});

const victoriaMetrics = otlpExporter({
  name: 'victoria-metrics',
  metricsEndpoint: `${env('VICTORIA_METRICS', 'http://127.0.0.1:8428')}/opentelemetry/v1/metrics`,
  // increase() and rate() need cumulative series; a pipeline that would send deltas here is refused.
  temporality: 'cumulative',
});

const victoriaLogs = otlpExporter({
  name: 'victoria-logs',
  logsEndpoint: `${env('VICTORIA_LOGS', 'http://127.0.0.1:9428')}/insert/opentelemetry/v1/logs`,
  headers: {
    // Without it every resource attribute makes a new stream: each client version, each kernel release.
    'VL-Stream-Fields': 'service.name,team.id',
    // The record's own time says the same.
    'VL-Ignore-Fields': 'event.timestamp',
  },
});

export default definePipelines({
  // The queues and the state of the processors, which survive restarts and crashes.
  dataDir: env('OTELIER_DATA', './data'),
  logs: {
    events: {
      receivers: [claudeCode],
      processors: [validateResource(), redactPrompts()],
      exporters: [queue(retry(victoriaLogs))],
    },
  },
  metrics: {
    usage: {
      receivers: [claudeCode],
      processors: [
        validateResource(),
        redactPrompts(),
        cumulativeToDelta(),
        dropAttributes(['session.id', 'user.account_uuid']),
        deltaToCumulative(),
      ],
      exporters: [queue(retry(victoriaMetrics))],
    },
  },
});
