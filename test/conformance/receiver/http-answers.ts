import { gzipSync } from 'node:zlib';
import { PipelineError, type PipelineErrorCode, signals } from '@otelier/core';
import { expect } from 'vitest';
import { exportResponse, statusOf } from '../messages.js';
import { type Row, rowsOf } from '../row.js';
import { broken, encodings, post, postHead, raw, receiving, sample, types } from './server.js';

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
const MiB = 1024 * 1024;

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

/** What OTLP asks of an HTTP server: partial success, failures, throttling, size of responses. */
export const httpAnswerRows: readonly Row[] = rowsOf('receiver-http', 'OTLP', [
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
]);
