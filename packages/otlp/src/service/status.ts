import { Fields } from '../door/fields.js';
import { Growing } from '../door/growing.js';
import { DEFAULT_MAX_DEPTH, validateMessage } from '../door/validate.js';
import { kindOf } from '../schema/schema.js';
import { varint32, varint64 } from '../wire/varint.js';
import { asBuffer, type Encoding } from './export-response.js';
import { asInteger, asObject, asText, parseObject } from './json-value.js';

/** google.rpc.Status, the body of every refusal over OTLP/HTTP and the `grpc-status-details-bin` of one over gRPC. */
export interface Status {
  /** gRPC status code. */
  code: number;
  message: string;
  /** google.rpc.RetryInfo: when the sender may try again. */
  retryAfterMs?: number;
  /** google.rpc.BadRequest: what is wrong with the data. Written, not read. */
  badRequest?: string;
}

const STATUS = kindOf('RpcStatus');
const RETRY_INFO = kindOf('RetryInfo');
/** What a google.protobuf.Duration may hold, ten thousand years. */
const longestMs = 315_576_000_000_000;
const RETRY_INFO_URL = 'type.googleapis.com/google.rpc.RetryInfo';

const BAD_REQUEST_URL = 'type.googleapis.com/google.rpc.BadRequest';

export function encodeStatus(status: Status, encoding: Encoding): Buffer {
  const { code, message, retryAfterMs, badRequest } = status;
  if (retryAfterMs !== undefined && !(retryAfterMs >= 0 && retryAfterMs <= 1e15)) {
    throw new RangeError('Status.retryAfterMs must be a number of milliseconds from 0 on');
  }
  const seconds = Math.floor((retryAfterMs ?? 0) / 1000);
  const nanos = Math.floor(((retryAfterMs ?? 0) - seconds * 1000) * 1e6);
  if (encoding === 'json') {
    const retryDelay = `${seconds}${nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`}s`;
    const details: object[] = [];
    if (retryAfterMs !== undefined) details.push({ '@type': RETRY_INFO_URL, retryDelay });
    if (badRequest !== undefined)
      details.push({ '@type': BAD_REQUEST_URL, fieldViolations: [{ description: badRequest }] });
    return Buffer.from(JSON.stringify({ code, message, details: details.length === 0 ? undefined : details }));
  }
  const out = new Growing(message.length + 96);
  if (code !== 0) {
    out.varint(0x08);
    out.bigVarint(BigInt.asUintN(64, BigInt(Math.trunc(code))));
  }
  if (message !== '') out.text(0x12, message);
  if (retryAfterMs !== undefined) {
    out.varint(0x1a);
    const any = out.open(64);
    out.text(0x0a, RETRY_INFO_URL);
    out.varint(0x12);
    const info = out.open(16);
    out.varint(0x0a);
    const delay = out.open(16);
    if (seconds !== 0) {
      out.varint(0x08);
      out.varint(seconds);
    }
    if (nanos !== 0) {
      out.varint(0x10);
      out.varint(nanos);
    }
    out.close(delay, 16);
    out.close(info, 16);
    out.close(any, 64);
  }
  if (badRequest !== undefined) {
    out.varint(0x1a);
    const any = out.open(badRequest.length + 64);
    out.text(0x0a, BAD_REQUEST_URL);
    out.varint(0x12);
    const detail = out.open(badRequest.length + 16);
    out.varint(0x0a);
    const violation = out.open(badRequest.length + 8);
    out.text(0x12, badRequest);
    out.close(violation, badRequest.length + 8);
    out.close(detail, badRequest.length + 16);
    out.close(any, badRequest.length + 64);
  }
  return out.bytes();
}

/**
 * Reads a google.rpc.Status; details other than RetryInfo are passed over.
 *
 * @throws OtlpError when the body is no such message: many proxies answer in plain text or HTML.
 */
export function decodeStatus(bytes: Uint8Array, encoding: Encoding): Status {
  return encoding === 'json' ? fromJson(bytes) : fromProtobuf(asBuffer(bytes));
}

function fromProtobuf(bytes: Buffer): Status {
  const body = validateMessage(STATUS, 'google.rpc.Status', bytes, DEFAULT_MAX_DEPTH);
  const status: Status = { code: 0, message: '' };
  const fields = new Fields(body);
  while (fields.next()) {
    if (fields.number === 1) status.code = varint32(body, fields.from) | 0;
    else if (fields.number === 2) status.message = body.toString('utf8', fields.from, fields.to);
    else if (fields.number === 3) {
      const retryAfterMs = retryInfo(body, fields.from, fields.to);
      if (retryAfterMs !== undefined) status.retryAfterMs = asWait(retryAfterMs);
    }
  }
  return status;
}

function retryInfo(body: Buffer, from: number, to: number): number | undefined {
  let url = '';
  let value: Buffer = Buffer.alloc(0);
  const any = new Fields(body, from, to);
  while (any.next()) {
    if (any.number === 1) url = body.toString('latin1', any.from, any.to);
    if (any.number === 2) value = body.subarray(any.from, any.to);
  }
  if (url !== RETRY_INFO_URL) return undefined;
  const info = validateMessage(RETRY_INFO, 'google.rpc.RetryInfo', value, DEFAULT_MAX_DEPTH);
  let milliseconds = 0;
  const outer = new Fields(info);
  while (outer.next()) {
    if (outer.number !== 1) continue;
    const delay = new Fields(info, outer.from, outer.to);
    while (delay.next()) {
      if (delay.number === 1) milliseconds += Number(BigInt.asIntN(64, varint64(info, delay.from))) * 1000;
      if (delay.number === 2) milliseconds += (varint32(info, delay.from) | 0) / 1e6;
    }
  }
  return milliseconds;
}

function fromJson(bytes: Uint8Array): Status {
  const body = parseObject(bytes, 'google.rpc.Status');
  const status: Status = {
    code: asInteger(body.code, 'code of a google.rpc.Status'),
    message: asText(body.message),
  };
  for (const each of Array.isArray(body.details) ? body.details : []) {
    const detail = asObject(each);
    if (detail?.['@type'] !== RETRY_INFO_URL) continue;
    const delay = /^(-?\d+(?:\.\d+)?)s$/.exec(asText(detail.retryDelay));
    if (delay !== null) status.retryAfterMs = asWait(Number((Number(delay[1]) * 1000).toFixed(6)));
  }
  return status;
}

/** No time to wait is negative, whatever a server writes: its RetryInfo still says that one may come again. */
function asWait(milliseconds: number): number {
  return Math.min(Math.max(milliseconds, 0), longestMs);
}
