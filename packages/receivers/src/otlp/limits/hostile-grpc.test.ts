import { once } from 'node:events';
import { connect as connectH2, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { RunningReceiver } from '@otelier/core';
import { decodeStatus } from '@otelier/otlp';
import { afterEach, describe, expect, test } from 'vitest';
import {
  CONTINUATION,
  closed,
  DATA,
  endHeaders,
  endStream,
  exportHeaders,
  flood,
  frame,
  GOAWAY,
  HEADERS,
  h2Socket,
  messagePrefix,
  PING,
  PRIORITY,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from '../../../test/h2.js';
import { type Arrived, countingHost, serve as serveReceiver } from '../../../test/harness.js';
import { pb } from '../../../test/http.js';
import { bearer } from '../auth/bearer.js';
import type { OtlpReceiverOptions } from '../options.js';
import { otlpReceiver } from '../otlp.js';

const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const endpoint = '127.0.0.1:0';
const empty = messagePrefix(0);

let running: RunningReceiver | undefined;
let client: Client | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  client?.close();
  await running?.close();
});

async function serve(
  options: OtlpReceiverOptions = {},
  take?: (arrived: Arrived) => void | Promise<void>,
  limit?: number,
) {
  const { host, counts } = countingHost(limit);
  const served = await serveReceiver(otlpReceiver({ grpc: endpoint, http: false, ...options }), take, host);
  running = served;
  client = new Client(served.grpc, credentials.createInsecure());
  return { ...served, counts, port: Number(served.grpc.split(':').at(-1)) };
}

/** A call of a client that means well. */
function call(bytes: Buffer = pb): Promise<ServiceError | undefined> {
  const asIs = (value: Buffer) => value;
  return new Promise((resolve) =>
    client?.makeUnaryRequest(path, asIs, asIs, bytes, (error) => resolve(error ?? undefined)),
  );
}

async function attacker(port: number, settings?: Uint8Array): Promise<Socket> {
  const socket = await h2Socket(port, settings);
  sockets.push(socket);
  return socket;
}

const many = (count: number, one: (i: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => one(i)));

