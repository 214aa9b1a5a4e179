import { once } from 'node:events';
import { connect as connectH2 } from 'node:http2';
import { request } from 'node:https';
import { type AddressInfo, connect as connectBare, createServer, type Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll } from 'vitest';
import { authority, issue, type Pair, written } from '../../../test/tls/certificates.js';
import type { OtlpReceiverOptions, ReceiverTlsOptions } from '../src/otlp/options.js';
import { otlpReceiver } from '../src/otlp/otlp.js';
import { exportHeaders, frame, HEADERS, messagePrefix, preface } from './h2.js';
import { countingHost, serve as serveReceiver } from './harness.js';
import { pb, protobufType } from './http.js';

/** One of the two doors, as the attacks on it differ. */
export interface Door {
  readonly name: 'http' | 'grpc';
  readonly protocol: string;
  /** The options of a door that gives its clients so long to begin. */
  readonly within: (time: `${number}ms`) => OtlpReceiverOptions;
  /** A request of which the body never comes. */
  readonly unfinished: Buffer;
  /** What is counted when the handshake is done, but a request never begins. */
  readonly silence: string;
}

const endpoint = '127.0.0.1:0';
const head =
  'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\n';

export const doors: readonly Door[] = [
  {
    ...{ name: 'http', protocol: 'http/1.1', silence: 'slow request', unfinished: Buffer.from(head) },
    within: (headersTimeout) => ({ http: { endpoint, headersTimeout } }),
  },
  {
    ...{ name: 'grpc', protocol: 'h2', silence: 'no handshake' },
    unfinished: Buffer.concat([preface(), frame(HEADERS, 4, 1, exportHeaders), frame(0, 0, 1, messagePrefix(1000))]),
    within: (handshakeTimeout) => ({ grpc: { endpoint, handshakeTimeout } }),
  },
];

let ca: Pair;
let serverPair: Pair;
/** A client's certificate that is trusted, and one that is not. */
export let trusted: Pair;
export let untrusted: Pair;
beforeAll(async () => {
  const [own, foreign] = await Promise.all([authority(), authority('another authority')]);
  ca = own;
  [serverPair, trusted, untrusted] = await Promise.all([
    issue(own, 'server'),
    issue(own, 'ada'),
    issue(foreign, 'ada'),
  ]);
});

const cleanups: (() => unknown)[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A receiver with one door, over TLS. */
export async function serveTls(
  { name }: Door,
  options: OtlpReceiverOptions = {},
  clientAuth: ReceiverTlsOptions['clientAuth'] = 'none',
) {
  const { host, counts } = countingHost();
  const doorsOpen = { http: false, grpc: false, [name]: endpoint } as const;
  const tls = { ...(await written(ca, serverPair)), clientAuth };
  const served = await serveReceiver(otlpReceiver({ ...doorsOpen, tls, ...options }), undefined, host);
  cleanups.push(() => served.close());
  const port = Number(served.endpoints?.[0]?.split(':').at(-1));
  const pair = clientAuth === 'none' ? undefined : trusted;
  const good = () => (name === 'http' ? postFrom(port, pair) : callFrom(port, pair));
  const failures = () => sum(counts, 'otelier_receiver_failed_handshakes ');
  const closings = () => sum(counts, 'otelier_receiver_closed_connections ');
  return { host, counts, port, good, failures, closings };
}

const sum = (counts: ReadonlyMap<string, number>, prefix: string) => {
  const found = [...counts].filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(found.map(([key, count]) => [key.slice(prefix.length), count]));
};

// Another client than those of the attacks, which come from 127.0.0.1; on a new connection each time.
const elsewhere = '127.0.0.2';

async function postFrom(port: number, pair: Pair | undefined): Promise<boolean> {
  const to = { host: '127.0.0.1', port, path: '/v1/logs', method: 'POST', localAddress: elsewhere };
  const sent = request({ ...to, ca: ca.cert, ...pair, agent: false, headers: protobufType }).end(pb);
  const [answer] = await once(sent, 'response');
  answer.resume();
  return answer.statusCode === 200;
}

async function callFrom(port: number, pair: Pair | undefined): Promise<boolean> {
  const tls = { ca: ca.cert, localAddress: elsewhere, ...pair };
  const session = connectH2(`https://127.0.0.1:${port}`, tls);
  const headers = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ...headers, ':path': '/opentelemetry.proto.collector.logs.v1.LogsService/Export' });
  stream.end(Buffer.concat([messagePrefix(pb.length), pb]));
  stream.resume();
  const [trailers] = await once(stream, 'trailers');
  session.destroy();
  return trailers['grpc-status'] === '0';
}

/** Bare connections to a TLS port, which say this much. */
export function bare(port: number, count: number, bytes?: Uint8Array): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connectBare({ port, host: '127.0.0.1' });
      sockets.push(socket);
      socket.on('error', () => {});
      await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
      if (bytes !== undefined) socket.write(bytes);
      return socket;
    }),
  );
}

// Made once for all clients of a test: it takes as long as a handshake.
const contexts = new Map<string, SecureContext>();

function contextOf(options: SecureContextOptions): SecureContext {
  const key = JSON.stringify(options);
  const context = contexts.get(key) ?? createSecureContext({ ca: ca.cert, ...options });
  contexts.set(key, context);
  return context;
}

/** Resolves when the handshake is done as this client sees it, or has failed. */
export async function shaken(
  port: number,
  { protocol }: Door,
  more: SecureContextOptions & { readonly ALPNProtocols?: string[]; readonly allowHalfOpen?: boolean } = {},
): Promise<TLSSocket> {
  const { ALPNProtocols = [protocol], allowHalfOpen = false, ...context } = more;
  const to = { port, host: '127.0.0.1', allowHalfOpen };
  const socket = connect({ ...to, ALPNProtocols, secureContext: contextOf(context) });
  sockets.push(socket);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('secureConnect', resolve).once('close', resolve));
  return socket;
}

/** What a client's handshake begins with. */
export async function clientHello(door: Door): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const arrived = once(server, 'connection');
  void shaken((server.address() as AddressInfo).port, door);
  const [socket] = (await arrived) as [Socket];
  const [bytes] = await once(socket, 'data');
  socket.destroy();
  server.close();
  return bytes;
}
