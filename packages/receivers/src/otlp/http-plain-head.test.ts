import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plainHead } from './http-plain-head.js';
import { type Route, routeOf } from './http-route.js';

interface Seen {
  readonly route: Route;
  readonly headers: IncomingHttpHeaders;
  readonly body: number;
}

const node = createServer((request, response) => {
  let body = 0;
  request.on('data', (chunk: Buffer) => void (body += chunk.length));
  request.on('end', () => response.end(JSON.stringify({ route: routeOf(request), headers: request.headers, body })));
});
beforeAll(() => once(node.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => void node.close());

/** What Node's server makes of these bytes, or undefined when it refuses them. */
async function readByNode(bytes: Buffer): Promise<Seen | undefined> {
  const socket = connect((node.address() as AddressInfo).port, '127.0.0.1');
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk.toString();
    // Only our own handler's answers have a body, in one piece.
    if (heard.endsWith('}')) socket.end();
  });
  socket.write(bytes);
  await once(socket, 'close');
  return heard.startsWith('HTTP/1.1 200')
    ? (JSON.parse(heard.slice(heard.indexOf('\r\n\r\n') + 4)) as Seen)
    : undefined;
}

const headOf = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const plain = ['Host: a', 'Content-Type: application/json', 'Content-Length: 2'];
const post = 'POST /v1/logs HTTP/1.1';

const anyCase = (name: string) =>
  fc.array(fc.boolean()).map((up) => [...name].map((c, i) => (up[i] ? c.toUpperCase() : c)).join(''));
const names = [
  'host',
  'content-type',
  'content-length',
  'content-encoding',
  'connection',
  'expect',
  'user-agent',
  'cookie',
]
  .concat(['transfer-encoding', 'authorization', 'x-tenant', 'x_$tenant~', 'set-cookie', 'traceparent', 'te'])
  .map(anyCase);
const name = fc.oneof({ weight: 30, arbitrary: fc.oneof(...names) }, fc.string({ maxLength: 3 }));
const value = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.constantFrom('a', 'application/json', 'application/x-protobuf', 'APPLICATION/JSON; charset=utf-8'),
  },
  {
    weight: 20,
    arbitrary: fc.constantFrom(
      '2',
      '02',
      '2 ',
      '+2',
      '1_0',
      '',
      'gzip',
      'GZIP',
      'br',
      'identity',
      'keep-alive',
      'close',
    ),
  },
  fc.string({ unit: 'binary-ascii', maxLength: 4 }),
  fc.constantFrom('é', 'a\tb', 'a\nb', 'a\rb', 'a\0b', '100-continue', 'chunked'),
);
const gap = fc.oneof({ weight: 20, arbitrary: fc.constant(': ') }, fc.constantFrom(':', ':\t', ':  ', ' :', ': \r\n '));
const line = fc.tuple(name, gap, value).map((parts) => parts.join(''));
const first = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(post, 'POST /v1/metrics HTTP/1.1', 'POST /v1/traces HTTP/1.1') },
  fc.constantFrom(
    'POST /v1/logs HTTP/1.0',
    'post /v1/logs HTTP/1.1',
    'POST  /v1/logs HTTP/1.1',
    'POST /v1/logs?a HTTP/1.1',
  ),
);
const head = fc
  .tuple(first, fc.shuffledSubarray(plain, { minLength: 2 }), fc.array(line, { maxLength: 3 }), fc.nat(5))
  .map(([start, known, more, at]) => headOf([start, ...known.slice(0, at), ...more, ...known.slice(at)]));

describe('plainHead', () => {
  test('what it takes, Node reads in the same way', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(head, async (text) => {
        const bytes = Buffer.from(`${text}{}`, 'latin1');
        const mine = plainHead(bytes);
        if (mine === undefined) return;
        taken++;
        const { signal, encoding, coding, length, size } = mine;
        expect(size).toBe(bytes.length - 2);
        fc.pre(length <= 2);
        const theirs = await readByNode(bytes.subarray(0, size + length));
        expect(theirs).toEqual({ route: { signal, encoding, coding }, headers: { ...mine.headers }, body: length });
      }),
      { numRuns: 600 },
    );
    expect(taken).toBeGreaterThan(20);
  });

  test('what exporters send is plain', () => {
    for (const more of [
      [],
      ['User-Agent: OTel-OTLP-Exporter-JavaScript/0.208.0', 'connection: keep-alive', 'Accept: */*'],
    ]) {
      const text = headOf([post, ...plain, 'content-encoding: gzip', ...more]);
      expect(plainHead(Buffer.from(`${text}{}`))).toMatchObject({
        ...{ signal: 'logs', encoding: 'json', coding: 'gzip', length: 2, size: text.length },
      });
    }
  });

  test.each([
    ['a method', ['GET /v1/logs HTTP/1.1', ...plain]],
    ['another path', ['POST /v1/logs/ HTTP/1.1', ...plain]],
    ['another version', ['POST /v1/logs HTTP/1.0', ...plain]],
    ['no host', [post, ...plain.slice(1)]],
    ['two hosts', [post, ...plain, 'host: b']],
    ['no type', [post, 'Host: a', 'Content-Length: 2']],
    ['no length', [post, ...plain.slice(0, 2)]],
    ['two lengths', [post, ...plain, 'Content-Length: 2']],
    ['a length that is no number', [post, 'Host: a', 'Content-Type: application/json', 'Content-Length: 0x2']],
    ['chunks', [post, ...plain, 'Transfer-Encoding: chunked']],
    ['chunks and no length', [post, ...plain.slice(0, 2), 'transfer-encoding: chunked']],
    ['an expectation', [post, ...plain, 'EXPECT: 100-continue']],
    ['the last request of a connection', [post, ...plain, 'Connection: close']],
    ['an unknown coding', [post, ...plain, 'Content-Encoding: br']],
    ['a folded line', [post, ...plain, 'X: a\r\n b']],
    ['a lone line feed', [post, ...plain, 'X: a\nTransfer-Encoding: chunked']],
    ['a lone carriage return', [post, ...plain, 'X: a\rb']],
    ['a blank before the colon', [post, ...plain, 'X : a']],
    ['a long head', [post, ...plain, `X: ${'a'.repeat(9000)}`]],
  ])('%s is left to Node', (_, lines) => {
    expect(plainHead(Buffer.from(`${headOf(lines)}{}`))).toBeUndefined();
  });

  test('a head that is not whole is left to Node', () => {
    const text = headOf([post, ...plain]);
    for (let n = 0; n < text.length; n++) expect(plainHead(Buffer.from(text.slice(0, n)))).toBeUndefined();
  });
});
