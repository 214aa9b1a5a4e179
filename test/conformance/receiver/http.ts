import { gzipSync } from 'node:zlib';
import { signals } from '@otelier/core';
import { request } from 'undici';
import { expect } from 'vitest';
import { otlpReceiver } from '../../../packages/receivers/src/otlp/otlp.js';
import { exportResponse } from '../messages.js';
import { type Row, rowsOf } from '../row.js';
import { broken, encodings, post, postHead, raw, receiving, sample, speak, types } from './server.js';

const MiB = 1024 * 1024;

/** What OTLP asks of an HTTP server: requests, success, connections. */
export const httpReceiverRows: readonly Row[] = rowsOf('receiver-http', 'OTLP', [
  [
    'compression-none',
    'Protocol Details',
    'MUST',
    'a server takes requests that are not compressed',
    () =>
      receiving(async (served) => {
        expect((await post(served, 'logs', sample('logs', 'protobuf'))).status).toBe(200);
        expect(served.arrived).toHaveLength(1);
      }),
  ],
  [
    'compression-gzip',
    'Protocol Details',
    'MUST',
    'a server takes requests in gzip, named by Content-Encoding',
    () =>
      receiving(async (served) => {
        for (const encoding of encodings) {
          const body = gzipSync(sample('logs', encoding));
          expect((await post(served, 'logs', body, encoding, { 'content-encoding': 'gzip' })).status).toBe(200);
        }
        expect(served.arrived.map(({ batch }) => batch.count > 0)).toEqual([true, true]);
      }),
  ],
  [
    'paths',
    'OTLP/HTTP Request',
    'MUST',
    'each signal has its default path, and arrives as that signal',
    () =>
      receiving(async (served) => {
        for (const signal of signals) expect((await post(served, signal, sample(signal, 'protobuf'))).status).toBe(200);
        expect(served.arrived.map(({ batch }) => batch.signal)).toEqual([...signals]);
      }),
  ],
  [
    'post-only',
    'OTLP/HTTP',
    'MUST',
    'data comes by POST; another method is refused',
    () =>
      receiving(async (served) => {
        for (const method of ['GET', 'PUT', 'DELETE'] as const) {
          const answer = await request(`${served.http}/v1/logs`, { method });
          await answer.body.dump();
          expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'POST']);
        }
      }),
  ],
  [
    'content-type-protobuf',
    'Binary Protobuf Encoding',
    'MUST',
    'protobuf is answered as application/x-protobuf',
    () =>
      receiving(async (served) => {
        expect((await post(served, 'logs', sample('logs', 'protobuf'))).type).toBe(types.protobuf);
      }),
  ],
  [
    'content-type-json',
    'JSON Protobuf Encoding',
    'MUST',
    'JSON is answered as application/json',
    () =>
      receiving(async (served) => {
        expect((await post(served, 'logs', sample('logs', 'json'), 'json')).type).toBe(types.json);
      }),
  ],
  [
    'content-type-same',
    'OTLP/HTTP Response',
    'MUST',
    'refusals too have the content type of their request',
    () =>
      receiving(async (served) => {
        for (const encoding of encodings) {
          const answer = await post(served, 'logs', broken[encoding], encoding);
          expect([answer.status, answer.type]).toEqual([400, types[encoding]]);
        }
      }),
  ],
  [
    'one-port',
    'OTLP/HTTP Connection',
    'SHOULD',
    'both encodings are served on one port, told apart by Content-Type',
    () =>
      receiving(async (served) => {
        for (const encoding of encodings) {
          expect((await post(served, 'metrics', sample('metrics', encoding), encoding)).status).toBe(200);
        }
        const charset = { 'content-type': 'application/json; charset=utf-8' };
        expect((await post(served, 'logs', sample('logs', 'json'), 'json', charset)).status).toBe(200);
      }),
  ],
  [
    'size-limit',
    'OTLP/HTTP Request',
    'MUST',
    'a body over the limit is refused with 413',
    () =>
      receiving(
        async (served) => {
          expect((await post(served, 'logs', Buffer.alloc(1025))).status).toBe(413);
          const chunked = await raw(
            served.port,
            `${postHead}Transfer-Encoding: chunked\r\n\r\n500\r\n${'a'.repeat(1280)}\r\n0\r\n\r\n`,
          );
          expect(chunked.status).toBe(413);
        },
        { options: { maxBytes: '1KiB' } },
      ),
  ],
  [
    'size-limit-decompressed',
    'OTLP/HTTP Request',
    'MUST',
    'the limit holds after decompression',
    () =>
      receiving(
        async (served) => {
          const bomb = gzipSync(Buffer.alloc(MiB));
          expect((await post(served, 'logs', bomb, 'protobuf', { 'content-encoding': 'gzip' })).status).toBe(413);
        },
        { options: { maxBytes: '16KiB' } },
      ),
  ],
  [
    'size-limit-default',
    'OTLP/HTTP Request',
    'RECOMMENDED',
    'the limit is 64 MiB unless configured',
    () =>
      receiving(async (served) => {
        const over = await raw(served.port, `${postHead}Content-Length: ${64 * MiB + 1}\r\n\r\n`);
        expect(over.status).toBe(413);
        const at = await speak(
          served.port,
          [`${postHead}Expect: 100-continue\r\nContent-Length: ${64 * MiB}\r\n\r\n`],
          /\r\n\r\n/,
        );
        expect(at).toMatch(/^HTTP\/1\.1 100 /);
      }),
  ],
  [
    'size-limit-configurable',
    'OTLP/HTTP Request',
    'SHOULD',
    'the limit can be configured',
    () =>
      receiving(
        async (served) => {
          expect((await post(served, 'logs', sample('logs', 'protobuf'))).status).toBe(413);
        },
        { options: { maxBytes: '100B' } },
      ),
  ],
  [
    'empty',
    'OTLP/HTTP Response, Full Success',
    'SHOULD',
    'a request without data succeeds',
    () =>
      receiving(async (served) => {
        for (const signal of signals) {
          expect((await post(served, signal, Buffer.alloc(0))).status).toBe(200);
          expect((await post(served, signal, '{}', 'json')).status).toBe(200);
        }
        expect((await post(served, 'logs', Buffer.from([0x0a, 0x02, 0x12, 0x00]))).status).toBe(200);
      }),
  ],
  [
    'success',
    'OTLP/HTTP Response, Full Success',
    'MUST',
    'success is 200 with an export response',
    () =>
      receiving(async (served) => {
        for (const signal of signals) {
          for (const encoding of encodings) {
            const answer = await post(served, signal, sample(signal, encoding), encoding);
            expect(answer.status).toBe(200);
            expect(exportResponse(signal, answer.body, encoding)).toBeTypeOf('object');
          }
        }
      }),
  ],
  [
    'success-unset',
    'OTLP/HTTP Response, Full Success',
    'MUST',
    'partial_success is unset when all was taken',
    () =>
      receiving(async (served) => {
        for (const encoding of encodings) {
          const answer = await post(served, 'traces', sample('traces', encoding), encoding);
          expect(exportResponse('traces', answer.body, encoding)).toEqual({});
        }
      }),
  ],
  [
    'response-encoding',
    'OTLP/HTTP Response',
    'MAY',
    'a response is gzip only for a client that takes gzip',
    () =>
      receiving(async (served) => {
        const answer = await post(served, 'logs', sample('logs', 'protobuf'));
        expect(answer.headers['content-encoding']).toBeUndefined();
      }),
  ],
  [
    'keep-alive',
    'OTLP/HTTP Connection',
    'SHOULD',
    'a connection serves one request after another',
    () =>
      receiving(async (served) => {
        const one = `${postHead}Content-Length: 0\r\n\r\n`;
        expect(await speak(served.port, [one, one], /200 OK[\s\S]*200 OK/)).toMatch(/200 OK[\s\S]*200 OK/);
      }),
  ],
  [
    'concurrent',
    'OTLP/HTTP Concurrent Requests',
    'MAY',
    'requests on parallel connections are worked on at once',
    async () => {
      let arrived = 0;
      let all = (): void => {};
      const together = new Promise<void>((resolve) => {
        all = resolve;
      });
      // None is answered before all have come.
      const take = () => {
        if (++arrived === 5) all();
        return together;
      };
      await receiving(
        async (served) => {
          const answers = await Promise.all(
            Array.from({ length: 5 }, () => post(served, 'logs', sample('logs', 'protobuf'))),
          );
          expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
        },
        { take },
      );
    },
  ],
  [
    'unknown-fields',
    'Future Versions and Interoperability',
    'MUST',
    'fields of a newer version do no harm',
    () =>
      receiving(async (served) => {
        const newer = Buffer.concat([sample('logs', 'protobuf'), Buffer.from([0xa2, 0x06, 0x01, 0x61])]);
        expect((await post(served, 'logs', newer)).status).toBe(200);
        expect(served.arrived[0]?.batch.bytes()).toEqual(newer);
      }),
  ],
  [
    'port',
    'OTLP/HTTP Default Port',
    'MUST',
    'the default port is 4318',
    async () => {
      expect(otlpReceiver().options?.http).toBe('127.0.0.1:4318');
    },
  ],
]);
