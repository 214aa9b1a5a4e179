import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';

/** A request as an OTLP server saw it. */
export interface Seen {
  readonly path: string;
  readonly headers: IncomingHttpHeaders | Record<string, unknown>;
  /** As it came over the wire. */
  readonly raw: Buffer;
  /** Without gzip. */
  readonly body: Buffer;
}

/** What an HTTP server answers. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
  /** Do not answer at all. */
  readonly hang?: boolean;
  /** Close the connection instead of answering. */
  readonly cut?: boolean;
}

/** A real HTTP server that answers what it is told to. */
export async function httpServer(answer: (seen: Seen, call: number) => Answer | Promise<Answer>) {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const aborted: Promise<void>[] = [];
  const server = createServer(async (request, response) => {
    aborted.push(new Promise((resolve) => response.once('close', () => !response.writableFinished && resolve())));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const one = { path: request.url ?? '', headers: request.headers, raw, body };
    seen.push(one);
    const told = await answer(one, seen.length);
    if (told.hang) return;
    if (told.cut) return void request.socket.destroy();
    response.writeHead(told.status ?? 200, told.headers).end(told.body);
  });
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    aborted,
    get connections() {
      return connections;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a gRPC server answers: bytes, or a status. */
export type GrpcAnswer =
  | Buffer
  | { readonly code: number; readonly details?: string; readonly statusDetails?: Buffer }
  | 'hang';

const services = { logs: 'logs.v1.LogsService', metrics: 'metrics.v1.MetricsService', traces: 'trace.v1.TraceService' };
const asIs = (bytes: Buffer): Buffer => bytes;

/** A real gRPC server with the three OTLP services that answers what it is told to. */
export async function grpcServer(answer: (seen: Seen, call: number) => GrpcAnswer) {
  const seen: Seen[] = [];
  let cancelled = (): void => {};
  const cancelledOnce = new Promise<void>((resolve) => {
    cancelled = resolve;
  });
  const server = new Server({ 'grpc.max_receive_message_length': 16 * 1024 * 1024 });
  for (const service of Object.values(services)) {
    const path = `/opentelemetry.proto.collector.${service}/Export`;
    const definition = {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    } as const;
    const handler = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      call.on('cancelled', cancelled);
      const one = { path, headers: call.metadata.getMap(), raw: call.request, body: call.request };
      seen.push(one);
      const told = answer(one, seen.length);
      if (told === 'hang') return;
      if (Buffer.isBuffer(told)) return done(null, told);
      const metadata = new Metadata();
      if (told.statusDetails) metadata.set('grpc-status-details-bin', told.statusDetails);
      done({ code: told.code, details: told.details ?? 'details of the server', metadata });
    };
    server.addService({ Export: definition }, { Export: handler });
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    cancelled: cancelledOnce,
    async close() {
      server.forceShutdown();
    },
  };
}

export { status as grpcStatus };
