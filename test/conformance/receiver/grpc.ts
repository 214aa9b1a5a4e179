import { PipelineError, signals } from '@otelier/core';
import { expect } from 'vitest';
import { otlpReceiver } from '../../../packages/receivers/src/otlp/otlp.js';
import { exportResponse, statusOfBytes } from '../messages.js';
import { type Row, rowsOf } from '../row.js';
import { call, receiving, sample } from './server.js';

const MiB = 1024 * 1024;
const counters = { logs: 'rejectedLogRecords', metrics: 'rejectedDataPoints', traces: 'rejectedSpans' } as const;
const [INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE] = [3, 8, 14];

/** A log record that is so many bytes long. */
function large(size: number): Buffer {
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
  const field = (number: number, value: Buffer) =>
    Buffer.concat([Buffer.from([number * 8 + 2, ...varint(value.length)]), value]);
  return field(1, field(2, field(2, field(5, field(1, Buffer.alloc(size, 'a'))))));
}

async function refusedWith(error: PipelineError, see: (answer: Awaited<ReturnType<typeof call>>) => void) {
  await receiving(async (served) => see(await call(served, 'logs', sample('logs', 'protobuf'))), {
    take: () => Promise.reject(error),
  });
}

/** What OTLP asks of a gRPC server. */
export const grpcReceiverRows: readonly Row[] = rowsOf('receiver-grpc', 'OTLP', [
  [
    'services',
    'OTLP/gRPC Service and Protobuf Definitions',
    'MUST',
    'each signal has its service, and arrives as that signal',
    () =>
      receiving(async (served) => {
        for (const signal of signals) expect((await call(served, signal, sample(signal, 'protobuf'))).code).toBe(0);
        expect(served.arrived.map(({ batch }) => batch.signal)).toEqual([...signals]);
      }),
  ],
  [
    'compression',
    'Protocol Details',
    'MUST',
    'messages come with and without gzip',
    () =>
      receiving(async (served) => {
        for (const isGzip of [false, true])
          expect((await call(served, 'logs', sample('logs', 'protobuf'), isGzip)).code).toBe(0);
        expect(served.arrived.map(({ batch }) => batch.bytes())).toEqual([
          sample('logs', 'protobuf'),
          sample('logs', 'protobuf'),
        ]);
      }),
  ],
  [
    'size-limit',
    'OTLP/gRPC Request',
    'MUST',
    'a message over the limit is RESOURCE_EXHAUSTED, and not to be sent again',
    () =>
      receiving(
        async (served) => {
          const { code, details } = await call(served, 'logs', large(20_000));
          expect([code, details && statusOfBytes(details).details.RetryInfo]).toEqual([RESOURCE_EXHAUSTED, undefined]);
        },
        { options: { maxBytes: '16KiB' } },
      ),
  ],
  [
    'size-limit-decompressed',
    'OTLP/gRPC Request',
    'MUST',
    'the limit holds after decompression',
    () =>
      receiving(
        async (served) => {
          const { code, details } = await call(served, 'logs', large(MiB), true);
          expect([code, details && statusOfBytes(details).details.RetryInfo]).toEqual([RESOURCE_EXHAUSTED, undefined]);
        },
        { options: { maxBytes: '16KiB' } },
      ),
  ],
  [
    'size-limit-default',
    'OTLP/gRPC Request',
    'RECOMMENDED',
    'the limit is 64 MiB unless configured',
    () =>
      receiving(async (served) => {
        expect((await call(served, 'logs', large(64 * MiB - 100))).code).toBe(0);
        expect((await call(served, 'logs', large(64 * MiB))).code).toBe(RESOURCE_EXHAUSTED);
      }),
  ],
  [
    'concurrent',
    'OTLP/gRPC Concurrent Requests',
    'SHOULD',
    'calls on one connection are worked on at once',
    async () => {
      let arrived = 0;
      let all = (): void => {};
      const together = new Promise<void>((resolve) => {
        all = resolve;
      });
      // None is answered before all have come; grpc-js shares the connection.
      const take = () => {
        if (++arrived === 5) all();
        return together;
      };
      await receiving(
        async (served) => {
          const calls = Array.from({ length: 5 }, () => call(served, 'logs', sample('logs', 'protobuf')));
          expect((await Promise.all(calls)).map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
        },
        { take },
      );
    },
  ],
  [
    'empty',
    'OTLP/gRPC Response, Full Success',
    'SHOULD',
    'a request without data succeeds',
    () =>
      receiving(async (served) => {
        for (const signal of signals) expect((await call(served, signal, Buffer.alloc(0))).code).toBe(0);
      }),
  ],
  [
    'success',
    'OTLP/gRPC Response, Full Success',
    'MUST',
    'success is the export response with partial_success unset',
    () =>
      receiving(async (served) => {
        for (const signal of signals) {
          const { code, body } = await call(served, signal, sample(signal, 'protobuf'));
          expect([code, exportResponse(signal, body, 'protobuf')]).toEqual([0, {}]);
        }
      }),
  ],
  [
    'partial',
    'OTLP/gRPC Response, Partial Success',
    'MUST',
    'what was taken in part is told with the number of rejected items',
    () =>
      receiving(
        async (served) => {
          for (const signal of signals) {
            const { code, body } = await call(served, signal, sample(signal, 'protobuf'));
            expect(code).toBe(0);
            expect(exportResponse(signal, body, 'protobuf')).toMatchObject({
              partialSuccess: { [counters[signal]]: '4' },
            });
          }
        },
        { take: ({ flow }) => flow.refuse(4, 'too old') },
      ),
  ],
  [
    'partial-message',
    'OTLP/gRPC Response, Partial Success',
    'SHOULD',
    'partial success says why',
    () =>
      receiving(
        async (served) => {
          const { body } = await call(served, 'logs', sample('logs', 'protobuf'));
          expect(exportResponse('logs', body, 'protobuf')).toMatchObject({
            partialSuccess: { errorMessage: 'too old' },
          });
        },
        { take: ({ flow }) => flow.refuse(4, 'too old') },
      ),
  ],
  [
    'partial-warning',
    'OTLP/gRPC Response, Partial Success',
    'MUST',
    'a warning has 0 rejected items and a message',
    () =>
      receiving(
        async (served) => {
          const { body } = await call(served, 'logs', sample('logs', 'protobuf'));
          expect(exportResponse('logs', body, 'protobuf')).toEqual({
            partialSuccess: { errorMessage: 'nearly too old' },
          });
        },
        { take: ({ flow }) => flow.refuse(0, 'nearly too old') },
      ),
  ],
  [
    'response-limit',
    'OTLP/gRPC Response',
    'MUST',
    'no response is larger than 4 MiB; a partial success loses text, not its count',
    () =>
      receiving(
        async (served) => {
          const { code, body } = await call(served, 'logs', sample('logs', 'protobuf'));
          expect(code).toBe(0);
          expect(body.length).toBeLessThanOrEqual(4 * MiB);
          expect(exportResponse('logs', body, 'protobuf')).toMatchObject({
            partialSuccess: { rejectedLogRecords: '1' },
          });
        },
        { take: ({ flow }) => flow.refuse(1, 'a'.repeat(5 * MiB)) },
      ),
  ],
  [
    'failure-long',
    'OTLP/gRPC Response',
    'MUST',
    'a failure with a long reason is still that failure',
    () =>
      refusedWith(new PipelineError('rejected', 'a'.repeat(5 * MiB)), ({ code }) =>
        expect(code).toBe(INVALID_ARGUMENT),
      ),
  ],
  [
    'retryable',
    'OTLP/gRPC Response, Failures',
    'SHOULD',
    'a failure that may pass is UNAVAILABLE, with RetryInfo',
    () =>
      refusedWith(new PipelineError('unavailable', 'later', { retryAfterMs: 1500 }), ({ code, details }) => {
        expect(code).toBe(UNAVAILABLE);
        const retryDelay = { seconds: '1', nanos: 500_000_000 };
        expect(statusOfBytes(details as Buffer).details.RetryInfo).toMatchObject({ retryDelay });
      }),
  ],
  [
    'bad-data',
    'OTLP/gRPC Response, Failures',
    'RECOMMENDED',
    'bad data is INVALID_ARGUMENT, with a BadRequest',
    () =>
      receiving(async (served) => {
        const { code, details } = await call(served, 'logs', Buffer.from([0x0a, 0x7f]));
        expect(code).toBe(INVALID_ARGUMENT);
        expect(statusOfBytes(details as Buffer).details.BadRequest).toBeDefined();
      }),
  ],
  [
    'throttle',
    'OTLP/gRPC Throttling',
    'SHOULD',
    'overload is UNAVAILABLE, or RESOURCE_EXHAUSTED with RetryInfo, which clients must take for the same',
    () =>
      receiving(
        async (served) => {
          const { code, details } = await call(served, 'logs', sample('logs', 'protobuf'));
          expect([RESOURCE_EXHAUSTED, UNAVAILABLE]).toContain(code);
          expect(statusOfBytes(details as Buffer).details.RetryInfo).toBeDefined();
        },
        { limitBytes: 10 },
      ),
  ],
  [
    'retry-delay',
    'OTLP/gRPC Throttling',
    'SHOULD',
    'the delay leaves time to recover, and the client no time to lose data',
    () =>
      refusedWith(new PipelineError('overloaded', 'later'), ({ details }) => {
        const { retryDelay } = statusOfBytes(details as Buffer).details.RetryInfo as {
          retryDelay: { seconds: string };
        };
        expect(Number(retryDelay.seconds)).toBeGreaterThanOrEqual(1);
        expect(Number(retryDelay.seconds)).toBeLessThanOrEqual(5);
      }),
  ],
  [
    'port',
    'OTLP/gRPC Default Port',
    'MUST',
    'the default port is 4317',
    async () => {
      expect(otlpReceiver().options?.grpc).toBe('127.0.0.1:4317');
    },
  ],
]);
