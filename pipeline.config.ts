// The reference pipeline: Claude Code's telemetry comes in, and leaves redacted, validated and with few series.
// Run it with `npx otelier run`; point Claude Code at it with what `npx otelier env` prints.
import {
  consoleExporter,
  cumulativeToDelta,
  definePipelines,
  deltaToCumulative,
  dropAttributes,
  elsewhere,
  env,
  fileExporter,
  otlpExporterFromEnv,
  otlpReceiver,
  queue,
  redactPrompts,
  retry,
  validateResource,
} from 'otelier';

// The doors, on this machine only.
const grpc = env('OTELIER_GRPC', '127.0.0.1:4317');
const http = env('OTELIER_HTTP', '127.0.0.1:4318');
const claudeCode = otlpReceiver({ grpc, http });

// What came in, for other programs; and the state of the processors and the queue, which survive restarts and crashes.
const dataDir = env('OTELIER_DATA', './data');

// The screen, a file of OTLP JSON lines per signal, and any OTLP endpoint that OTEL_EXPORTER_OTLP_* names.
// The queue answers when the data is on disk and delivers when the endpoint takes it: Claude Code waits two seconds at its exit, no longer.
// The same variables point Claude Code at us: elsewhere() leaves out those that name our own doors.
// None of them may get private texts or secrets: `otelier check` refuses a pipeline that would let them through.
const clearance = ['label', 'identity'] as const;
const upstream = otlpExporterFromEnv(elsewhere([grpc, http]), { clearance });
const exporters = [
  consoleExporter({ clearance }),
  fileExporter({ dir: dataDir, clearance }),
  ...(upstream ? [queue(retry(upstream))] : []),
];

// Metrics leave as deltas: they can be added up by anyone.
// Prometheus and VictoriaMetrics want cumulative series: OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative.
const cumulative = env('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'delta').toLowerCase() === 'cumulative';

export default definePipelines({
  dataDir,
  // What `npx otelier status` asks, and probes: /healthz, /readyz, /status.
  health: { endpoint: env('OTELIER_HEALTH', '127.0.0.1:13133') },
  logs: {
    events: { receivers: [claudeCode], processors: [validateResource(), redactPrompts()], exporters },
  },
  metrics: {
    usage: {
      receivers: [claudeCode],
      processors: [
        validateResource(),
        redactPrompts(),
        // Series that become equal without these attributes are added up. In any order, but on deltas it costs least.
        cumulativeToDelta(),
        dropAttributes(['session.id', 'user.account_uuid']),
        ...(cumulative ? [deltaToCumulative()] : []),
      ],
      exporters,
    },
  },
  traces: {
    spans: { receivers: [claudeCode], processors: [validateResource(), redactPrompts()], exporters },
  },
});
