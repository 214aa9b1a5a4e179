import type { IncomingMessage } from 'node:http';
import type { Signal } from '@otelier/core';
import type { Refusal } from './answer.js';
import { acceptedCodings, type Coding, codingOf } from './decompress.js';
import type { Encoding } from './intake.js';

/** A refusal with the headers that go with its status. */
export interface HttpRefusal extends Refusal {
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a request's head asks for, or why it cannot be had. */
export type Route =
  | { readonly signal: Signal; readonly encoding: Encoding; readonly coding: Coding | 'identity' }
  | { readonly refusal: HttpRefusal; readonly encoding: Encoding };

/** How many headers a request may have. */
export const maxHeaders = 128;

const paths: ReadonlyMap<string, Signal> = new Map([
  ['/v1/logs', 'logs'],
  ['/v1/metrics', 'metrics'],
  ['/v1/traces', 'traces'],
]);

/** Reads path, method, content type and content encoding; answers that have no known encoding of their own are JSON. */
export function routeOf(request: IncomingMessage): Route {
  const encoding = encodingOf(request.headers['content-type']);
  // RFC 6585 section 5; names and values stand in turn.
  if (request.rawHeaders.length > 2 * maxHeaders)
    return refuse(encoding, 431, 3, `expected no more than ${maxHeaders} request headers`);
  // RFC 9112 section 3.2; Node would answer with no reason at all.
  if (request.headers.host === undefined && request.httpVersionMinor === 1)
    return refuse(encoding, 400, 3, 'expected a Host header');
  const signal = paths.get(request.url ?? '') ?? paths.get(pathOf(request.url ?? ''));
  if (signal === undefined)
    return refuse(encoding, 404, 5, `no such path; expected one of ${[...paths.keys()].join(', ')}`);
  if (request.method !== 'POST') return refuse(encoding, 405, 12, 'expected POST', { Allow: 'POST' });
  if (encoding === undefined)
    return refuse(encoding, 415, 3, 'expected Content-Type application/x-protobuf or application/json');
  const coding = codingOf(request.headers['content-encoding']);
  if (coding === undefined) {
    return refuse(encoding, 415, 3, `expected Content-Encoding to be one of ${acceptedCodings}`, {
      'Accept-Encoding': acceptedCodings,
    });
  }
  return { signal, encoding, coding };
}

/** What becomes of a request that expects something else than `100-continue` (RFC 9110 section 10.1.1). */
export function unmetExpectation(request: IncomingMessage): Route {
  const encoding = encodingOf(request.headers['content-type']);
  return refuse(encoding, 417, 3, 'expected no Expect header, or Expect: 100-continue');
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** The encoding named by a `Content-Type` header, or undefined when it is none of ours. */
export function encodingOf(header: string | undefined): Encoding | undefined {
  if (header === 'application/x-protobuf') return 'protobuf';
  if (header === 'application/json') return 'json';
  const type = header?.split(';', 1)[0]?.trim().toLowerCase();
  return type === 'application/x-protobuf' ? 'protobuf' : type === 'application/json' ? 'json' : undefined;
}

function refuse(
  encoding: Encoding | undefined,
  httpStatus: number,
  grpcCode: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Route {
  return { encoding: encoding ?? 'json', refusal: { httpStatus, grpcCode, message, headers } };
}
