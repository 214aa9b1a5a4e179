import type { Exporter, PipelineError, Signal, Stage } from '@otelier/core';
import { LogsBatch as Logs, type LogsBatch } from '@otelier/otlp';
import { type OtlpExporterOptions, otlpExporter } from '../../../packages/exporters/src/otlp/otlp.js';
import { startLogs, type TestFlow, type TestHost, testFlow, testHost } from '../../../packages/exporters/test/host.js';
import {
  type Answer,
  type GrpcAnswer,
  grpcServer,
  httpServer,
  type Seen,
} from '../../../packages/exporters/test/servers.js';
import { sample } from '../receiver/server.js';

/** A real exporter of logs and the backend that it sends to. */
export interface Sending {
  readonly seen: readonly Seen[];
  readonly url: string;
  readonly connections: () => number;
  readonly host: TestHost;
  /** Exports recorded logs, or others; resolves with the error, if there is one, and with what the exporter said of the items. */
  export(batch?: LogsBatch): Promise<{ readonly error: PipelineError | undefined; readonly flow: TestFlow }>;
}

type Options = Omit<OtlpExporterOptions, 'endpoint'>;
type Wrap = (exporter: Exporter<Signal>) => Exporter<Signal>;

/** Runs a check of an exporter against a scripted HTTP server. */
export async function sendingHttp(
  answer: (seen: Seen, call: number) => Answer,
  run: (sending: Sending) => Promise<void>,
  options: Options = {},
  wrap: Wrap = (exporter) => exporter,
): Promise<void> {
  const server = await httpServer(answer);
  try {
    const exporter = wrap(otlpExporter({ endpoint: server.url, ...options }));
    await withStage(exporter, { ...server, connections: () => server.connections }, run);
  } finally {
    await server.close();
  }
}

/** Runs a check of an exporter against a scripted gRPC server. */
export async function sendingGrpc(
  answer: (seen: Seen, call: number) => GrpcAnswer,
  run: (sending: Sending) => Promise<void>,
  options: Options = {},
  wrap: Wrap = (exporter) => exporter,
): Promise<void> {
  const server = await grpcServer(answer);
  try {
    const exporter = wrap(otlpExporter({ endpoint: server.url, protocol: 'grpc', ...options }));
    await withStage(exporter, { ...server, connections: () => 0 }, run);
  } finally {
    await server.close();
  }
}

/** Runs a check of any exporter of logs. */
export async function withStage(
  exporter: Exporter<Signal>,
  backend: Pick<Sending, 'seen' | 'url' | 'connections'>,
  run: (sending: Sending) => Promise<void>,
): Promise<void> {
  const host = testHost();
  const stage: Stage<LogsBatch> = await startLogs(exporter, host);
  const send: Sending['export'] = async (batch = recordedLogs()) => {
    const flow = testFlow();
    const error = await stage.consume(batch, flow).then(
      () => undefined,
      (failure: PipelineError) => failure,
    );
    return { error, flow };
  };
  try {
    await run({ ...backend, host, export: send });
  } finally {
    await stage.close?.();
  }
}

/** The recorded logs request that checks send. */
export function recordedLogs(): LogsBatch {
  return Logs.parse(Buffer.from(sample('logs', 'protobuf')));
}
