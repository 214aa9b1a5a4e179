import { encodeExportResponse, encodeStatus } from '@otelier/otlp';
import { expect } from 'vitest';
import { types } from '../receiver/server.js';
import { type Row, rowsOf } from '../row.js';
import { sendingHttp } from './backend.js';

const MiB = 1024 * 1024;
const ok = () => ({ status: 200, headers: { 'content-type': types.protobuf } });
const partial = (rejected: number, message: string) => () => ({
  ...ok(),
  body: encodeExportResponse('logs', { rejected, message }, 'protobuf'),
});

/** What OTLP asks of an HTTP client: how it reads answers. */
export const httpAnswerRows: readonly Row[] = rowsOf('exporter-http', 'OTLP', [
  [
    'response-limit',
    'OTLP/HTTP Response',
    'MUST',
    'a response over 4 MiB is an error that is not retried',
    () =>
      sendingHttp(
        () => ({ ...ok(), body: Buffer.alloc(4 * MiB + 1) }),
        async (sending) => {
          const { error } = await sending.export();
          expect(error?.retryable).toBe(false);
          expect(error?.message).toContain('more than 4194304 bytes');
        },
      ),
  ],
  [
    'partial',
    'OTLP/HTTP Response, Partial Success',
    'MUST NOT',
    'a partial success is not retried',
    () =>
      sendingHttp(partial(1, 'too old'), async (sending) => {
        const { error, flow } = await sending.export();
        expect([error, sending.seen.length, flow.refused]).toEqual([undefined, 1, 1]);
      }),
  ],
  [
    'partial-warning',
    'OTLP/HTTP Response, Partial Success',
    'MAY',
    'a warning is a success that is logged',
    () =>
      sendingHttp(partial(0, 'nearly too old'), async (sending) => {
        const { error, flow } = await sending.export();
        expect([error, flow.refused]).toEqual([undefined, 0]);
        expect(sending.host.log.some(({ level, fields }) => level === 'warn' && fields.said === 'nearly too old')).toBe(
          true,
        );
      }),
  ],
  [
    'status-code-ignored',
    'OTLP/HTTP Response, Failures',
    'SHOULD',
    'the HTTP status decides, whatever code the Status has',
    async () => {
      for (const [status, code, retryable] of [
        [503, 3, true],
        [400, 14, false],
      ] as const) {
        const body = encodeStatus({ code, message: 'odd' }, 'protobuf');
        await sendingHttp(
          () => ({ status, headers: { 'content-type': types.protobuf }, body }),
          async (sending) => expect((await sending.export()).error?.retryable).toBe(retryable),
        );
      }
    },
  ],
  [
    'status-absent',
    'All Other Responses',
    'SHOULD',
    'a failure without a Status, as of a proxy, is read by its HTTP status',
    () =>
      sendingHttp(
        () => ({ status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad Gateway</h1>' }),
        async (sending) => expect((await sending.export()).error?.retryable).toBe(true),
      ),
  ],
  [
    'recorded',
    'OTLP/HTTP Response, Failures',
    'SHOULD',
    'what was not delivered is recorded: the error names target and status',
    () =>
      sendingHttp(
        () => ({ status: 400 }),
        async (sending) =>
          expect((await sending.export()).error?.message).toBe(`[rejected] ${sending.url}/v1/logs answered 400`),
      ),
  ],
]);
