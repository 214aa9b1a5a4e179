import type { IncomingHttpHeaders } from 'node:http';
import type { Signal } from '@otelier/core';
import { type Coding, codingOf } from './decompress.js';
import { encodingOf, maxHeaders } from './http-route.js';
import type { Encoding } from './intake.js';

const end = Buffer.from('\r\n\r\n');
/** A longer head is Node's to judge, which refuses one of 16 KiB. */
const maxSize = 8192;

const requestLines: readonly (readonly [string, Signal])[] = [
  ['POST /v1/logs HTTP/1.1\r\n', 'logs'],
  ['POST /v1/metrics HTTP/1.1\r\n', 'metrics'],
  ['POST /v1/traces HTTP/1.1\r\n', 'traces'],
];

// By character code: 1 may stand in a header's name (RFC 9110 section 5.6.2), 2 in its value (section 5.5).
const characters = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  const isValue = c === 9 || (c >= 32 && c !== 127);
  characters[c] = (/[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(String.fromCharCode(c)) ? 1 : 0) | (isValue ? 2 : 0);
}

/**
 * The head of a request as OTLP exporters send it: a known path, a body of known length, and nothing that asks for more of HTTP than that.
 *
 * {@link plainHead} makes one, or leaves the request to Node's parser: it never refuses, and takes only what can be read in one way.
 */
export class PlainHead {
  declare readonly signal: Signal;
  declare readonly encoding: Encoding;
  declare readonly coding: Coding | 'identity';
  /** Bytes of the body. */
  declare readonly length: number;
  /** Bytes of the head. */
  declare readonly size: number;
  declare private readonly text: string;

  constructor(
    signal: Signal,
    encoding: Encoding,
    coding: Coding | 'identity',
    length: number,
    size: number,
    text: string,
  ) {
    this.signal = signal;
    this.encoding = encoding;
    this.coding = coding;
    this.length = length;
    this.size = size;
    this.text = text;
  }

  /** As Node would give them; read anew at each call. */
  get headers(): IncomingHttpHeaders {
    const headers: IncomingHttpHeaders = {};
    for (const line of this.text.split('\r\n').slice(1, -1)) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
      const known = Object.hasOwn(headers, name) ? headers[name] : undefined;
      if (name === 'set-cookie') headers[name] = [...(headers[name] ?? []), value];
      else if (known === undefined) headers[name] = value;
      else if (!firstOnly.has(name)) headers[name] = `${known}${name === 'cookie' ? '; ' : ', '}${value}`;
    }
    return headers;
  }
}

// Of these Node keeps the first (its documentation of `message.headers`).
const firstOnly: ReadonlySet<string> = new Set([
  ...['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host', 'if-modified-since'],
  ...['if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'referer'],
  ...['retry-after', 'server', 'user-agent'],
]);

/** The head that `chunk` begins with; undefined when it is not whole or not plain. */
export function plainHead(chunk: Buffer): PlainHead | undefined {
  const last = chunk.indexOf(end);
  if (last < 0 || last > maxSize) return undefined;
  const text = chunk.toString('latin1', 0, last + 2);
  for (const [line, signal] of requestLines)
    if (text.startsWith(line)) return readHeaders(text, line.length, signal, last + 4);
  return undefined;
}

function readHeaders(text: string, from: number, signal: Signal, size: number): PlainHead | undefined {
  let hasHost = false;
  let type: Encoding | undefined;
  let length = -1;
  let coding: Coding | 'identity' | undefined;
  let left = maxHeaders;
  for (let p = from; p < text.length; ) {
    if (left-- === 0) return undefined;
    const name = p;
    while (isIn(1, text, p)) p++;
    const nameLength = p - name;
    if (nameLength === 0 || text.charCodeAt(p) !== 58) return undefined;
    const value = ++p;
    while (isIn(2, text, p)) p++;
    if (text.charCodeAt(p) !== 13 || text.charCodeAt(p + 1) !== 10) return undefined;
    // Headers that say how to read the request come once, in the plainest form; Transfer-Encoding and Expect do not come.
    switch (nameLength) {
      case 4:
        if (!isNamed(text, name, 'host')) break;
        if (hasHost) return undefined;
        hasHost = true;
        break;
      case 6:
        if (isNamed(text, name, 'expect')) return undefined;
        break;
      case 10:
        if (isNamed(text, name, 'connection') && !/^ keep-alive$/i.test(text.slice(value, p))) return undefined;
        break;
      case 12:
        if (!isNamed(text, name, 'content-type')) break;
        if (type !== undefined) return undefined;
        if (value < p && text.charCodeAt(value) !== 32) return undefined;
        type = encodingOf(text.slice(value + 1, p));
        if (type === undefined) return undefined;
        break;
      case 14:
        if (!isNamed(text, name, 'content-length')) break;
        if (length >= 0) return undefined;
        length = digits(text, value, p);
        if (length < 0) return undefined;
        break;
      case 16:
        if (!isNamed(text, name, 'content-encoding')) break;
        if (coding !== undefined) return undefined;
        if (value < p && text.charCodeAt(value) !== 32) return undefined;
        coding = codingOf(text.slice(value + 1, p));
        if (coding === undefined) return undefined;
        break;
      case 17:
        if (isNamed(text, name, 'transfer-encoding')) return undefined;
        break;
    }
    p += 2;
  }
  if (!hasHost || type === undefined || length < 0) return undefined;
  return new PlainHead(signal, type, coding ?? 'identity', length, size, text);
}

// Behind the text's end the code is not a number, and the table has nothing.
function isIn(kind: number, text: string, at: number): boolean {
  return (characters[text.charCodeAt(at)]! & kind) !== 0;
}

function isNamed(text: string, at: number, name: string): boolean {
  // Only a letter's lower case differs in this bit from its upper case; a hyphen has it set.
  for (let i = 0; i < name.length; i++) if ((text.charCodeAt(at + i) | 32) !== name.charCodeAt(i)) return false;
  return true;
}

/** A blank and up to 15 digits as a number, -1 for anything else. */
function digits(text: string, from: number, to: number): number {
  if (text.charCodeAt(from) !== 32 || to - from < 2 || to - from > 16) return -1;
  let value = 0;
  for (let p = from + 1; p < to; p++) {
    const digit = text.charCodeAt(p) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
