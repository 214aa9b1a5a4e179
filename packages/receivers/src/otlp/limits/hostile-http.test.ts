import { connect, type Socket } from 'node:net';
import { Agent, request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { closed } from '../../../test/h2.js';
import { countingHost, speak } from '../../../test/harness.js';
import { pb, protobufType, serve } from '../../../test/http.js';
import { bearer } from '../auth/bearer.js';

const head = 'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n';
const announcing = (length: number): string => `${head}Content-Length: ${length}\r\n\r\n`;
const endpoint = '127.0.0.1:0';

// Another client than those of the attack, which come from 127.0.0.1.
const elsewhere = new Agent({ localAddress: '127.0.0.2', connections: 1 });
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function attack(port: number, count: number, bytes: string | Buffer = ''): Promise<Socket[]> {
  const opened = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ port, host: '127.0.0.1' });
      sockets.push(socket);
      socket.on('error', () => {});
      await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
      if (bytes !== '') socket.write(bytes);
      return socket;
    }),
  );
  return opened;
}

async function good(http: string): Promise<number> {
  const answer = await request(`${http}/v1/logs`, {
    ...{ method: 'POST', body: pb, headers: protobufType, dispatcher: elsewhere },
  });
  await answer.body.dump();
  return answer.statusCode;
}

