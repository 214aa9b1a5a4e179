import { gzipSync } from 'node:zlib';
import { mutateBytes, splice } from '../mutate.js';
import type { Random } from '../random.js';

type Header = [name: string, value: string];

const methods = ['POST', 'POST', 'POST', 'POST', 'GET', 'PUT', 'OPTIONS', 'DELETE', 'PROPFIND', 'post', 'P\0ST'];
const paths = [
  '/v1/logs',
  '/v1/logs',
  '/v1/metrics',
  '/v1/traces',
  '/v1/logs?x=1',
  '/',
  '/v1/logs/',
  '*',
  '//v1/logs',
  '/%76',
];
const versions = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTX/1.1', ''];
const strange: readonly Header[] = [
  ['Content-Length', '-1'],
  ['Content-Length', '99999999999999999999'],
  ['Content-Length', '0x10'],
  ['Content-Length', '5, 5'],
  ['Transfer-Encoding', 'chunked'],
  ['Transfer-Encoding', 'chunked, chunked'],
  ['Transfer-Encoding', 'identity, chunked'],
  ['Transfer-Encoding', 'gzip'],
  ['Content-Type', 'application/json'],
  ['Content-Type', 'application/x-protobuf; charset=utf-8'],
  ['Content-Type', 'text/plain'],
  ['Content-Type', ''],
  ['Content-Encoding', 'gzip'],
  ['Content-Encoding', 'zstd'],
  ['Content-Encoding', 'deflate'],
  ['Content-Encoding', 'br'],
  ['Content-Encoding', 'gzip, gzip'],
  ['Expect', '100-continue'],
  ['Expect', 'a-miracle'],
  ['Connection', 'close'],
  ['Connection', 'upgrade'],
  ['Upgrade', 'h2c'],
  ['Host', ''],
  ['Host', 'a\tb'],
  ['X', '\u0001'],
  ['X', 'a'.repeat(9000)],
  ['X', 'a'.repeat(20_000)],
  [' X', 'folded'],
  ['X\u00ff', '\u00ff'],
  ['', 'nameless'],
  ['otelier-via', '00000000,zzz,'.repeat(50)],
  ['Accept-Encoding', 'gzip;q=nan'],
];
const lineEnds = ['\n', '\r', '\r\r\n'];

/** A body, and what it is a form of. */
export interface Payload {
  readonly bytes: Buffer;
  readonly isJson: boolean;
}

/** One or several HTTP/1.1 requests as bytes, of which nothing needs to be right. */
export function httpBytes(body: Payload, random: Random): Buffer {
  const requests = Array.from({ length: random.below(6) === 0 ? 1 + random.below(3) : 1 }, () => request(body, random));
  const bytes = Buffer.concat(requests);
  if (random.below(6) > 0) return bytes;
  // The head is where a parser has most to decide.
  const head = Math.max(1, bytes.indexOf('\r\n\r\n'));
  const mutated = mutateBytes(bytes.subarray(0, Math.min(head + 4, 4000)), body.bytes, random);
  return Buffer.concat([mutated, bytes.subarray(Math.min(head + 4, 4000))]);
}

function request({ bytes: given, isJson }: Payload, random: Random): Buffer {
  const body = random.below(5) === 0 ? gzipSync(given, { level: 1 }) : given;
  const headers: Header[] = [
    ['Host', '127.0.0.1'],
    ['Content-Type', isJson !== (random.below(20) === 0) ? 'application/json' : 'application/x-protobuf'],
  ];
  if (body !== given) headers.push(['Content-Encoding', 'gzip']);
  const isChunked = random.below(4) === 0;
  if (isChunked) headers.push(['Transfer-Encoding', 'chunked']);
  else headers.push(['Content-Length', String(body.length + (random.below(12) === 0 ? random.below(9) - 4 : 0))]);
  for (let more = random.bits() & random.bits() & 3; more > 0; more--)
    headers.splice(random.below(headers.length + 1), 0, random.pick(strange));
  if (random.below(40) === 0) for (let i = 0; i < 300; i++) headers.push([`X-${i}`, 'flood']);
  const lineEnd = random.below(20) === 0 ? random.pick(lineEnds) : '\r\n';
  const odd = random.below(8) === 0;
  const start = odd
    ? `${random.pick(methods)} ${random.pick(paths)} ${random.pick(versions)}`
    : `POST ${paths[random.below(4)]} HTTP/1.1`;
  const head = [start, ...headers.map(([name, value]) => `${name}: ${value}`), '', ''].join(lineEnd);
  return Buffer.concat([Buffer.from(head, 'latin1'), isChunked ? chunked(body, random) : body]);
}

const sizes = ['', '-1', 'g', '0', 'ffffffff', '10000000000000000', '1;ext=1', '0x1'];

function chunked(body: Buffer, random: Random): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const part = body.subarray(at, at + 1 + random.below(body.length));
    const size = random.below(20) === 0 ? random.pick(sizes) : part.length.toString(16);
    parts.push(Buffer.from(`${size}\r\n`), part, Buffer.from('\r\n'));
    at += part.length;
  }
  const whole = Buffer.concat([
    ...parts,
    Buffer.from(random.below(10) === 0 ? '0\r\nX: trailer\r\n\r\n' : '0\r\n\r\n'),
  ]);
  return random.below(10) === 0 ? splice(whole, random.below(whole.length), whole.length, Buffer.alloc(0)) : whole;
}
