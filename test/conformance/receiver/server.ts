import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type Signal, signals } from '@otelier/core';
import { request } from 'undici';
import { expect } from 'vitest';
import type { OtlpReceiverOptions } from '../../../packages/receivers/src/otlp/options.js';
import { otlpReceiver } from '../../../packages/receivers/src/otlp/otlp.js';
import { type Arrived, recorded, serve, testHost } from '../../../packages/receivers/test/harness.js';
import { parseRequest } from '../../../packages/testing/src/captures/request.js';
import { converse } from '../../fuzz/live/converse.js';

export { speak } from '../../../packages/receivers/test/harness.js';
export type Served = Awaited<ReturnType<typeof serve>>;

interface Setting {
  readonly options?: OtlpReceiverOptions;
  readonly take?: (arrived: Arrived) => void | Promise<void>;
  readonly limitBytes?: number;
  readonly signals?: readonly Signal[];
}

/** Runs a check against a real receiver on free ports, and closes it. */
export async function receiving(run: (served: Served) => Promise<void>, setting: Setting = {}): Promise<void> {
  const receiver = otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0', ...setting.options });
  const served = await serve(receiver, setting.take, testHost(setting.limitBytes), setting.signals ?? signals);
  try {
    await run(served);
  } finally {
    await served.close();
  }
}

export const types = { protobuf: 'application/x-protobuf', json: 'application/json' } as const;
export type Encoding = keyof typeof types;
export const encodings = ['protobuf', 'json'] as const;

/** A recorded request of a signal; in JSON, where none was recorded so, it is another's rendering. */
export function sample(signal: Signal, encoding: Encoding): Buffer {
  const found = recorded().find((each) => each.signal === signal && each.encoding === encoding);
  if (found !== undefined) return found.bytes;
  if (encoding === 'protobuf') return expect.unreachable(`no recorded ${signal}`);
  return Buffer.from(parseRequest(signal, sample(signal, 'protobuf')).toJson());
}

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Posts as an OTLP client does; the answer as it came. */
export async function post(
  served: Served,
  signal: Signal,
  body: Buffer | string,
  encoding: Encoding = 'protobuf',
  more: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  const headers = { 'content-type': types[encoding], ...more };
  const answer = await request(`${served.http}/v1/${signal}`, { method: 'POST', body, headers });
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  return {
    status: answer.statusCode,
    type: String(answer.headers['content-type']),
    headers: answer.headers,
    body: bytes,
  };
}

const services: Readonly<Record<Signal, string>> = {
  logs: 'logs.v1.LogsService',
  metrics: 'metrics.v1.MetricsService',
  traces: 'trace.v1.TraceService',
};

export interface GrpcAnswer {
  readonly code: number;
  readonly message: string;
  readonly body: Buffer;
  /** `grpc-status-details-bin`. */
  readonly details: Buffer | undefined;
}

const asIs = (bytes: Buffer): Buffer => bytes;

/** Calls as a gRPC client does. */
export function call(served: Served, signal: Signal, body: Buffer, isGzip = false): Promise<GrpcAnswer> {
  const client = new Client(served.grpc, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': isGzip ? 2 : 0,
    'grpc.max_send_message_length': -1,
  });
  const path = `/opentelemetry.proto.collector.${services[signal]}/Export`;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, asIs, asIs, body, new Metadata(), (error: ServiceError | null, answer?: Buffer) => {
      client.close();
      const [details] = error?.metadata?.get('grpc-status-details-bin') ?? [];
      resolve({
        code: error?.code ?? 0,
        message: error?.details ?? '',
        body: answer ?? Buffer.alloc(0),
        details: Buffer.isBuffer(details) ? details : undefined,
      });
    });
  });
}

/** Bodies that are no request. */
export const broken = { protobuf: Buffer.from([0x0a, 0x7f]), json: Buffer.from('{"resourceLogs":[') };

/** The head of a request of logs on a plain socket, but for its end. */
export const postHead = 'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n';

/** The first answer to bytes on a plain socket: its status, type and body. */
export async function raw(port: number, text: string): Promise<{ status: number; type: string; body: Buffer }> {
  const { bytes } = await converse(port, [Buffer.from(text)]);
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.toString('latin1', 0, end);
  const type = /^content-type: (.*)$/im.exec(head)?.[1] ?? '';
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
  return { status: Number(head.slice(9, 12)), type, body: bytes.subarray(end + 4, end + 4 + length) };
}