describe('hostile clients of the HTTP door', () => {
  test('200 connections that never finish their head are closed, and others are served', async () => {
    const { host, counts } = countingHost();
    const { http, port } = await serve({ http: { endpoint, headersTimeout: '300ms' } }, undefined, host);
    const slow = await attack(port, 200, 'POST /v1/logs HTTP/1.1\r\nHost: a\r\nX-Slow');
    expect(await good(http)).toBe(200);
    await Promise.all(slow.map(closed));
    expect(counts.get('otelier_receiver_closed_connections slow request')).toBe(200);
    expect(await good(http)).toBe(200);
  });

  test.each([
    ['many', Array.from({ length: 200 }, (_, i) => `X-${i}: 1\r\n`).join('')],
    ['large', `X-Large: ${'x'.repeat(20_000)}\r\n`],
    ['endless', Array.from({ length: 50_000 }, () => 'X-More: 1\r\n').join('')],
  ])('%s headers are 431', async (_name, more) => {
    const { port } = await serve();
    expect(await speak(port, [`${head}${more}Connection: close\r\nContent-Length: 0\r\n\r\n`])).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });

  test('slow bodies cannot keep the budget: one that is needed gets room, and their senders come back later', async () => {
    const { host, counts } = countingHost(1024 * 1024);
    const { http, port } = await serve({}, undefined, host);
    const slow = await attack(port, 4, announcing(256 * 1024));
    await expect.poll(() => host.admission.inFlightBytes).toBe(host.admission.limitBytes);
    const first = slow[0] as Socket;
    let heard = '';
    first.on('data', (chunk) => (heard += chunk));
    await expect.poll(() => good(http), { timeout: 5000 }).toBe(200);
    await closed(first);
    expect(heard).toMatch(/^HTTP\/1\.1 429 [\s\S]*Retry-After: 1\r\n[\s\S]*Connection: close/);
    expect(counts.get('otelier_receiver_refused_requests slow body')).toBe(1);
    expect(host.admission.inFlightBytes).toBe(3 * 256 * 1024);
  });

  test.each([
    ['plain', `${announcing(0)}`],
    ['any', 'GET /v1/logs HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('who sends %s requests and reads no answers is not read any more, and closed', async (_name, one) => {
    const { host, counts } = countingHost();
    const { http, port } = await serve({ http: { endpoint, idleTimeout: '300ms' } }, undefined, host);
    const [socket] = (await attack(port, 1)) as [Socket];
    socket.pause();
    const many = one.repeat(500);
    while (!socket.destroyed && socket.writableLength < 4 * many.length) {
      socket.write(many);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await good(http)).toBe(200);
    await expect
      .poll(() => counts.get('otelier_receiver_closed_connections reads no answers'), { timeout: 5000 })
      .toBe(1);
    await expect.poll(() => socket.destroyed, { timeout: 5000 }).toBe(true);
  });

  test('a connection on which nothing ever comes is closed', async () => {
    const { http, port } = await serve({ http: { endpoint, headersTimeout: '300ms' } });
    const silent = await attack(port, 50);
    expect(await good(http)).toBe(200);
    await Promise.all(silent.map(closed));
  });

  test('one address cannot take all connections', async () => {
    const { host, counts } = countingHost();
    const { http, port } = await serve({ limits: { connections: 40 } }, undefined, host);
    const flood = await attack(port, 100);
    await expect.poll(() => flood.filter((socket) => !socket.destroyed).length).toBe(35);
    expect(await good(http)).toBe(200);
    expect(counts.get('otelier_receiver_closed_connections too many connections of one address')).toBe(65);
    // Room below the last eighth, one connection of which the other client has.
    for (const socket of flood.filter(({ destroyed }) => !destroyed).slice(0, 2)) socket.destroy();
    await expect.poll(async () => (await attack(port, 1))[0]?.destroyed).toBe(false);
  });

  test('connections of one address can be bounded', async () => {
    const { port } = await serve({ limits: { connectionsPerAddress: 3 } });
    const opened = await attack(port, 10);
    await expect.poll(() => opened.filter((socket) => !socket.destroyed).length).toBe(3);
  });

  test('a hundred times the requests: the noisy one is told when to come back, the other notices nothing', async () => {
    const { host, counts } = countingHost();
    const limits = { requestsPerSecond: 10 };
    const { http, port, arrived } = await serve({ limits }, undefined, host);
    const before = Date.now();
    const noisy = speak(port, [
      `${announcing(0)}`.repeat(999),
      `${announcing(0).trimEnd()}\r\nConnection: close\r\n\r\n`,
    ]);
    for (let i = 0; i < 10; i++) expect(await good(http)).toBe(200);
    const heard = await noisy;
    const taken = heard.match(/HTTP\/1\.1 200/g)?.length as number;
    expect(taken).toBeLessThanOrEqual(10 + (10 * (Date.now() - before)) / 1000);
    expect(heard.match(/HTTP\/1\.1 429 [\s\S]*?Retry-After: 1\r\n/g)).toHaveLength(1000 - taken);
    expect(counts.get('otelier_receiver_refused_requests client rate')).toBe(1000 - taken);
    expect(arrived).toHaveLength(10);
  });

  test('a client whose requests take long cannot keep the budget from the others', async () => {
    const { host, counts } = countingHost(64 * pb.length);
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const isNoisy = (address = '') => address.startsWith('127.0.0.1:');
    const { http, port } = await serve({}, ({ flow }) => (isNoisy(flow.peer?.address) ? held : undefined), host);
    expect(await good(http)).toBe(200);
    await attack(port, 64, Buffer.concat([Buffer.from(announcing(pb.length)), pb]));
    await expect.poll(() => counts.get('otelier_receiver_refused_requests client share')).toBe(32);
    expect(host.admission.inFlightBytes).toBe(32 * pb.length);
    for (let i = 0; i < 5; i++) expect(await good(http)).toBe(200);
    release();
    await expect.poll(() => host.admission.inFlightBytes).toBe(0);
  });

  test('a large body without credentials is not read away', async () => {
    const { port } = await serve({ auth: bearer({ tokens: 'tok-good-secret' }) });
    const part = 'x'.repeat(1000);
    expect(await speak(port, [`${announcing(10_000_000)}${part}`])).toMatch(/^HTTP\/1\.1 401 [\s\S]*Connection: close/);
    const chunk = `${(32_768).toString(16)}\r\n${'x'.repeat(32_768)}\r\n`;
    const heard = await speak(port, [`${head}Transfer-Encoding: chunked\r\n\r\n`, chunk, chunk, chunk]);
    expect(heard).toMatch(/^HTTP\/1\.1 401 /);
  });
});
