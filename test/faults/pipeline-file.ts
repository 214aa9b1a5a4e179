import type { Doors } from './senders.js';

/** What of the pipeline file a fault may change. */
export interface FileOptions {
  readonly workers?: number;
  readonly order?: 'series' | 'none';
  /** How long the exporter waits for the backend, in milliseconds. */
  readonly timeoutMs?: number;
  /** Further options of the receiver. */
  readonly receiver?: string;
  /** Files instead of a backend, and no queue in front of them. */
  readonly exporter?: 'file';
  /** What the backend speaks. */
  readonly protocol?: 'http/protobuf' | 'grpc';
}

/** The pipeline that all faults are about. */
export function pipelineFile(
  doors: Doors,
  endpoint: string,
  {
    workers = 4,
    order = 'none',
    timeoutMs = 5_000,
    receiver = '',
    protocol = 'http/protobuf',
    exporter,
  }: FileOptions = {},
): string {
  const backend = `otlpExporter({ endpoint: '${endpoint}', protocol: '${protocol}', timeout: '${timeoutMs}ms' })`;
  const queued = `queue(retry(${backend}), { workers: ${workers}, order: '${order}' })`;
  return `import { definePipelines, fileExporter, otlpExporter, otlpReceiver, queue, retry } from 'otelier';
export default definePipelines({
  dataDir: './data',
  limits: { drain: '5s' },
  logs: {
    safe: {
      receivers: [otlpReceiver({ http: '127.0.0.1:${doors.http}', grpc: '127.0.0.1:${doors.grpc}', ${receiver} })],
      exporters: [${exporter === 'file' ? "fileExporter({ dir: './out' })" : queued}],
    },
  },
});
`;
}
