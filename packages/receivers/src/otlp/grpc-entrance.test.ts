import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import type { RunningReceiver } from '@otelier/core';
import { decodeStatus } from '@otelier/otlp';
import { fakeClock } from '@otelier/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { messagePrefix } from '../../test/h2.js';
import { countingHost, serve as serveReceiver } from '../../test/harness.js';
import { pb } from '../../test/http.js';
import { otlpReceiver } from './otlp.js';

const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** A gRPC door with a budget of so many bytes, which says that there is no room after so many milliseconds. */
async function door(limitBytes: number, refuseAfterMs = 0) {
  const clock = fakeClock();
  const { host: base, counts } = countingHost(limitBytes);
  const host = { ...base, clock };
  Object.assign(host.admission, { refuseAfterMs });
  const running: RunningReceiver & { grpc: string } = await serveReceiver(
    otlpReceiver({ grpc: '127.0.0.1:0', http: false }),
    undefined,
    host,
  );
  ended.push(() => running.close());
  const client = (localAddress = '127.0.0.1'): ClientHttp2Session => {
    const [host, port] = running.grpc.split(':');
    const createConnection = () => connectSocket({ host: host as string, port: Number(port), localAddress });
    const session = connect(`http://${running.grpc}`, { createConnection });
    ended.push(() => session.destroy());
    return session;
  };
  return { host, clock, client, refused: (why: string) => counts.get(`otelier_receiver_refused_requests ${why}`) ?? 0 };
}

const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };

/** A call with this message, of which nothing is read yet. */
function call(session: ClientHttp2Session, message: Buffer = pb): ClientHttp2Stream {
  const stream = session.request(headers);
  stream.on('error', () => {});
  stream.end(Buffer.concat([messagePrefix(message.length), message]));
  return stream;
}

/** Its `grpc-status`, and the details that came with it. */
async function outcome(stream: ClientHttp2Stream): Promise<{ status: number; details: Buffer }> {
  let told: Record<string, unknown> = {};
  const trailers = (more: object) => void (told = { ...told, ...more });
  stream.on('response', trailers).on('trailers', trailers).resume();
  await once(stream, 'close');
  return {
    status: Number(told['grpc-status']),
    details: Buffer.from(String(told['grpc-status-details-bin'] ?? ''), 'base64'),
  };
}

// One unknown field, so that it is a request, and an empty one.
const message = (bytes: number): Buffer => {
  const length = bytes - 4;
  return Buffer.concat([Buffer.from([0xfa, 0x06, 0x80 | (length & 127), length >> 7]), Buffer.alloc(length)]);
};

describe('a call for which there is no room', () => {
  test('is told so by its headers as by its length: RESOURCE_EXHAUSTED with RetryInfo, counted each time', async () => {
    const { host, client, refused } = await door(1000);
    host.admission.hold(1000);
    const session = client();
    for (let i = 1; i <= 20; i++) {
      const { status, details } = await outcome(call(session));
      expect(status).toBe(8);
      expect(decodeStatus(details, 'protobuf')).toMatchObject({ code: 8, retryAfterMs: 1000 });
      expect(refused('budget')).toBe(i);
    }
    expect(host.admission.inFlightBytes).toBe(1000);
  });

  test('waits for that while there is no time left; calls that are taken back meanwhile harm nobody', async () => {
    const { host, clock, client } = await door(10_000, 100);
    const lease = host.admission.hold(10_000);
    const session = client();
    // The first one is known by its length, at once.
    expect((await outcome(call(session))).status).toBe(8);
    const waiting = Array.from({ length: 30 }, () => call(session));
    await expect.poll(() => clock.timers).toBe(30);
    for (const stream of waiting.slice(0, 10)) stream.close(8);
    for (const stream of waiting.slice(10, 20)) stream.close(2);
    await Promise.all(waiting.slice(0, 20).map((stream) => stream.closed || once(stream, 'close')));
    const told = waiting.slice(20).map(outcome);
    await clock.advance(99);
    expect(waiting.slice(20).some((stream) => stream.closed)).toBe(false);
    await clock.advance(1);
    expect((await Promise.all(told)).map(({ status }) => status)).toEqual(Array(10).fill(8));
    lease.release();
    Object.assign(host.admission, { refuseAfterMs: 0 });
    expect((await outcome(call(session))).status).toBe(0);
  });

  test('of 600 calls that come at once, 512 wait', async () => {
    const { host, clock, client } = await door(10_000, 100);
    host.admission.hold(10_000);
    const sessions = Array.from({ length: 12 }, () => client());
    await Promise.all(sessions.map((session) => outcome(call(session))));
    let told = 0;
    for (const session of sessions)
      for (let i = 0; i < 50; i++) void outcome(call(session)).then(({ status }) => (told += Number(status === 8)));
    await expect.poll(() => [clock.timers, told]).toEqual([512, 88]);
    await clock.advance(100);
    await expect.poll(() => told).toBe(600);
  });
});

describe('a call for which there may be room', () => {
  test('is looked at in the end, however long the message before it was', async () => {
    const { host, client } = await door(8000);
    const session = client();
    expect((await outcome(call(session, message(7000)))).status).toBe(0);
    host.admission.hold(7000);
    const small = async () => (await outcome(call(session, message(500)))).status;
    const statuses: number[] = [];
    while (statuses.at(-1) !== 0 && statuses.length < 20) statuses.push(await small());
    expect(statuses.slice(0, -1).every((status) => status === 8)).toBe(true);
    expect(statuses.at(-1)).toBe(0);
    // From then on by its own length.
    expect(await small()).toBe(0);
  });

  test('of a client below its share comes in while another has had its own', async () => {
    const { host, client, refused } = await door(8000);
    const [noisy, good] = [client('127.0.0.2'), client('127.0.0.3')];
    expect((await outcome(call(good, message(500)))).status).toBe(0);
    // Bodies that are on their way: half of the budget and more is the noisy one's.
    for (let i = 0; i < 5; i++)
      noisy
        .request(headers)
        .on('error', () => {})
        .write(messagePrefix(900));
    await expect.poll(() => host.admission.inFlightBytes).toBe(4500 - 900);
    const before = refused('client share');
    expect((await outcome(call(noisy, message(1000)))).status).toBe(8);
    expect(refused('client share')).toBeGreaterThan(before);
    expect((await outcome(call(good, message(500)))).status).toBe(0);
  });
});
