import { type ClientHttp2Session, connect } from 'node:http2';
import { decodeExportResponse } from '@otelier/otlp';
import { type Answer, silenceOf } from './answer.js';
import type { Request } from './send.js';

const services = {
  logs: 'logs.v1.LogsService',
  metrics: 'metrics.v1.MetricsService',
  traces: 'trace.v1.TraceService',
} as const;

/** Names of gRPC status codes (google.rpc.Code). */
const codes =
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'.split(
    ' ',
  );

/** Sends one request by OTLP over gRPC: a unary call is one HTTP/2 stream with a length-prefixed message. */
export function sendGrpc(request: Request): Promise<Answer> {
  const { url, tls, timeoutMs } = request;
  const isTls = url.protocol === 'https:';
  return new Promise((resolve) => {
    let session: ClientHttp2Session | undefined;
    let lost: unknown;
    const end = (answer: Answer): void => {
      clearTimeout(timer);
      session?.destroy();
      resolve(answer);
    };
    const fail = (error: unknown): void => end({ kind: 'silent', why: silenceOf(lost ?? error) });
    const timer = setTimeout(() => end({ kind: 'silent', why: 'time-out' }), timeoutMs);
    try {
      session = connect(url.origin, isTls ? { ...tls, ALPNProtocols: ['h2'] } : {});
      session.on('error', (error) => {
        lost ??= error;
      });
      // A server of HTTP/1 hangs up on what it takes for nonsense.
      session.on('close', () => (lost === undefined ? end({ kind: 'silent', why: 'not-this-protocol' }) : fail(lost)));
      // What happened to the connection says more than what that did to the stream, but comes after it.
      call(session, request, end, (error) => setImmediate(fail, error));
    } catch (error) {
      fail(error);
    }
  });
}

function call(
  session: ClientHttp2Session,
  { signal, headers, body }: Request,
  end: (answer: Answer) => void,
  fail: (error: unknown) => void,
): void {
  const stream = session.request({
    ...headers,
    ':method': 'POST',
    ':path': `/opentelemetry.proto.collector.${services[signal]}/Export`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  let status: string | undefined;
  let message = '';
  let type = '';
  let http = 0;
  const read = (received: Readonly<Record<string, unknown>>): void => {
    http = Number(received[':status'] ?? http);
    type = String(received['content-type'] ?? type);
    status = received['grpc-status'] === undefined ? status : String(received['grpc-status']);
    message = String(received['grpc-message'] ?? message);
  };
  const chunks: Buffer[] = [];
  stream.on('response', read);
  stream.on('trailers', read);
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', fail);
  stream.on('end', () => {
    if (status === undefined && !type.startsWith('application/grpc')) end({ kind: 'foreign', code: `HTTP ${http}` });
    else if (status === '0') end(accepted(signal, Buffer.concat(chunks)));
    else end({ kind: 'refused', code: codes[Number(status)] ?? `status ${status}`, message: decode(message) });
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  stream.end(Buffer.concat([prefix, body]));
}

function accepted(signal: Request['signal'], body: Buffer): Answer {
  try {
    const partial = decodeExportResponse(signal, body.subarray(5), 'protobuf');
    return partial === undefined ? { kind: 'accepted' } : { kind: 'partial', ...partial };
  } catch {
    return { kind: 'foreign', code: 'OK without an OTLP answer' };
  }
}

/** `grpc-message` is percent-encoded (gRPC over HTTP/2, "Responses"). */
function decode(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
