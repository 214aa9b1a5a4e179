import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meaning } from '../../test/oracle.js';
import { kindOf } from '../schema/schema.js';
import { OtlpError } from '../wire/error.js';
import type { Signal } from '../wire/signal.js';
import { decodeExportResponse, type Encoding, encodeExportResponse } from './export-response.js';
import { decodeStatus, encodeStatus } from './status.js';

const signals = ['logs', 'metrics', 'traces'] as const;
const encodings = ['protobuf', 'json'] as const;
const anySignal = fc.constantFrom<Signal>(...signals);
const anyEncoding = fc.constantFrom<Encoding>(...encodings);

interface Reader {
  deserializeResponse(data: Uint8Array): { partialSuccess?: { [name: string]: unknown } };
}

/** The readers in OpenTelemetry's own exporters. */
const sdk: { readonly [encoding in Encoding]: { readonly [signal in Signal]: Reader } } = {
  protobuf: {
    logs: ProtobufLogsSerializer,
    metrics: ProtobufMetricsSerializer,
    traces: ProtobufTraceSerializer,
  } as never,
  json: { logs: JsonLogsSerializer, metrics: JsonMetricsSerializer, traces: JsonTraceSerializer } as never,
};
const rejectedNames = { logs: 'rejectedLogRecords', metrics: 'rejectedDataPoints', traces: 'rejectedSpans' };

describe('an export response', () => {
  it('survives a round trip', () => {
    const partial = fc.record({ rejected: fc.maxSafeNat(), message: fc.string({ unit: 'grapheme' }) });
    fc.assert(
      fc.property(anySignal, anyEncoding, partial, (signal, encoding, given) => {
        const read = decodeExportResponse(signal, encodeExportResponse(signal, given, encoding), encoding);
        expect(read).toEqual(given.rejected === 0 && given.message === '' ? undefined : given);
      }),
    );
  });

  it.each(signals.flatMap((signal) => encodings.map((encoding) => [signal, encoding] as const)))(
    'for %s in %s is read by the OpenTelemetry SDK',
    (signal, encoding) => {
      const bytes = encodeExportResponse(signal, { rejected: 300, message: 'too old' }, encoding);
      const { partialSuccess } = sdk[encoding][signal].deserializeResponse(bytes);
      expect(Number(partialSuccess?.[rejectedNames[signal]])).toBe(300);
      expect(partialSuccess?.errorMessage).toBe('too old');
      const full = encodeExportResponse(signal, undefined, encoding);
      expect(sdk[encoding][signal].deserializeResponse(full).partialSuccess ?? undefined).toBeUndefined();
    },
  );

  it('of full success is empty in every spelling', () => {
    for (const signal of signals) {
      expect(encodeExportResponse(signal, undefined, 'protobuf').length).toBe(0);
      for (const json of ['', '{}', '{"partialSuccess":null}', '{"partialSuccess":{}}']) {
        expect(decodeExportResponse(signal, Buffer.from(json), 'json')).toBeUndefined();
      }
      expect(decodeExportResponse(signal, Buffer.from('0a00', 'hex'), 'protobuf')).toBeUndefined();
    }
  });

  it('takes numbers as text and as number, and passes over unknown fields', () => {
    const json = Buffer.from('{"x":1,"partialSuccess":{"rejectedSpans":7,"y":[]}}');
    expect(decodeExportResponse('traces', json, 'json')).toEqual({ rejected: 7, message: '' });
    const bytes = Buffer.from('1803 0a07 0807 1a00 120178'.replaceAll(' ', ''), 'hex');
    expect(decodeExportResponse('traces', bytes, 'protobuf')).toEqual({ rejected: 7, message: 'x' });
  });

  it('that is none is an OtlpError', () => {
    const decode = (text: string, encoding: Encoding) => () =>
      decodeExportResponse('logs', Buffer.from(text), encoding);
    expect(decode('<html>', 'json')).toThrow('malformed OTLP logs export response: expected JSON');
    expect(decode('[]', 'json')).toThrow('expected a JSON object');
    expect(decode('{"partialSuccess":{"rejectedLogRecords":"x"}}', 'json')).toThrow('expected an integer');
    expect(decode('<html>', 'protobuf')).toThrow('malformed OTLP logs export response');
  });

  it('refuses to announce a number of rejected items that is none', () => {
    const partial = { rejected: -1, message: '' };
    expect(() => encodeExportResponse('logs', partial, 'protobuf')).toThrow('PartialSuccess.rejected');
  });
});

describe('a status', () => {
  it('survives a round trip', () => {
    const status = fc.record(
      { code: fc.integer({ min: -1, max: 99 }), message: fc.string({ unit: 'grapheme' }), retryAfterMs: fc.nat() },
      { requiredKeys: ['code', 'message'] },
    );
    fc.assert(
      fc.property(anyEncoding, status, (encoding, given) => {
        expect(decodeStatus(encodeStatus(given, encoding), encoding)).toEqual(given);
      }),
    );
  });

  it.each([
    ['-1s', 0],
    ['-0.5s', 0],
    ['99999999999999999999s', 315_576_000_000_000],
  ])('that asks to come back after %s asks for what a sender can keep to', (retryDelay, ms) => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }];
    expect(decodeStatus(Buffer.from(JSON.stringify({ code: 14, details })), 'json').retryAfterMs).toBe(ms);
  });

  it('carries its retry delay as google.rpc.RetryInfo', () => {
    const status = { code: 14, message: 'busy', retryAfterMs: 1500 };
    expect(JSON.parse(encodeStatus(status, 'json').toString())).toEqual({
      code: 14,
      message: 'busy',
      details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' }],
    });
    expect(meaning(kindOf('RpcStatus'), encodeStatus(status, 'protobuf'))).toEqual({
      code: 14,
      message: 'busy',
      details: [
        {
          typeUrl: 'type.googleapis.com/google.rpc.RetryInfo',
          value: Buffer.from('0a0808011080cab5ee01', 'hex').toString('base64'),
        },
      ],
    });
  });

  it('passes over other details, and needs none', () => {
    const json = Buffer.from('{"details":[7,{"@type":"type.googleapis.com/google.rpc.BadRequest"}],"message":"no"}');
    expect(decodeStatus(json, 'json')).toEqual({ code: 0, message: 'no' });
    expect(decodeStatus(Buffer.from('1a060a0178120100', 'hex'), 'protobuf')).toEqual({
      code: 0,
      message: '',
    });
  });

  it('that is none is an OtlpError, whatever the bytes', () => {
    expect(() => decodeStatus(Buffer.from('Bad Gateway'), 'json')).toThrow(OtlpError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), anyEncoding, anySignal, (bytes, encoding, signal) => {
        for (const decode of [
          () => decodeStatus(bytes, encoding),
          () => decodeExportResponse(signal, bytes, encoding),
        ]) {
          try {
            decode();
          } catch (error) {
            if (!(error instanceof OtlpError)) throw error;
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
