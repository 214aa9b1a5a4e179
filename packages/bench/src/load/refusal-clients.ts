import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { Pool } from 'undici';

/** Sends bodies to one server, over many connections or streams at a time. */
export interface Client {
  /** Resolves with the status of the answer: of HTTP, or of gRPC. */
  send(body: Buffer): Promise<number>;
  close(): Promise<void>;
}

/** OTLP/HTTP over up to 32 kept-alive connections. */
export function httpClient(port: number): Client {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 32, pipelining: 1 });
  const headers = { 'content-type': 'application/x-protobuf' };
  return {
    async send(body) {
      const response = await pool.request({ method: 'POST', path: '/v1/logs', headers, body });
      await response.body.dump();
      return response.statusCode;
    },
    close: () => pool.destroy(),
  };
}

const head = {
  ':method': 'POST',
  ':path': '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  'content-type': 'application/grpc',
  te: 'trailers',
  'user-agent': 'grpc-node-js/1.14.7',
};

// As grpc-js does: Node counts what a refused call had still to send as if it were kept, and ends the calls of a client that has a bound.
const settings = { maxSessionMemory: Number.MAX_SAFE_INTEGER };

/** OTLP/gRPC over four connections in turn; bare HTTP/2, so that a server that refuses has the most to do that one client can give it. */
export function grpcClient(port: number): Client {
  const sessions = Array.from({ length: 4 }, () => connect(`http://127.0.0.1:${port}`, settings));
  let next = 0;
  return {
    async send(body) {
      const stream = (sessions[next++ % sessions.length] as ClientHttp2Session).request(head);
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(body.length, 1);
      stream.cork();
      stream.write(prefix);
      stream.end(body);
      stream.uncork();
      let status: unknown;
      const onHeaders = (headers: Record<string, unknown>): void => {
        status = headers['grpc-status'] ?? status;
      };
      stream.on('response', onHeaders).on('trailers', onHeaders).resume();
      // A call may be answered before all of it was sent; it is over when its stream is.
      await once(stream, 'close');
      return Number(status);
    },
    async close() {
      for (const session of sessions) session.destroy();
    },
  };
}
