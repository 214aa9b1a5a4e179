import { definePipelines, type PipelinesConfig } from '@otelier/core';
import { cumulativeToDelta, dropAttributes, redactPrompts, validateResource } from '@otelier/processors';
import { otlpReceiver } from '@otelier/receivers';
import { type MemoryExporter, memoryExporter } from '@otelier/testing';

/** The processors of the reference pipeline between real doors on free ports and an exporter that keeps everything. */
export function demoPipelines(): { config: PipelinesConfig; exporter: MemoryExporter } {
  const exporter = memoryExporter();
  const receivers = [otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0' })];
  const exporters = [exporter];
  const merge = [cumulativeToDelta(), dropAttributes(['session.id', 'user.account_uuid'])];
  const config = definePipelines({
    logs: { events: { receivers, processors: [validateResource(), redactPrompts()], exporters } },
    metrics: { usage: { receivers, processors: [validateResource(), redactPrompts(), ...merge], exporters } },
    traces: { spans: { receivers, processors: [validateResource(), redactPrompts()], exporters } },
    telemetry: { logLevel: 'warn' },
  });
  return { config, exporter };
}
