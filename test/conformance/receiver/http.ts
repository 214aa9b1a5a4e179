import { gzipSync } from 'node:zlib';
import { PipelineError, type PipelineErrorCode, signals } from '@otelier/core';
import { request } from 'undici';
import { expect } from 'vitest';
import { otlpReceiver } from '../../../packages/receivers/src/otlp/otlp.js';
import { converse } from '../../fuzz/live/converse.js';
import { exportResponse, statusOf } from '../messages.js';
import { type Row, rowsOf } from '../row.js';
import { encodings, post, receiving, sample, speak, types } from './server.js';

const refusals: readonly (readonly [PipelineErrorCode, number])[] = [
  ['rejected', 400],
  ['too-large', 413],
  ['unauthenticated', 401],
  ['unsupported', 404],
  ['internal', 500],
  ['overloaded', 429],
  ['unavailable', 503],
  ['deadline', 504],
];
const counters = { logs: 'rejectedLogRecords', metrics: 'rejectedDataPoints', traces: 'rejectedSpans' } as const;
const broken = { protobuf: Buffer.from([0x0a, 0x7f]), json: Buffer.from('{"resourceLogs":[') };
const MiB = 1024 * 1024;

/** The first answer to bytes on a plain socket: its status, type and body. */
async function raw(port: number, text: string): Promise<{ status: number; type: string; body: Buffer }> {
  const { bytes } = await converse(port, [Buffer.from(text)]);
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.toString('latin1', 0, end);
  const type = /^content-type: (.*)$/im.exec(head)?.[1] ?? '';
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
  return { status: Number(head.slice(9, 12)), type, body: bytes.subarray(end + 4, end + 4 + length) };
}

const postHead = 'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n';

/** Partial success of one request per signal and encoding. */
async function partially(
  rejected: number,
  reason: string,
  see: (partial: Record<string, unknown>, counter: string) => void,
) {
  const take = ({ flow }: { flow: { refuse(count: number, reason: string): void } }) => flow.refuse(rejected, reason);
  await receiving(
    async (served) => {
      for (const signal of signals) {
        for (const encoding of encodings) {
          const answer = await post(served, signal, sample(signal, encoding), encoding);
          expect(answer.status).toBe(200);
          const { partialSuccess } = exportResponse(signal, answer.body, encoding) as {
            partialSuccess: Record<string, unknown>;
          };
          see(partialSuccess, counters[signal]);
        }
      }
    },
    { take },
  );
}

