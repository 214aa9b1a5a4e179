import { type ClientHttp2Session, connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import type { Random } from '../random.js';

const services = ['logs.v1.LogsService', 'metrics.v1.MetricsService', 'trace.v1.TraceService'];
const patienceMs = 20_000;

/** One gRPC call as an HTTP/2 client makes it. */
export interface GrpcCall {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A call whose message, framing, compression or metadata may be wrong, on a sound HTTP/2 connection. */
export function grpcCall(message: Buffer, random: Random): GrpcCall {
  const isGzip = random.below(4) === 0;
  const sent = isGzip ? gzipSync(message, { level: 1 }) : message;
  const head = Buffer.alloc(5);
  head.writeUInt32BE(random.below(10) === 0 ? random.below(2 * sent.length + 2) : sent.length, 1);
  head[0] = random.below(20) === 0 ? random.bits() : isGzip ? 1 : 0;
  const frame = Buffer.concat([head, sent]);
  const service = random.below(15) === 0 ? 'nowhere' : random.pick(services);
  const encoding = isGzip ? 'gzip' : random.pick(['identity', 'identity', 'identity', 'gzip', 'deflate', 'br']);
  return {
    headers: {
      ':method': 'POST',
      ':path': `/opentelemetry.proto.collector.${service}/Export`,
      'content-type': random.below(20) === 0 ? 'application/json' : 'application/grpc',
      te: 'trailers',
      'grpc-encoding': encoding,
      ...(random.below(20) === 0 ? { 'grpc-timeout': random.pick(['1n', '10S', 'never']) } : {}),
    },
    body: random.below(12) === 0 ? Buffer.concat([frame, frame]) : random.below(25) === 0 ? Buffer.alloc(0) : frame,
  };
}

/** An empty request, as a sound client sends it. */
export const honestCall: GrpcCall = {
  headers: {
    ':method': 'POST',
    ':path': `/opentelemetry.proto.collector.${services[0]}/Export`,
    'content-type': 'application/grpc',
    te: 'trailers',
  },
  body: Buffer.alloc(5),
};

/** HTTP/2 connections to the door, opened anew when the door has closed one. */
export class GrpcCaller {
  private readonly port: number;
  private session: ClientHttp2Session | undefined;

  constructor(port: number) {
    this.port = port;
  }

  /** The `grpc-status` of the answer, the HTTP status when there is no other, `'reset'`, or `'hung'`. */
  call({ headers, body }: GrpcCall): Promise<string> {
    return new Promise((resolve) => {
      const stream = this.open().request(headers);
      let status = 'reset';
      const patience = setTimeout(() => {
        status = 'hung';
        stream.close();
      }, patienceMs);
      const read = (got: Record<string, unknown>) => {
        if (got['grpc-status'] !== undefined) status = String(got['grpc-status']);
        else if (got[':status'] !== undefined && got[':status'] !== 200) status = `HTTP ${got[':status']}`;
      };
      stream.on('response', read);
      stream.on('trailers', read);
      stream.on('data', () => {});
      stream.on('error', () => {});
      stream.on('close', () => {
        clearTimeout(patience);
        resolve(status);
      });
      stream.end(body);
    });
  }

  close(): void {
    this.session?.destroy();
  }

  private open(): ClientHttp2Session {
    if (this.session === undefined || this.session.closed || this.session.destroyed) {
      this.session = connect(`http://127.0.0.1:${this.port}`);
      this.session.on('error', () => {});
    }
    return this.session;
  }
}
