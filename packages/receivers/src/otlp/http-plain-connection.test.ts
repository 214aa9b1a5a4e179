import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Arrived, speak, testHost } from '../../test/harness.js';
import { pb, serve } from '../../test/http.js';

const post = (path: string, more: string, body: Buffer | string): Buffer =>
  Buffer.concat([
    Buffer.from(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n${more}\r\n`),
    Buffer.from(body),
  ]);
const sized = (path: string, body: Buffer | string): Buffer => post(path, `Content-Length: ${body.length}\r\n`, body);
const plain = sized('/v1/logs', pb);

/** Requests and what is answered to them; the first three are plain. */
const requests: readonly (readonly [Buffer, number])[] = [
  [plain, 200],
  [sized('/v1/logs', ''), 200],
  [sized('/v1/logs', 'broken'), 400],
  [sized('/v1/nowhere', 'x'.repeat(100)), 404],
  [post('/v1/logs', 'Transfer-Encoding: chunked\r\n', '2\r\n\x0a\x00\r\n0\r\n\r\n'), 200],
  [Buffer.from('GET /v1/logs HTTP/1.1\r\nHost: a\r\n\r\n'), 405],
];
const last = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');

describe('a connection', () => {
  test('any requests, cut anywhere, are answered in order', async () => {
    const { port, host } = await serve();
    const some = fc.array(fc.constantFrom(...requests), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        some,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
        async (sent, cuts) => {
          const all = Buffer.concat([...sent.map(([bytes]) => bytes), last]);
          const at = [0, ...cuts.map((cut) => Math.floor(cut * all.length)).sort((a, b) => a - b), all.length];
          const parts = at.slice(1).map((to, i) => all.subarray(at[i], to));
          const heard = await speak(port, parts);
          expect(heard.match(/HTTP\/1\.1 \d+/g)).toEqual(
            [...sent.map(([, status]) => status), 404].map((s) => `HTTP/1.1 ${s}`),
          );
          expect(host.admission.inFlightBytes).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('many requests in one piece are answered one after another, however many answers are given at once', async () => {
    const { port } = await serve();
    const many = Array.from({ length: 2000 }, () => sized('/v1/logs', ''));
    const heard = await speak(port, [Buffer.concat([...many, last])]);
    expect(heard.match(/HTTP\/1\.1 200/g)).toHaveLength(2000);
  });

  test('an answer says when it was given, and for how long the connection is kept', async () => {
    const { port } = await serve({ http: { endpoint: '127.0.0.1:0', idleTimeout: '75s' } });
    const heard = await speak(port, [plain], /\r\n\r\n/);
    expect(heard).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: application\/x-protobuf\r\nContent-Length: 0\r\n/);
    expect(heard).toMatch(/\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n\r\n$/);
    const date = /\r\nDate: (.*? GMT)\r\n/.exec(heard)?.[1] ?? '';
    expect(new Date(date).toUTCString()).toBe(date);
  });

  test('one that is idle, or silent from the start, is closed', async () => {
    const { port } = await serve({
      http: { endpoint: '127.0.0.1:0', idleTimeout: '100ms', headersTimeout: '100ms' },
    });
    expect(await speak(port, [plain])).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n$/);
    expect(await speak(port, [])).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('a body that was refused is read away, but not for ever', async () => {
    const { port } = await serve({ maxBytes: '1KiB', http: { endpoint: '127.0.0.1:0', requestTimeout: '100ms' } });
    const large = sized('/v1/logs', 'x'.repeat(5000));
    expect((await speak(port, [large, large, last])).match(/HTTP\/1\.1 \d+/g)).toEqual(
      [413, 413, 404].map((s) => `HTTP/1.1 ${s}`),
    );
    const heard = await speak(port, [large.subarray(0, 1000)]);
    expect(heard.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413']);
  });

  test('without room the answer is 429, and the next request is taken on the same connection', async () => {
    const { port, host } = await serve({}, undefined, testHost(pb.length));
    const room = host.admission.acquire(1);
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write(plain);
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 429 /);
    room?.release();
    socket.write(plain);
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  test('a sender that closes its side is not waited for', async () => {
    const { port, arrived } = await serve(
      {},
      ({ flow }) => new Promise((_, reject) => flow.signal.addEventListener('abort', reject)),
    );
    const gone = speak(port, [plain], undefined, true);
    await expect.poll(() => arrived.length).toBe(1);
    const { signal } = (arrived[0] as Arrived).flow;
    if (!signal.aborted) await once(signal, 'abort');
    expect(await gone).toBe('');
  });

  test('a sender that reads no answers is not read either', async () => {
    const { port, arrived } = await serve();
    const socket = connect({ port, host: '127.0.0.1' });
    socket.pause();
    const many = Buffer.concat(Array.from({ length: 50 }, () => sized('/v1/logs', 'broken')));
    // Until the server stops reading: then what is written stays here.
    while (socket.writableLength < 16 * many.length) {
      socket.write(many);
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.destroy();
    expect(arrived).toHaveLength(0);
  });
});
