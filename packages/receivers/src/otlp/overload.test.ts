import { once } from 'node:events';
import { connect } from 'node:net';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { RunningReceiver } from '@otelier/core';
import { decodeStatus } from '@otelier/otlp';
import { type FakeClock, fakeClock } from '@otelier/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { serve, speak, type TestHost, testHost } from '../../test/harness.js';
import { json, pb } from '../../test/http.js';
import { otlpReceiver } from './otlp.js';

/** A receiver whose byte budget is used up, and which waits so long before it says so. */
async function full(refuseAfterMs = 0) {
  const clock: FakeClock = fakeClock();
  const host: TestHost = { ...testHost(1), clock };
  host.admission.hold(1);
  Object.assign(host.admission, { refuseAfterMs });
  const receiver = otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0' });
  const served = await serve(receiver, undefined, host);
  running = served;
  return { ...served, clock };
}

let running: RunningReceiver | undefined;
afterEach(() => running?.close());

const head = (type: string, length: number, more = '') =>
  `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/${type}\r\nContent-Length: ${length}\r\n${more}\r\n`;
const plain = (body: Buffer | string, type = 'x-protobuf') => [head(type, Buffer.byteLength(body)), body] as const;

describe('a full byte budget', () => {
  test.each([
    ['x-protobuf', pb, 'protobuf'],
    ['json', json, 'json'],
  ] as const)(
    '%s: 429 with Retry-After and a Status, again and again on one connection',
    async (type, body, encoding) => {
      const { port, arrived } = await full();
      const requests = Array.from({ length: 3 }, () => plain(body, type)).flat();
      const heard = await speak(port, [...requests, head(type, 0, 'Connection: close\r\n')]);
      const answers = heard.split(/(?=HTTP\/1\.1 )/);
      expect(answers.map((each) => each.slice(9, 12))).toEqual(['429', '429', '429', '200']);
      for (const answer of answers.slice(0, 3)) {
        expect(answer).toMatch(/\r\nRetry-After: 1\r\n/);
        const told = decodeStatus(Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1'), encoding);
        expect(told).toMatchObject({ code: 8, retryAfterMs: 1000, message: expect.stringMatching(/^\[overloaded\] /) });
      }
      expect(arrived).toHaveLength(0);
    },
  );

  test('a large body is read away, and what follows on the connection is understood', async () => {
    const { port, host } = await full();
    const heard = await speak(port, [...plain(Buffer.alloc(5_000_000)), ...plain(pb)], /(HTTP[\s\S]*){2}/);
    expect(heard.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 429', 'HTTP/1.1 429']);
    expect(host.admission.inFlightBytes).toBe(1);
  });

  test('gRPC: RESOURCE_EXHAUSTED with RetryInfo, again and again', async () => {
    const { grpc, arrived } = await full();
    const client = new Client(grpc, credentials.createInsecure());
    const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
    const asIs = (bytes: Buffer) => bytes;
    for (let i = 0; i < 3; i++) {
      const error = await new Promise<ServiceError | null>((resolve) => {
        client.makeUnaryRequest(path, asIs, asIs, pb, (why) => resolve(why));
      });
      expect(error?.code).toBe(status.RESOURCE_EXHAUSTED);
      const [details] = error?.metadata.get('grpc-status-details-bin') ?? [];
      expect(decodeStatus(details as Buffer, 'protobuf')).toMatchObject({ code: 8, retryAfterMs: 1000 });
    }
    expect(arrived).toHaveLength(0);
    client.close();
  });
});

describe('refusals that have to wait', () => {
  const inChunks = head('json', 0).replace('Content-Length: 0', 'Transfer-Encoding: chunked');
  test.each([
    ['whole', plain(pb), ['429', '429']],
    ['a large body', plain(Buffer.alloc(1_000_000)), ['429', '429']],
    [
      'as Node reads it',
      [head('x-protobuf', pb.length, 'Accept: a\r\n').replace('Host: a\r\n', 'Host: a\r\nA: \r\n'), pb],
      ['429', '429'],
    ],
    ['before the body is sent', [head('x-protobuf', pb.length, 'Expect: 100-continue\r\n')], ['429']],
    ['in chunks', [inChunks, '1\r\n{\r\n1\r\n}\r\n0\r\n\r\n'], ['429', '429']],
  ])('%s: told when the time is over, and the connection goes on', async (_, parts, expected) => {
    const { port, clock, arrived } = await full(100);
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
    for (const part of [...parts, ...(expected.length > 1 ? plain(pb) : [])]) socket.write(part);
    await expect.poll(() => clock.timers).toBeGreaterThan(0);
    await clock.advance(99);
    expect(heard).toBe('');
    const answers = async () => {
      await clock.advance(100);
      return heard.match(/(?<=HTTP\/1\.1 )\d+/g);
    };
    await expect.poll(answers).toEqual(expected);
    expect(arrived).toHaveLength(0);
    socket.destroy();
    await once(socket, 'close');
  });

  test('a sender that has gone by then does no harm', async () => {
    const { port, clock, host } = await full(100);
    const socket = connect(port, '127.0.0.1');
    for (const part of plain(pb)) socket.write(part);
    await expect.poll(() => clock.timers).toBe(1);
    socket.destroy();
    await once(socket, 'close');
    await clock.advance(100);
    expect(host.admission.inFlightBytes).toBe(1);
    expect((await speak(port, [...plain(''), head('json', 0, 'Connection: close\r\n')])).match(/HTTP\S+ \d+/g)).toEqual(
      ['HTTP/1.1 200', 'HTTP/1.1 200'],
    );
  });
});
