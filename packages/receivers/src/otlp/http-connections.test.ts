import { once } from 'node:events';
import { connect } from 'node:net';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { type Arrived, speak, testHost } from '../../test/harness.js';
import { json, pb, post, protobufType, serve } from '../../test/http.js';
import { otlpReceiver } from './otlp.js';

describe('connections', () => {
  test('a sender that goes away aborts its flow and frees its bytes', async () => {
    const { port, arrived, host } = await serve(
      {},
      ({ flow }) => new Promise((_, reject) => flow.signal.addEventListener('abort', reject)),
    );
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write(
      `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${pb.length}\r\n\r\n`,
    );
    socket.write(pb);
    await expect.poll(() => arrived.length).toBe(1);
    expect(host.admission.inFlightBytes).toBe(pb.length);
    const { signal } = (arrived[0] as Arrived).flow;
    socket.destroy();
    await once(signal, 'abort');
    expect(host.admission.inFlightBytes).toBe(0);
  });

  test('a sender that goes away inside a body frees its bytes', async () => {
    const { port, arrived, host } = await serve();
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write(
      'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\n123',
    );
    await expect.poll(() => host.admission.inFlightBytes).toBe(1000);
    socket.destroy();
    await expect.poll(() => host.admission.inFlightBytes).toBe(0);
    expect(arrived).toHaveLength(0);
  });

  test('a body that nobody wants is read away: the next request on the connection is answered', async () => {
    const { port, arrived, host } = await serve();
    const body = 'x'.repeat(300_000);
    const head = (path: string, more: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${more}\r\n`;
    const unwanted = [head('/nowhere', ''), head('/v1/logs', 'Expect: the-unexpected\r\n')].map(
      (each) => `${each.slice(0, -2)}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    const chunked = `${head('/v1/logs', 'Transfer-Encoding: chunked\r\n')}1\r\n{\r\n1\r\n}\r\n0\r\n\r\n`;
    const last = `${head('/v1/logs', 'Connection: close\r\nContent-Length: 2\r\n')}{}`;
    const heard = await speak(port, [...unwanted, chunked, last]);
    expect(heard.match(/HTTP\/1\.1 \d+/g)).toEqual(['404', '417', '200', '200'].map((status) => `HTTP/1.1 ${status}`));
    expect(arrived).toHaveLength(0);
    expect(host.admission.inFlightBytes).toBe(0);
  });

  test('slow headers and slow bodies are ended with 408', async () => {
    const { port, host } = await serve({
      http: { endpoint: '127.0.0.1:0', headersTimeout: '100ms', requestTimeout: '200ms' },
    });
    const head = 'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n';
    for (const slow of [head, `${head}Content-Length: 100\r\n\r\nab`]) {
      const heard = await speak(port, [slow]);
      expect(heard).toMatch(/^HTTP\/1.1 408 [\s\S]*Connection: close[\s\S]*\r\n\r\n\{.*\}$/);
    }
    await expect.poll(() => host.admission.inFlightBytes).toBe(0);
  });

  test('stop: new requests are told to come back, those under way are answered', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { http, port, arrived, stop } = await serve({}, () => held);
    const first = post(`${http}/v1/logs`, pb);
    await expect.poll(() => arrived.length).toBe(1);
    await stop();
    const heard = await speak(port, [
      `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n`,
      json,
    ]);
    expect(heard).toMatch(/^HTTP\/1.1 503 [\s\S]*Retry-After: 1\r\n[\s\S]*Connection: close/);
    release();
    const { status, headers } = await first;
    expect([status, headers.connection]).toEqual([200, 'close']);
    expect(arrived).toHaveLength(1);
  });

  test('close: answers given in the same turn are still sent, what is under way is cut off', async () => {
    const releases: (() => void)[] = [];
    const { http, arrived, stop, close } = await serve(
      {},
      () => new Promise<void>((resolve) => void releases.push(resolve)),
    );
    const answered = post(`${http}/v1/logs`, pb);
    const cut = request(`${http}/v1/logs`, { method: 'POST', body: pb, headers: protobufType }).then(
      ({ statusCode }) => statusCode,
      () => 'cut',
    );
    await expect.poll(() => arrived.length).toBe(2);
    await stop();
    releases[0]?.();
    await close();
    expect([(await answered).status, await cut].map(String).sort()).toEqual(['200', 'cut']);
    await expect(request(`${http}/v1/logs`, { method: 'POST', body: pb, headers: protobufType })).rejects.toThrow();
  });

  test('a port that is taken is told with what to do', async () => {
    const { port } = await serve();
    const second = otlpReceiver({ grpc: false, http: `127.0.0.1:${port}` }).start({}, testHost());
    await expect(second).rejects.toThrow(
      new RegExp(`\\[unavailable\\] cannot listen on 127.0.0.1:${port}: the port is taken.*option http`),
    );
  });
});