describe('hostile clients of the gRPC door', () => {
  // Without it the bounds below are not there.
  test('the HTTP/2 server of grpc-js is found', async () => {
    const { host, counts } = await serve({ limits: { inFlight: '10B' } });
    const socket = await attacker(Number(running?.endpoints?.[0]?.split(':').at(-1)));
    socket.write(Buffer.concat([frame(HEADERS, endHeaders, 1, exportHeaders), frame(DATA, 0, 1, messagePrefix(11))]));
    await expect.poll(() => counts.get('otelier_receiver_refused_requests too large')).toBe(1);
    expect(host.admission.inFlightBytes).toBe(0);
  });

  test.each<[string, string, Buffer]>([
    ['pings', 'ping flood', many(100, () => frame(PING, 0, 0, Buffer.alloc(8)))],
    ['settings', 'settings flood', many(100, () => frame(SETTINGS, 0, 0))],
    ['priorities', 'frame flood', many(1000, () => frame(PRIORITY, 0, 1, Buffer.alloc(5)))],
    ['window updates', 'frame flood', many(1000, () => frame(WINDOW_UPDATE, 0, 0, Buffer.from([0, 0, 0, 1])))],
  ])('a flood of %s ends the connection, and others are served', async (name, reason, bytes) => {
    const { port, counts } = await serve();
    const socket = await attacker(port);
    const over = flood(socket, bytes);
    expect(await call()).toBeUndefined();
    await over;
    expect(await call()).toBeUndefined();
    // From Node 22 on HTTP/2 itself ends a flood of these.
    const isEndedByNode = name === 'priorities' && Number.parseInt(process.versions.node, 10) >= 22;
    expect(counts.get(`otelier_receiver_closed_connections ${reason}`)).toBe(isEndedByNode ? undefined : 1);
  });

  test.each<[string, Buffer]>([
    ['a GOAWAY that names an error', frame(GOAWAY, 0, 0, Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]))],
    ['a flood of pings', Buffer.concat(Array.from({ length: 300 }, () => frame(PING, 0, 0, Buffer.alloc(8))))],
  ])('calls that begin behind %s, in the same packet, do no harm to others', async (_name, before) => {
    const { port } = await serve();
    const message = messagePrefix(5);
    const calls = [1, 3, 5].flatMap((id) => [
      frame(HEADERS, endHeaders, id, exportHeaders),
      frame(DATA, 0, id, message),
    ]);
    for (let i = 0; i < 20; i++) {
      const socket = await attacker(port);
      const over = closed(socket);
      socket.write(Buffer.concat([before, ...calls]));
      await over;
    }
    expect(await call()).toBeUndefined();
  });

  test('a client that floods and still reads is told to calm down', async () => {
    const { port } = await serve();
    const socket = await attacker(port);
    const heard: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(chunk));
    const over = closed(socket);
    socket.write(Buffer.concat(Array.from({ length: 300 }, () => frame(PING, 0, 0, Buffer.alloc(8)))));
    await over;
    const all = Buffer.concat(heard);
    const codes: number[] = [];
    for (let at = 0; at + 9 <= all.length; at += 9 + all.readUIntBE(at, 3))
      if (all[at + 3] === GOAWAY) codes.push(all.readUInt32BE(at + 13));
    expect(codes).toContain(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });

  test('a flood of calls that are reset ends the connection', async () => {
    const { port, counts } = await serve();
    const socket = await attacker(port);
    const over = closed(socket);
    const cancel = Buffer.from([0, 0, 0, 8]);
    for (let i = 0; i < 5000 && !socket.destroyed; i++) {
      socket.write(frame(HEADERS, endHeaders, 2 * i + 1, exportHeaders));
      socket.write(frame(RST_STREAM, 0, 2 * i + 1, cancel));
    }
    expect(await call()).toBeUndefined();
    await over;
    expect(counts.get('otelier_receiver_closed_connections rapid resets')).toBe(1);
  });

  test('headers without end end the connection', async () => {
    const { port } = await serve();
    const socket = await attacker(port);
    socket.write(frame(HEADERS, 0, 1, exportHeaders));
    await flood(socket, frame(CONTINUATION, 0, 1, exportHeaders));
    expect(await call()).toBeUndefined();
  });

  test('more calls than a connection may have are refused one by one', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { port, arrived } = await serve({}, () => held);
    const socket = await attacker(port);
    const whole = Buffer.concat([messagePrefix(pb.length), pb]);
    for (let i = 0; i < 150; i++) {
      socket.write(frame(HEADERS, endHeaders, 2 * i + 1, exportHeaders));
      socket.write(frame(DATA, endStream, 2 * i + 1, whole.subarray(0, 16_384)));
    }
    if (whole.length > 16_384) throw new Error('one frame no longer holds the sample');
    let heard = Buffer.alloc(0);
    socket.on('data', (chunk) => (heard = Buffer.concat([heard, chunk])));
    const mark = Buffer.from('all read');
    socket.write(frame(PING, 0, 0, mark));
    await expect.poll(() => heard.includes(mark)).toBe(true);
    await expect.poll(() => arrived.length).toBe(100);
    release();
    expect(await call()).toBeUndefined();
    expect(arrived).toHaveLength(101);
  });

  test('a connection on which nothing is said is closed', async () => {
    const { port, counts } = await serve({ grpc: { endpoint, handshakeTimeout: '200ms' } });
    const silent = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const socket = connect({ port, host: '127.0.0.1' });
        sockets.push(socket);
        await once(socket, 'connect');
        return socket;
      }),
    );
    expect(await call()).toBeUndefined();
    await Promise.all(silent.map(closed));
    expect(counts.get('otelier_receiver_closed_connections no handshake')).toBe(50);
  });

  test('a connection without calls is asked to go', async () => {
    const { port } = await serve({ grpc: { endpoint, idleTimeout: '200ms' } });
    const idle = connectH2(`http://127.0.0.1:${port}`);
    const [code] = await once(idle, 'goaway');
    expect(code).toBe(constants.NGHTTP2_NO_ERROR);
    if (!idle.closed) await once(idle, 'close');
  });

  test('a message that comes slowly is ended, and its bytes are free', async () => {
    const { port, host, counts } = await serve({ grpc: { endpoint, requestTimeout: '200ms' } });
    const session = connectH2(`http://127.0.0.1:${port}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => {});
    stream.write(Buffer.concat([messagePrefix(1000), Buffer.alloc(10)]));
    await expect.poll(() => host.admission.inFlightBytes).toBe(1000);
    const [headers] = await once(stream, 'response');
    expect(headers['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
    await expect.poll(() => host.admission.inFlightBytes).toBe(0);
    expect(counts.get('otelier_receiver_refused_requests slow request')).toBe(1);
    session.destroy();
  });

  test('slow messages cannot keep the budget from another client', async () => {
    const auth = bearer({ tokens: { slow: 'tok-of-the-slow-one', good: 'tok-of-the-good-one' } });
    const { port, host, counts } = await serve({ auth }, undefined, 4000);
    const session = connectH2(`http://127.0.0.1:${port}`);
    const open = (token: string, end: boolean, bytes: Buffer) => {
      const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
      const stream = session.request({ ...headers, authorization: `Bearer ${token}` });
      stream.on('error', () => {});
      if (end) stream.end(bytes);
      else stream.write(bytes);
      return stream;
    };
    for (let i = 0; i < 4; i++) open('tok-of-the-slow-one', false, messagePrefix(1000));
    await expect.poll(() => host.admission.inFlightBytes).toBe(4000);
    // Of one unknown field, so that it is a request, and an empty one.
    const message = Buffer.concat([Buffer.from([0xfa, 0x06, 0x64]), Buffer.alloc(100)]);
    const answer = async () => {
      const stream = open('tok-of-the-good-one', true, Buffer.concat([messagePrefix(message.length), message]));
      stream.resume();
      const [headers] = await once(stream, 'response');
      const told = headers['grpc-status'] ?? (await once(stream, 'trailers'))[0]['grpc-status'];
      return String(told);
    };
    await expect.poll(answer, { timeout: 5000 }).toBe('0');
    expect(counts.get('otelier_receiver_refused_requests slow body')).toBe(1);
    expect(host.admission.inFlightBytes).toBe(3000);
    session.destroy();
    await expect.poll(() => host.admission.inFlightBytes).toBe(0);
  });

  test('who reads no answers keeps no calls', async () => {
    const { port, counts } = await serve({ grpc: { endpoint, requestTimeout: '200ms' } });
    // SETTINGS_INITIAL_WINDOW_SIZE of 0: nothing of an answer may be sent.
    const socket = await attacker(port, Buffer.from([0, 4, 0, 0, 0, 0]));
    socket.resume();
    socket.write(Buffer.concat([frame(HEADERS, endHeaders, 1, exportHeaders), frame(DATA, endStream, 1, empty)]));
    await expect
      .poll(() => counts.get('otelier_receiver_closed_connections reads no answers'), { timeout: 5000 })
      .toBe(1);
    expect(await call()).toBeUndefined();
  });

  test('a body of a caller without credentials is not read away', async () => {
    const { port } = await serve({ auth: bearer({ tokens: 'tok-good-secret' }) });
    const session = connectH2(`http://127.0.0.1:${port}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => {});
    stream.write(messagePrefix(10_000_000));
    const [headers] = await once(stream, 'response');
    expect(headers['grpc-status']).toBe(String(status.UNAUTHENTICATED));
    stream.resume();
    if (!stream.closed) await once(stream, 'close');
    session.destroy();
  });

  test('a hundred times the calls: the noisy one is told when to come back', async () => {
    const { counts } = await serve({ limits: { requestsPerSecond: 5 } });
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => call()));
    const refused = outcomes.filter((error) => error !== undefined);
    expect(refused.length).toBeGreaterThan(80);
    for (const { code, metadata } of refused) {
      const { retryAfterMs = 0 } = decodeStatus(metadata.get('grpc-status-details-bin')[0] as Buffer, 'protobuf');
      expect([code, retryAfterMs >= 1 && retryAfterMs <= 200]).toEqual([status.RESOURCE_EXHAUSTED, true]);
    }
    expect(counts.get('otelier_receiver_refused_requests client rate')).toBe(refused.length);
  });

  test('a client that means well is refused large messages again and again on one connection', async () => {
    // Looked through every 50 ms.
    const { port, counts } = await serve({ grpc: { endpoint, handshakeTimeout: '50ms' } }, undefined, 1);
    // As of a client of grpc-js: what Node counts as kept when a call is refused would end it.
    const session = connectH2(`http://127.0.0.1:${port}`, { maxSessionMemory: Number.MAX_SAFE_INTEGER });
    const message = Buffer.concat([messagePrefix(300_000), Buffer.alloc(300_000)]);
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const told: unknown[] = [];
    const lane = async () => {
      for (let i = 0; i < 50; i++) {
        const stream = session.request(headers);
        stream.on('response', (answer) => told.push(answer['grpc-status']));
        stream.resume().end(message);
        await once(stream, 'close');
      }
    };
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(lane));
    expect(told).toEqual(Array(400).fill(String(status.RESOURCE_EXHAUSTED)));
    expect([...counts]).toEqual([['otelier_receiver_refused_requests budget', 400]]);
    session.destroy();
  });

  test('connections are bounded together with those of the HTTP door', async () => {
    const { port } = await serve({ limits: { connectionsPerAddress: 2 } });
    expect(await call()).toBeUndefined();
    const opened = [1, 2, 3].map(() => connect({ port, host: '127.0.0.1' }));
    sockets.push(...opened);
    for (const socket of opened) socket.on('error', () => {});
    await expect.poll(() => opened.filter(({ destroyed }) => !destroyed).length).toBe(1);
    expect(await call()).toBeUndefined();
  });
});
