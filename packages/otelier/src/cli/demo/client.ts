import { Agent, request } from 'node:http';
import { connect, constants } from 'node:http2';
import type { CapturedRequest } from '@otelier/testing';

/** Sends recorded requests as they were recorded. */
export interface Client {
  /** Resolves when the receiver took the request; rejects with what it said when it did not. */
  send(recorded: CapturedRequest): Promise<void>;
  close(): void;
}

/** A client of an OTLP/HTTP receiver: bodies go as they were recorded, protobuf or JSON. */
export function httpClient(endpoint: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const base = endpoint.replace(/\/+$/, '');
  return {
    send: ({ signal, bytes, encoding }) =>
      new Promise((resolve, reject) => {
        const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
        const headers = { 'content-type': type, 'content-length': bytes.length };
        const outgoing = request(`${base}/v1/${signal}`, { method: 'POST', agent, headers }, (answer) => {
          answer.resume();
          answer.on('end', () => {
            if (answer.statusCode === 200) resolve();
            else reject(new Error(`${base}/v1/${signal} answered ${answer.statusCode}`));
          });
        });
        outgoing.on('error', reject);
        outgoing.end(bytes);
      }),
    close: () => agent.destroy(),
  };
}

const services = {
  logs: 'logs.v1.LogsService',
  metrics: 'metrics.v1.MetricsService',
  traces: 'trace.v1.TraceService',
} as const;

/** A client of an OTLP/gRPC receiver that sends bodies as bytes: a unary call is one HTTP/2 stream with a length-prefixed message. */
export function grpcClient(endpoint: string): Client {
  const session = connect(endpoint.replace(/^grpc:/, 'http:'));
  // A failed connection fails every stream; without a listener it would also end the process.
  session.on('error', () => {});
  return {
    send: ({ signal, bytes }) =>
      new Promise((resolve, reject) => {
        const path = `/opentelemetry.proto.collector.${services[signal]}/Export`;
        const stream = session.request({
          [constants.HTTP2_HEADER_METHOD]: 'POST',
          [constants.HTTP2_HEADER_PATH]: path,
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        let status: unknown;
        const read = (headers: Record<string, unknown>): void => {
          status = headers['grpc-status'] ?? status;
        };
        stream.on('response', read);
        stream.on('trailers', read);
        stream.on('error', reject);
        stream.on('close', () =>
          String(status) === '0' ? resolve() : reject(new Error(`${path} answered grpc-status ${status}`)),
        );
        stream.resume();
        const prefix = Buffer.alloc(5);
        prefix.writeUInt32BE(bytes.length, 1);
        stream.end(Buffer.concat([prefix, bytes]));
      }),
    close: () => session.destroy(),
  };
}
