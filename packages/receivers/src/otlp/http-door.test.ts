import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Arrived, speak } from '../../test/harness.js';
import { json, pb, post, protobufType, requests, serve } from '../../test/http.js';
import { storedZstd } from '../../test/zstd.js';

// Senders write 64-bit integers as numbers or strings; both mean the same.
function readJson(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => (key === 'intValue' ? String(value) : value));
}

describe('what comes in', () => {
  test('every recorded request arrives whole', async () => {
    const { http, arrived, host } = await serve();
    for (const { name, signal, encoding, bytes } of requests) {
      const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
      const { status, headers, body } = await post(`${http}/v1/${signal}`, bytes, { 'content-type': type });
      expect([status, headers['content-type'], body.toString()], name).toEqual([
        200,
        type,
        encoding === 'json' ? '{}' : '',
      ]);
      const { batch } = arrived.pop() as Arrived;
      expect(batch.signal).toBe(signal);
      if (encoding === 'json') expect(readJson(batch.toJson()), name).toEqual(readJson(bytes.toString()));
      else expect(batch.bytes().equals(bytes), name).toBe(true);
      expect(arrived).toHaveLength(0);
    }
    expect(host.admission.inFlightBytes).toBe(0);
  });

  test.each([
    ['gzip', gzipSync(pb)],
    ['GZIP', gzipSync(pb)],
    ['x-gzip', gzipSync(pb)],
    ['deflate', deflateSync(pb)],
    ['zstd', storedZstd(pb)],
    ['identity', pb],
    ['', pb],
  ])('Content-Encoding %s', async (coding, body) => {
    const { http, arrived } = await serve();
    expect((await post(`${http}/v1/logs`, body, { ...protobufType, 'content-encoding': coding })).status).toBe(200);
    const { batch } = arrived[0] as Arrived;
    expect(batch.bytes().equals(pb)).toBe(true);
    if (coding === 'gzip') expect(Buffer.from(batch.compressed?.bytes ?? [])).toEqual(body);
    if (body === pb) expect(batch.compressed).toBeUndefined();
  });

  test('several gzip members and several zstd frames are one body', async () => {
    const { http, arrived } = await serve();
    const halves = [pb.subarray(0, 100), pb.subarray(100)];
    const bodies = { gzip: halves.map((half) => gzipSync(half)), zstd: halves.map((half) => storedZstd(half)) };
    for (const [coding, parts] of Object.entries(bodies)) {
      expect(
        (await post(`${http}/v1/logs`, Buffer.concat(parts), { ...protobufType, 'content-encoding': coding })).status,
      ).toBe(200);
    }
    for (const { batch } of arrived) expect(batch.bytes().equals(pb)).toBe(true);
  });

  test('content types may have parameters and any case; paths a query', async () => {
    const { http, arrived } = await serve();
    expect(
      (await post(`${http}/v1/logs?tenant=a`, json, { 'content-type': 'Application/JSON; charset=utf-8' })).status,
    ).toBe(200);
    expect(arrived).toHaveLength(1);
  });

  test('chunks without a length, cut anywhere', async () => {
    const { port, arrived } = await serve();
    const head =
      'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n';
    const cuts = [0, 1, 7, 500, pb.length];
    const chunks = cuts.slice(1).map((to, i) => {
      const part = pb.subarray(cuts[i], to);
      return Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]);
    });
    expect(await speak(port, [head, ...chunks, '0\r\n\r\n'], /\r\n\r\n/)).toMatch(/^HTTP\/1.1 200 OK/);
    expect(arrived[0]?.batch.bytes().equals(pb)).toBe(true);
  });

  test('pipelined requests on one connection are answered in order', async () => {
    const { port, arrived } = await serve({}, async () => {
      if (arrived.length === 1) await new Promise((resolve) => setImmediate(resolve));
    });
    const one = Buffer.concat([
      Buffer.from(
        `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${pb.length}\r\n\r\n`,
      ),
      pb,
    ]);
    const bad = Buffer.from('GET /v1/logs HTTP/1.1\r\nHost: a\r\n\r\n');
    const heard = await speak(port, [Buffer.concat([one, bad, one])], /(HTTP\/1.1 [\s\S]*){3}\r\n\r\n$/);
    expect(heard.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 405', 'HTTP/1.1 200']);
    expect(arrived).toHaveLength(2);
  });

  test.each([
    ['application/x-protobuf', '', 0],
    ['application/json', '', 0],
    ['application/json', '{}', 0],
    ['application/x-protobuf', '\x0a\x00', 0],
  ])('an empty request succeeds without troubling the pipelines (%s %j)', async (type, body, expected) => {
    const { http, arrived } = await serve();
    const answer = await post(`${http}/v1/logs`, body, { 'content-type': type });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe(type);
    expect(arrived).toHaveLength(expected);
  });

  test('the flow tells who sent it', async () => {
    const { http, arrived } = await serve();
    await post(`${http}/v1/logs`, json, { 'content-type': 'application/json', 'x-tenant': 'blue' });
    const peer = arrived[0]?.flow.peer;
    expect(peer?.transport).toBe('http/json');
    expect(peer?.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(peer?.headers?.['x-tenant']).toBe('blue');
  });

  test('Expect: 100-continue', async () => {
    const { port } = await serve({ maxBytes: '64KiB' });
    const head = (length: number) =>
      `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    expect(await speak(port, [head(pb.length), pb], / 200 [\s\S]*\r\n\r\n/)).toMatch(
      /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200/,
    );
    expect(await speak(port, [head(70_000)])).toMatch(/^HTTP\/1.1 413 [\s\S]*Connection: close/);
  });
});
