import { deflateSync, gzipSync } from 'node:zlib';
import { PipelineError } from '@otelier/core';
import { decodeExportResponse, decodeStatus } from '@otelier/otlp';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { speak, testHost } from '../../test/harness.js';
import { agent, json, pb, post, protobufType, serve } from '../../test/http.js';
import { largeZstd } from '../../test/zstd.js';

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
