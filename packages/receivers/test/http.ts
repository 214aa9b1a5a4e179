import type { RunningReceiver } from '@otelier/core';
import { Agent, request } from 'undici';
import { afterEach } from 'vitest';
import type { OtlpReceiverOptions } from '../src/otlp/options.js';
import { otlpReceiver } from '../src/otlp/otlp.js';
import { type Arrived, recorded, serve as serveReceiver, type TestHost, testHost } from './harness.js';

export const requests = recorded();
export const pb = requests.find(({ encoding, signal }) => encoding === 'protobuf' && signal === 'logs')
  ?.bytes as Buffer;
export const json = requests.find(({ encoding, signal }) => encoding === 'json' && signal === 'logs')?.bytes as Buffer;
export const protobufType = { 'content-type': 'application/x-protobuf' };

let running: RunningReceiver & { host: TestHost };
export const agent = new Agent({ connections: 1 });
afterEach(async () => {
  await running?.close();
});

/** A receiver with the HTTP door only, closed after the test. */
export async function serve(
  options: OtlpReceiverOptions = {},
  take?: (arrived: Arrived) => void | Promise<void>,
  host = testHost(),
  signals?: never,
) {
  const served = await serveReceiver(
    otlpReceiver({ grpc: false, http: '127.0.0.1:0', ...options }),
    take,
    host,
    signals,
  );
  running = served;
  return served;
}

/** Posts over a connection that is kept. */
export async function post(
  url: string,
  body: Buffer | string | undefined,
  headers: Record<string, string> = protobufType,
) {
  const {
    statusCode,
    headers: answered,
    body: answer,
  } = await request(url, { method: 'POST', body: body ?? null, headers, dispatcher: agent });
  return { status: statusCode, headers: answered, body: Buffer.from(await answer.arrayBuffer()) };
}