/** What OTLP asks of an HTTP server. */
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
    'partial',
    'OTLP/HTTP Response, Partial Success',
    'MUST',
    'what was taken in part is 200 with the number of rejected items',
    () => partially(3, 'too old', (partial, counter) => expect(partial[counter]).toBe('3')),
  ],
  [
    'partial-message',
    'OTLP/HTTP Response, Partial Success',
    'SHOULD',
    'partial success says why',
    () => partially(3, 'too old', (partial) => expect(partial.errorMessage).toContain('too old')),
  ],
  [
    'partial-warning',
    'OTLP/HTTP Response, Partial Success',
    'MUST',
    'a warning has 0 rejected items and a message',
    () =>
      partially(0, 'nearly too old', (partial, counter) => {
        expect(Number(partial[counter] ?? 0)).toBe(0);
        expect(partial.errorMessage).toContain('nearly too old');
      }),
  ],
  [
    'failures',
    'OTLP/HTTP Response, Failures',
    'MUST',
    'a failure is told by the 4xx or 5xx status that fits',
    async () => {
      for (const [code, status] of refusals) {
        const take = () => Promise.reject(new PipelineError(code, 'a reason'));
        await receiving(
          async (served) => expect((await post(served, 'logs', sample('logs', 'protobuf'))).status).toBe(status),
          { take },
        );
      }
    },
  ],
  [
    'status-body',
    'OTLP/HTTP Response, Failures',
    'MUST',
    'the body of a failure of the pipeline is a Status',
    async () => {
      for (const [code] of refusals) {
        const take = () => Promise.reject(new PipelineError(code, 'a reason'));
        await receiving(
          async (served) => {
            for (const encoding of encodings) {
              const answer = await post(served, 'logs', sample('logs', encoding), encoding);
              expect(answer.type).toBe(types[encoding]);
              expect(statusOf(answer.type, answer.body).message).toContain('a reason');
            }
          },
          { take },
        );
      }
    },
  ],
  [
    'status-body-door',
    'OTLP/HTTP Response, Failures',
    'MUST',
    'the body of every refusal of the server itself is a Status',
    () =>
      receiving(
        async (served) => {
          const asked = [
            [404, 'POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
            [405, 'GET /v1/logs HTTP/1.1\r\nHost: a\r\n\r\n'],
            [415, 'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n'],
            [415, `${postHead}Content-Encoding: br\r\nContent-Length: 0\r\n\r\n`],
            [413, `${postHead}Content-Length: 5000\r\n\r\n`],
            [400, `${postHead}Content-Length: x\r\n\r\n`],
            [400, 'not HTTP\r\n\r\n'],
            [431, `${postHead}X: ${'a'.repeat(20_000)}\r\n\r\n`],
          ] as const;
          for (const [status, text] of asked) {
            const answer = await raw(served.port, text);
            expect([answer.status, text.slice(0, 40)]).toEqual([status, text.slice(0, 40)]);
            expect(statusOf(answer.type, answer.body).message).not.toBe('');
          }
        },
        { options: { maxBytes: '4KiB' } },
      ),
  ],
  [
    'status-unknown-expectation',
    'OTLP/HTTP Response, Failures',
    'MUST',
    'the 417 to an unknown Expect has a Status too',
    () =>
      receiving(async (served) => {
        const answer = await raw(served.port, `${postHead}Expect: a-miracle\r\nContent-Length: 0\r\n\r\n`);
        expect(answer.status).toBe(417);
        expect(statusOf(answer.type, answer.body).message).not.toBe('');
      }),
  ],
  [
    'status-no-host',
    'OTLP/HTTP Response, Failures',
    'MUST',
    'the 400 to a request without Host has a Status too',
    () =>
      receiving(async (served) => {
        const answer = await raw(served.port, 'POST /v1/logs HTTP/1.1\r\nContent-Length: 0\r\n\r\n');
        expect(answer.status).toBe(400);
        expect(statusOf(answer.type, answer.body).message).not.toBe('');
      }),
  ],
  [
    'bad-data',
    'OTLP/HTTP Response, Bad Data',
    'MUST',
    'data that cannot be decoded is 400',
    () =>
      receiving(async (served) => {
        for (const encoding of encodings)
          expect((await post(served, 'logs', broken[encoding], encoding)).status).toBe(400);
        const gzip = { 'content-encoding': 'gzip' };
        expect((await post(served, 'logs', 'not gzip', 'protobuf', gzip)).status).toBe(400);
        const half = gzipSync(sample('logs', 'protobuf')).subarray(0, 40);
        expect((await post(served, 'logs', half, 'protobuf', gzip)).status).toBe(400);
      }),
  ],
  [
    'bad-request',
    'OTLP/HTTP Response, Bad Data',
    'SHOULD',
    'the Status of bad data has a BadRequest that describes it',
    () =>
      receiving(async (served) => {
        for (const encoding of encodings) {
          const answer = await post(served, 'logs', broken[encoding], encoding);
          const { details } = statusOf(answer.type, answer.body);
          const [violation] = (details.BadRequest?.fieldViolations ?? []) as { description: string }[];
          expect(violation?.description).toMatch(/at byte \d+/);
        }
      }),
  ],
  [
    'throttle',
    'OTLP/HTTP Throttling',
    'SHOULD',
    'overload is 429 or 503',
    () =>
      receiving(
        async (served) => expect([429, 503]).toContain((await post(served, 'logs', sample('logs', 'protobuf'))).status),
        { limitBytes: 10 },
      ),
  ],
  [
    'retry-after',
    'OTLP/HTTP Throttling',
    'MAY',
    'Retry-After tells, in whole seconds, when to come back',
    async () => {
      const take = () => Promise.reject(new PipelineError('unavailable', 'later', { retryAfterMs: 2500 }));
      await receiving(
        async (served) => {
          const answer = await post(served, 'logs', sample('logs', 'protobuf'));
          expect([answer.status, answer.headers['retry-after']]).toEqual([503, '3']);
        },
        { take },
      );
    },
  ],
  [
    'response-limit',
    'OTLP/HTTP Response',
    'MUST',
    'no response is larger than 4 MiB',
    () =>
      receiving(
        async (served) => {
          const answer = await post(served, 'logs', sample('logs', 'protobuf'));
          expect(answer.body.length).toBeLessThanOrEqual(4 * MiB);
        },
        { take: ({ flow }) => flow.refuse(1, 'a'.repeat(5 * MiB)) },
      ),
  ],
  [
    'response-shrinks',
    'OTLP/HTTP Response',
    'SHOULD',
    'a partial success that is too large loses text, not its count',
    () =>
      receiving(
        async (served) => {
          const answer = await post(served, 'logs', sample('logs', 'protobuf'));
          expect(answer.status).toBe(200);
          const { partialSuccess } = exportResponse('logs', answer.body, 'protobuf') as Record<
            string,
            Record<string, string>
          >;
          expect(partialSuccess?.rejectedLogRecords).toBe('1');
          expect(partialSuccess?.errorMessage).toMatch(/^aaaa/);
        },
        { take: ({ flow }) => flow.refuse(1, 'a'.repeat(5 * MiB)) },
      ),
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
