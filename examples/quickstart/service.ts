import {
  type Collector,
  consoleExporter,
  createCollector,
  definePipelines,
  type Exporter,
  otlpReceiver,
  redactPrompts,
} from 'otelier';

/** Starts a collector inside this program: OTLP comes in on `http`, and leaves redacted through `exporter`. */
export async function startTelemetry(
  http = '127.0.0.1:4318',
  exporter: Exporter<'logs' | 'metrics'> = consoleExporter(),
): Promise<Collector> {
  const receiver = otlpReceiver({ http, grpc: false });
  const collector = createCollector(
    definePipelines({
      logs: { events: { receivers: [receiver], processors: [redactPrompts()], exporters: [exporter] } },
      metrics: { usage: { receivers: [receiver], processors: [redactPrompts()], exporters: [exporter] } },
      telemetry: { logLevel: 'warn' },
    }),
  );
  collector.events$.subscribe((event) => {
    if (event.type === 'refused') console.warn(`${event.component} refused ${event.count}: ${event.reason}`);
  });
  await collector.start();
  return collector;
}
