import { Fields } from '../door/fields.js';
import { Growing } from '../door/growing.js';
import { DEFAULT_MAX_DEPTH, validateMessage } from '../door/validate.js';
import { kindOf, messages } from '../schema/schema.js';
import type { Signal } from '../wire/signal.js';
import { varint64 } from '../wire/varint.js';
import { asInteger, asObject, asText, parseObject } from './json-value.js';

/** How a message of the OTLP services is spelled. */
export type Encoding = 'protobuf' | 'json';

/** What a backend did not take of a request, and why; `rejected` 0 with a message is a warning. */
export interface PartialSuccess {
  rejected: number;
  message: string;
}

const kinds: { readonly [signal in Signal]: number } = {
  logs: kindOf('ExportLogsServiceResponse'),
  metrics: kindOf('ExportMetricsServiceResponse'),
  traces: kindOf('ExportTraceServiceResponse'),
};
const rejectedNames: { readonly [signal in Signal]: string } = {
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
  traces: 'rejectedSpans',
};

/** The answer to an export request: full success without `partial`, else 200 with what was rejected. */
export function encodeExportResponse(signal: Signal, partial: PartialSuccess | undefined, encoding: Encoding): Buffer {
  if (partial !== undefined && !(Number.isSafeInteger(partial.rejected) && partial.rejected >= 0)) {
    throw new RangeError('PartialSuccess.rejected must be a whole number from 0 on');
  }
  if (encoding === 'json') {
    if (partial === undefined) return Buffer.from('{}');
    const { rejected, message } = partial;
    const partialSuccess = { [rejectedNames[signal]]: String(rejected), errorMessage: message };
    return Buffer.from(JSON.stringify({ partialSuccess }));
  }
  if (partial === undefined) return Buffer.alloc(0);
  const out = new Growing(partial.message.length + 32);
  out.varint(0x0a);
  const start = out.open(partial.message.length);
  if (partial.rejected !== 0) {
    out.varint(0x08);
    out.varint(partial.rejected);
  }
  if (partial.message !== '') out.text(0x12, partial.message);
  out.close(start, partial.message.length);
  return out.bytes();
}

/**
 * Reads the answer to an export request; undefined when all was taken, which is also what an empty `partial_success`
 * says.
 *
 * @throws OtlpError when the body is no such message.
 */
export function decodeExportResponse(
  signal: Signal,
  bytes: Uint8Array,
  encoding: Encoding,
): PartialSuccess | undefined {
  const label = `OTLP ${signal} export response`;
  let rejected = 0;
  let message = '';
  if (encoding === 'json') {
    const partial = asObject(parseObject(bytes, label).partialSuccess);
    rejected = asInteger(partial?.[rejectedNames[signal]], `${rejectedNames[signal]} of an ${label}`);
    message = asText(partial?.errorMessage);
  } else {
    const body = validateMessage(kinds[signal], label, asBuffer(bytes), DEFAULT_MAX_DEPTH);
    const outer = new Fields(body);
    while (outer.next()) {
      if (outer.number !== messages[kinds[signal]]!.fields[0]!.number) continue;
      const inner = new Fields(body, outer.from, outer.to);
      while (inner.next()) {
        if (inner.number === 1) rejected = Number(BigInt.asIntN(64, varint64(body, inner.from)));
        if (inner.number === 2) message = body.toString('utf8', inner.from, inner.to);
      }
    }
  }
  return rejected === 0 && message === '' ? undefined : { rejected, message };
}

/** The same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
