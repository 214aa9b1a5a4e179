import type { LogRecord, LogsBatch, TracesBatch } from '@otelier/otlp';
import { expect } from 'vitest';
import { exportResponse } from '../messages.js';
import { type Row, rowsOf } from '../row.js';
import { post, receiving, sample } from './server.js';

const section = 'JSON Protobuf Encoding';
const asLogs = (record: string) => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`;
const asSpans = (span: string) => `{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`;

/** Posts one log record as JSON; the status, and the record that arrived. */
async function logRecord<T>(record: string, read: (record: LogRecord) => T) {
  let found: { status: number; value: T | undefined } = { status: 0, value: undefined };
  await receiving(async (served) => {
    const { status } = await post(served, 'logs', asLogs(record), 'json');
    const batch = served.arrived[0]?.batch as LogsBatch | undefined;
    const [first] = batch?.records() ?? [];
    found = { status, value: first === undefined ? undefined : read(first) };
  });
  return found;
}

/** What OTLP asks of who reads OTLP/JSON. */
export const jsonReceiverRows: readonly Row[] = rowsOf('receiver-json', 'OTLP', [
  [
    'ids-hex',
    section,
    'MUST',
    'trace and span ids are hex, in either case',
    () =>
      receiving(async (served) => {
        const span =
          '{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174","parentSpanId":"EEE19B7EC3C1B173"}';
        expect((await post(served, 'traces', asSpans(span), 'json')).status).toBe(200);
        const batch = served.arrived[0]?.batch as TracesBatch;
        const [one] = batch.spans();
        expect([one?.traceId, one?.spanId, one?.parentSpanId]).toEqual([
          '5b8efff798038103d269b633813fc60c',
          'eee19b7ec3c1b174',
          'eee19b7ec3c1b173',
        ]);
      }),
  ],
  [
    'ids-not-base64',
    section,
    'MUST',
    'ids in base64 are no ids',
    async () => {
      expect((await logRecord('{"traceId":"W47/95gDgQPSabYzgT/GDA=="}', () => '')).status).toBe(400);
    },
  ],
  [
    'enum-integers',
    section,
    'MUST',
    'enums are integers',
    async () => {
      expect(await logRecord('{"severityNumber":17}', (r) => r.severityNumber)).toEqual({ status: 200, value: 17 });
    },
  ],
  [
    'enum-names',
    section,
    'MUST NOT',
    'names of enum values are refused',
    async () => {
      expect((await logRecord('{"severityNumber":"SEVERITY_NUMBER_INFO"}', () => '')).status).toBe(400);
      await receiving(async (served) => {
        expect((await post(served, 'traces', asSpans('{"kind":"SPAN_KIND_SERVER"}'), 'json')).status).toBe(400);
      });
    },
  ],
  [
    'unknown-fields',
    section,
    'MUST',
    'fields with unknown names are as if they were not there',
    async () => {
      const record = '{"newInOtlp2":{"a":[1,{"b":null}]},"severityText":"INFO","another":1e3}';
      expect(await logRecord(record, (r) => r.severityText)).toEqual({ status: 200, value: 'INFO' });
    },
  ],
  [
    'lower-camel-case',
    section,
    'MUST',
    'keys are in lowerCamelCase',
    async () => {
      expect(await logRecord('{"severityText":"INFO"}', (r) => r.severityText)).toEqual({ status: 200, value: 'INFO' });
    },
  ],
  [
    'original-names',
    section,
    'MUST NOT',
    'original field names are no keys, but unknown names',
    async () => {
      expect(await logRecord('{"severity_text":"INFO"}', (r) => r.severityText)).toEqual({ status: 200, value: '' });
    },
  ],
  [
    'int64-strings',
    section,
    'MUST',
    '64-bit integers are read from decimal strings',
    async () => {
      const read = await logRecord('{"timeUnixNano":"1795334679291000001"}', (r) => r.timeUnixNano);
      expect(read).toEqual({ status: 200, value: 1795334679291000001n });
    },
  ],
  [
    'int64-numbers',
    section,
    'MUST',
    '64-bit integers are read from numbers, exactly',
    async () => {
      const read = await logRecord('{"timeUnixNano":1795334679291000001}', (r) => r.timeUnixNano);
      expect(read).toEqual({ status: 200, value: 1795334679291000001n });
    },
  ],
  [
    'int64-written',
    section,
    'MUST',
    '64-bit integers are written as decimal strings',
    () =>
      receiving(
        async (served) => {
          const answer = await post(served, 'logs', sample('logs', 'json'), 'json');
          expect(exportResponse('logs', answer.body, 'json')).toMatchObject({
            partialSuccess: { rejectedLogRecords: '2' },
          });
        },
        { take: ({ flow }) => flow.refuse(2, 'too old') },
      ),
  ],
  [
    'bytes',
    section,
    'MUST',
    'bytes other than ids are base64',
    async () => {
      const read = await logRecord('{"body":{"bytesValue":"AQI="}}', (r) => r.body);
      expect(read).toEqual({ status: 200, value: new Uint8Array([1, 2]) });
    },
  ],
  [
    'doubles',
    section,
    'MUST',
    'NaN and the infinities are strings',
    async () => {
      expect(await logRecord('{"body":{"doubleValue":"NaN"}}', (r) => r.body)).toEqual({
        status: 200,
        value: Number.NaN,
      });
      const infinite = await logRecord('{"body":{"doubleValue":"-Infinity"}}', (r) => r.body);
      expect(infinite).toEqual({ status: 200, value: Number.NEGATIVE_INFINITY });
    },
  ],
  [
    'null',
    section,
    'MUST',
    'null is absence',
    async () => {
      expect(await logRecord('{"severityText":null,"body":null}', (r) => r.severityText)).toEqual({
        status: 200,
        value: '',
      });
    },
  ],
]);
