import type { Doors } from './senders.js';

/** What of the pipeline file a fault may change. */
export interface FileOptions {
  readonly workers?: number;
  readonly order?: 'series' | 'none';
  /** How long the exporter waits for the backend, in milliseconds. */
  readonly timeoutMs?: number;
  /** Further options of the receiver. */
  readonly receiver?: string;
}

/** The pipeline that all faults are about. */
export function pipelineFile(
  doors: Doors,
  endpoint: string,
  { workers = 4, order = 'none', timeoutMs = 5_000, receiver = '' }: FileOptions = {},
): string {
  return `import { definePipelines, otlpExporter, otlpReceiver, queue, retry } from 'otelier';
export default definePipelines({
  dataDir: './data',
  limits: { drain: '5s' },
  logs: {
    safe: {
      receivers: [otlpReceiver({ http: '127.0.0.1:${doors.http}', grpc: '127.0.0.1:${doors.grpc}', ${receiver} })],
      exporters: [
        queue(retry(otlpExporter({ endpoint: '${endpoint}', timeout: '${timeoutMs}ms' })), { workers: ${workers}, order: '${order}' }),
      ],
    },
  },
});
`;
}
