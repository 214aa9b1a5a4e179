import { describe, expect, test } from 'vitest';
import {
  CONTINUATION,
  closed,
  endHeaders,
  exportHeaders,
  flood,
  frame,
  HEADERS,
  PING,
  preface,
  RST_STREAM,
  WINDOW_UPDATE,
} from '../../../test/h2.js';
import { type Door, doors, serveTls, shaken } from '../../../test/tls.js';

const door = doors.find(({ name }) => name === 'grpc') as Door;

async function attacked() {
  const served = await serveTls(door);
  const socket = await shaken(served.port, door);
  socket.write(preface());
  return { ...served, socket };
}

const many = (count: number, one: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => one));

describe('HTTP/2 over TLS', () => {
  test('a flood of calls that are reset ends the connection', async () => {
    const { socket, good, closings } = await attacked();
    const over = closed(socket);
    const cancel = Buffer.from([0, 0, 0, 8]);
    for (let i = 0; i < 5000 && !socket.destroyed; i++) {
      socket.write(frame(HEADERS, endHeaders, 2 * i + 1, exportHeaders));
      socket.write(frame(RST_STREAM, 0, 2 * i + 1, cancel));
    }
    expect(await good()).toBe(true);
    await over;
    expect(closings()).toEqual({ 'rapid resets': 1 });
  });

  test('headers without end end the connection', async () => {
    const { socket, good } = await attacked();
    socket.write(frame(HEADERS, 0, 1, exportHeaders));
    await flood(socket, frame(CONTINUATION, 0, 1, exportHeaders));
    expect(await good()).toBe(true);
  });

  test.each<[string, string, Buffer]>([
    ['pings', 'ping flood', many(100, frame(PING, 0, 0, Buffer.alloc(8)))],
    ['window updates', 'frame flood', many(1000, frame(WINDOW_UPDATE, 0, 0, Buffer.from([0, 0, 0, 1])))],
  ])('a flood of %s ends the connection', async (_name, reason, bytes) => {
    const { socket, good, closings } = await attacked();
    const over = flood(socket, bytes);
    expect(await good()).toBe(true);
    await over;
    expect(closings()).toEqual({ [reason]: 1 });
    expect(await good()).toBe(true);
  });

  test('who does not agree on HTTP/2 is sent away: without a protocol after the handshake, with another one in it', async () => {
    const { port, good, closings, failures } = await serveTls(door, door.within('400ms'));
    const polite = await shaken(port, door, { ALPNProtocols: [] });
    // This one does not take no for an answer, and hears of the end only when it says something.
    const stays = await shaken(port, door, { ALPNProtocols: [], allowHalfOpen: true });
    await closed(polite);
    const isGone = () => {
      stays.resume().write('?');
      return stays.destroyed;
    };
    await expect.poll(isGone, { timeout: 4000 }).toBe(true);
    const other = await shaken(port, door, { ALPNProtocols: ['http/1.1'] });
    await closed(other);
    expect(closings()).toEqual({ 'not HTTP/2': 2 });
    await expect.poll(failures).toEqual({ ERR_SSL_NO_APPLICATION_PROTOCOL: 1 });
    expect(await good()).toBe(true);
  });
});
