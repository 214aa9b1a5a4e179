import { once } from 'node:events';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { PipelineError, type RunningReceiver } from '@otelier/core';
import { decodeExportResponse, decodeStatus } from '@otelier/otlp';
import { Agent, request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { type Arrived, recorded, serve as serveReceiver, speak, type TestHost, testHost } from '../../test/harness.js';
import { largeZstd, storedZstd } from '../../test/zstd.js';
import type { OtlpReceiverOptions } from './options.js';
import { otlpReceiver } from './otlp.js';

const requests = recorded();
const pb = requests.find(({ encoding, signal }) => encoding === 'protobuf' && signal === 'logs')?.bytes as Buffer;
const json = requests.find(({ encoding, signal }) => encoding === 'json' && signal === 'logs')?.bytes as Buffer;
const protobufType = { 'content-type': 'application/x-protobuf' };

let running: RunningReceiver & { host: TestHost };
const agent = new Agent({ connections: 1 });
afterEach(async () => {
  await running?.close();
});

async function serve(
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

async function post(url: string, body: Buffer | string | undefined, headers: Record<string, string> = protobufType) {
  const {
    statusCode,
    headers: answered,
    body: answer,
  } = await request(url, { method: 'POST', body: body ?? null, headers, dispatcher: agent });
  return { status: statusCode, headers: answered, body: Buffer.from(await answer.arrayBuffer()) };
}

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

describe('what is refused, and how', () => {
  const gz = gzipSync(pb);
  const zeros = Buffer.alloc(2 * 1024 * 1024);
  const cases: [string, number, { path?: string; method?: string; type?: string; coding?: string; body?: Buffer }][] = [
    ['another path', 404, { path: '/v2/logs' }],
    ['the root', 404, { path: '/' }],
    ['GET', 405, { method: 'GET' }],
    ['PUT', 405, { method: 'PUT', body: pb }],
    ['no content type', 415, { type: '' }],
    ['text/plain', 415, { type: 'text/plain' }],
    ['application/protobuf', 415, { type: 'application/protobuf' }],
    ['brotli', 415, { coding: 'br' }],
    ['a list of codings', 415, { coding: 'gzip, gzip' }],
    ['a body over the limit', 413, { body: zeros }],
    ['a gzip body over the limit when decompressed', 413, { coding: 'gzip', body: gzipSync(zeros) }],
    ['a deflate body over the limit when decompressed', 413, { coding: 'deflate', body: deflateSync(zeros) }],
    ['a zstd body over the limit when decompressed', 413, { coding: 'zstd', body: largeZstd(2 * 1024 * 1024) }],
    ['protobuf that is none', 400, { body: Buffer.from('this is not protobuf') }],
    ['a truncated request', 400, { body: pb.subarray(0, pb.length - 3) }],
    ['JSON that is none', 400, { type: 'application/json', body: Buffer.from('{"resourceLogs":[') }],
    ['truncated gzip', 400, { coding: 'gzip', body: gz.subarray(0, gz.length - 9) }],
    ['gzip with something behind it', 400, { coding: 'gzip', body: Buffer.concat([gz, Buffer.from('x')]) }],
    ['gzip that is none', 400, { coding: 'gzip', body: pb }],
    ['deflate that is none', 400, { coding: 'deflate', body: pb }],
    ['zstd that is none', 400, { coding: 'zstd', body: pb }],
  ];

  test.each(cases)(
    '%s: %i',
    async (_, status, { path = '/v1/logs', method = 'POST', type = 'application/x-protobuf', coding, body }) => {
      const { http, arrived, host } = await serve({ maxBytes: '1MiB' });
      const headers = {
        ...(type === '' ? {} : { 'content-type': type }),
        ...(coding === undefined ? {} : { 'content-encoding': coding }),
      };
      const answer = await request(http + path, {
        method: method as 'POST',
        body: body ?? (method === 'GET' ? null : pb),
        headers,
        dispatcher: agent,
      });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      expect(answer.statusCode).toBe(status);
      const isProtobuf = type === 'application/x-protobuf';
      expect(answer.headers['content-type']).toBe(isProtobuf ? type : 'application/json');
      const { code, message, retryAfterMs } = decodeStatus(bytes, isProtobuf ? 'protobuf' : 'json');
      expect(code).toBeGreaterThan(0);
      expect(message).not.toBe('');
      expect(retryAfterMs).toBeUndefined();
      expect(answer.headers['retry-after']).toBeUndefined();
      expect(answer.headers.allow).toBe(status === 405 ? 'POST' : undefined);
      expect(arrived).toHaveLength(0);
      expect(host.admission.inFlightBytes).toBe(0);
      expect((await post(`${http}/v1/logs`, pb)).status).toBe(200);
    },
  );

  test('a chunked body is cut off at the limit, and the connection goes on', async () => {
    const { port, arrived, host } = await serve({ maxBytes: '64KiB' });
    const head =
      'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const chunk = `2000\r\n${'x'.repeat(0x2000)}\r\n`;
    const next = Buffer.concat([
      Buffer.from(
        `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${pb.length}\r\n\r\n`,
      ),
      pb,
    ]);
    const heard = await speak(port, [head, ...Array(20).fill(chunk), '0\r\n\r\n', next], / 200 OK[\s\S]*\r\n\r\n/);
    expect(heard.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
    expect(arrived).toHaveLength(1);
    expect(host.admission.inFlightBytes).toBe(0);
  });

  test('a length over the limit is refused before the body comes', async () => {
    const { port } = await serve({ maxBytes: '1MiB' });
    const heard = await speak(
      port,
      ['POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n'],
      /\}$/,
    );
    expect(heard).toMatch(/^HTTP\/1.1 413 /);
  });

  test.each(['protobuf', 'json'] as const)('errors of the pipeline as %s', async (encoding) => {
    let thrown: unknown;
    const { http, host } = await serve({}, () => {
      throw thrown;
    });
    const body = encoding === 'json' ? json : pb;
    const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
    const expectations: [unknown, number, number, string | undefined, number | undefined][] = [
      [new PipelineError('rejected', 'why'), 400, 3, undefined, undefined],
      [new PipelineError('too-large', 'why'), 413, 8, undefined, undefined],
      [new PipelineError('unauthenticated', 'why'), 401, 16, undefined, undefined],
      [new PipelineError('unsupported', 'why'), 404, 12, undefined, undefined],
      [new PipelineError('internal', 'why'), 500, 13, undefined, undefined],
      [new PipelineError('overloaded', 'why', { retryAfterMs: 1500 }), 429, 8, '2', 1500],
      [new PipelineError('overloaded', 'why', { retryAfterMs: 1 }), 429, 8, '1', 1],
      [new PipelineError('overloaded', 'why'), 429, 8, '1', 1000],
      [new PipelineError('unavailable', 'why', { retryAfterMs: 30_000 }), 503, 14, '30', 30_000],
      [new PipelineError('deadline', 'why'), 504, 4, undefined, undefined],
      [new TypeError('CANARY'), 500, 13, undefined, undefined],
    ];
    for (const [error, status, code, retryAfter, retryAfterMs] of expectations) {
      thrown = error;
      const answer = await post(`${http}/v1/logs`, body, { 'content-type': type });
      const told = decodeStatus(answer.body, encoding);
      expect([answer.status, told.code, answer.headers['retry-after'], told.retryAfterMs]).toEqual([
        status,
        code,
        retryAfter,
        retryAfterMs,
      ]);
      expect(answer.headers['content-type']).toBe(type);
      expect(told.message).not.toContain('CANARY');
    }
    expect(host.admission.inFlightBytes).toBe(0);
  });

  test.each(['protobuf', 'json'] as const)('refused items are a partial success (%s)', async (encoding) => {
    const { http } = await serve({}, ({ flow }) => {
      flow.refuse(3, 'no service.name');
    });
    const answer = await post(`${http}/v1/logs`, encoding === 'json' ? json : pb, {
      'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
    });
    expect(answer.status).toBe(200);
    expect(decodeExportResponse('logs', answer.body, encoding)).toEqual({ rejected: 3, message: 'no service.name' });
  });

  test('a signal that no pipeline takes: 404', async () => {
    const { http } = await serve({}, undefined, testHost(), ['logs'] as never);
    const answer = await post(`${http}/v1/metrics`, pb);
    expect([answer.status, decodeStatus(answer.body, 'protobuf').code]).toEqual([404, 12]);
  });

  test('bytes beyond the budget: 429 before the body is read, on a connection that goes on', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { http, port, host, arrived } = await serve(
      {},
      () => (arrived.length === 1 ? held : undefined),
      testHost(pb.length + 100),
    );
    const first = post(`${http}/v1/logs`, pb);
    await expect.poll(() => arrived.length).toBe(1);
    const head = 'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n';
    const sized = `${head}Content-Length: ${pb.length}\r\n\r\n`;
    expect(await speak(port, [sized], /\r\n\r\n[\s\S]+$/)).toMatch(/^HTTP\/1.1 429 [\s\S]*Retry-After: 1\r\n/);
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n${pb.length.toString(16)}\r\n`;
    const heard = await speak(
      port,
      [chunked, pb, '\r\n0\r\n\r\n', `${head}Content-Length: 0\r\n\r\n`],
      / 200 OK[\s\S]*\r\n\r\n/,
    );
    expect(heard.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 429', 'HTTP/1.1 200']);
    const bomb = gzipSync(Buffer.alloc(5000));
    expect(
      (
        await request(`${http}/v1/logs`, {
          method: 'POST',
          body: bomb,
          headers: { ...protobufType, 'content-encoding': 'gzip' },
        })
      ).statusCode,
    ).toBe(429);
    release();
    expect((await first).status).toBe(200);
    expect(host.admission.inFlightBytes).toBe(0);
  });
});

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
