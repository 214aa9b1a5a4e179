import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import type { RunningReceiver } from '@otelier/core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { authority, issue, type Pair, replace, written } from '../../../../test/tls/certificates.js';
import { serve as serveReceiver, testHost } from '../../test/harness.js';
import { pb, protobufType } from '../../test/http.js';
import { anyOf } from './auth/any-of.js';
import { bearer } from './auth/bearer.js';
import { clientCertificate } from './auth/client-certificate.js';
import type { OtlpReceiverOptions } from './options.js';
import { otlpReceiver } from './otlp.js';

let ca: Pair;
let foreign: Pair;
let serverPair: Pair;
let ada: Pair;
let mallory: Pair;

beforeAll(async () => {
  [ca, foreign] = await Promise.all([authority(), authority('another authority')]);
  [serverPair, ada, mallory] = await Promise.all([issue(ca, 'server'), issue(ca, 'ada'), issue(foreign, 'ada')]);
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: Partial<OtlpReceiverOptions> = {}, more: object = {}) {
  const paths = await written(ca, serverPair);
  const tls = { ...paths, reloadInterval: '10ms', ...more } as NonNullable<OtlpReceiverOptions['tls']>;
  const receiver = otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0', tls, ...options });
  const served = await serveReceiver(receiver, undefined, testHost());
  cleanups.push(() => (served as RunningReceiver).close());
  const find = (scheme: string) => served.endpoints?.find((each) => each.startsWith(scheme)) ?? '';
  return { ...served, paths, https: find('https:'), grpcs: find('grpcs:').replace('grpcs://', '') };
}

interface Trust {
  readonly ca?: string;
  readonly pair?: Pair | undefined;
}

/** Posts over a connection of its own, or `agent`'s. */
function post(url: string, trust: Trust, headers: Record<string, string> = {}, agent: HttpsAgent | false = false) {
  const options = { ca: trust.ca ?? ca.cert, ...trust.pair, agent, headers: { ...protobufType, ...headers } };
  return new Promise<number>((resolve, reject) => {
    const request = httpsRequest(`${url}/v1/logs`, { method: 'POST', ...options }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject);
    request.end(pb);
  });
}

function grpcClient(address: string, trust: Trust): Client {
  const buffer = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const trusted = credentials.createSsl(buffer(trust.ca ?? ca.cert), buffer(trust.pair?.key), buffer(trust.pair?.cert));
  const client = new Client(address, trusted, { 'grpc.use_local_subchannel_pool': 1 });
  cleanups.push(() => client.close());
  return client;
}

function call(client: Client): Promise<void> {
  const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
  const asIs = (bytes: Buffer) => bytes;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, asIs, asIs, pb, (error) => (error === null ? resolve() : reject(error)));
  });
}

const code = (error: ServiceError): number => error.code;

describe('TLS', () => {
  test('on both doors; plain text gets no answer', async () => {
    const { https, grpcs, arrived } = await serve();
    expect(await post(https, {})).toBe(200);
    await call(grpcClient(grpcs, {}));
    expect(arrived.map(({ batch }) => batch.bytes().equals(pb))).toEqual([true, true]);
    await expect(post(https, { ca: foreign.cert })).rejects.toThrow();
    await expect(fetch(`${https.replace('https', 'http')}/v1/logs`, { method: 'POST', body: 'x' })).rejects.toThrow();
    expect(await post(https, {})).toBe(200);
  });

  test('requests of any form, however they are cut, are read as on a bare connection', async () => {
    const { https, arrived } = await serve();
    const port = Number(https.split(':').at(-1));
    const socket = connect({ port, host: '127.0.0.1', ca: ca.cert });
    const head = 'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n';
    const plain = [`${head}Content-Length: ${pb.length}\r\n\r\n`, pb];
    const chunked = [`${head}Transfer-Encoding: chunked\r\n\r\n${pb.length.toString(16)}\r\n`, pb, '\r\n0\r\n\r\n'];
    const bytes = Buffer.concat(
      [...plain, ...plain, ...chunked, ...plain, ...chunked].map((part) => Buffer.from(part)),
    );
    const heard = await answers(socket, bytes, 5);
    expect(heard).toEqual(['200', '200', '200', '200', '200']);
    expect(arrived.map(({ batch }) => batch.bytes().equals(pb))).toEqual([true, true, true, true, true]);
    socket.destroy();
  });

  test.each([
    [{ cert: 'absent.pem', key: 'absent.pem' }, 'otlpReceiver: tls.cert: expected a PEM file that can be read'],
    [{ clientAuth: 'require', ca: undefined }, 'otlpReceiver: tls: expected ca'],
  ])('%j is refused', async (tls, message) => {
    await expect(serve({}, tls)).rejects.toThrow(message);
  });

  test('files that do not belong together are refused at the start', async () => {
    const { key } = await written(ca, ada);
    await expect(serve({}, { key })).rejects.toThrow('otlpReceiver: tls.key: expected the key of the certificate');
    const paths = await written(ca, ada);
    await writeFile(paths.ca, 'no certificate');
    await expect(serve({}, { ca: paths.ca })).rejects.toThrow(
      'otlpReceiver: tls.ca: expected certificates in PEM form',
    );
  });
});

/** Writes in pieces of odd sizes, and resolves with so many statuses. */
function answers(socket: TLSSocket, bytes: Buffer, count: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let heard = '';
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      const statuses = [...heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status as string);
      if (statuses.length === count) resolve(statuses);
    });
    for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 3001) {
      socket.write(bytes.subarray(at, at + size));
      if (size === 0) size = 1;
    }
  });
}

test('a connection that never shakes hands does not hold up the end', async () => {
  const served = await serve();
  const silent = connectPlain({ port: Number(served.https.split(':').at(-1)), host: '127.0.0.1' });
  await once(silent, 'connect');
  expect(await post(served.https, {})).toBe(200);
  const ended = once(silent, 'close');
  await served.close();
  await ended;
});

describe('client certificates', () => {
  const identity = { 'user.email': 'email[0]', 'user.name': 'subject.CN', 'team.id': 'subject.OU' };
  const stamped = { 'user.email': 'ada@example.com', 'user.name': 'ada', 'team.id': 'Platform' };
  const first = (batch: { toJson(): string }) => {
    const found = [...batch.toJson().matchAll(/"key":"([^"]+)","value":\{"stringValue":"([^"]*)"\}/g)];
    const all = Object.fromEntries(found.map(([, name, value]) => [name, value]).toReversed());
    return Object.fromEntries(Object.keys(stamped).map((name) => [name, all[name]]));
  };

  test('required: whoever has a good one comes in, and its names are in the batches', async () => {
    const { https, grpcs, arrived } = await serve({ identity }, { clientAuth: 'require' });
    expect(await post(https, { pair: ada })).toBe(200);
    await call(grpcClient(grpcs, { pair: ada }));
    expect(arrived.map(({ batch }) => first(batch))).toEqual([stamped, stamped]);
    for (const pair of [undefined, mallory]) {
      await expect(post(https, { pair })).rejects.toThrow();
      expect(await call(grpcClient(grpcs, { pair })).catch(code)).toBe(14);
    }
    expect(arrived).toHaveLength(2);
  });

  test('requested: others come in by another way, but never under a certificate that nobody trusts', async () => {
    const auth = anyOf(clientCertificate(), bearer({ tokens: { robot: 'tok' } }));
    const { https, grpcs, arrived } = await serve({ auth, identity: { who: 'subject.CN' } }, { clientAuth: 'request' });
    expect(await post(https, { pair: ada })).toBe(200);
    expect(await post(https, {})).toBe(401);
    expect(await post(https, { pair: mallory })).toBe(401);
    expect(await post(https, { pair: mallory }, { authorization: 'Bearer tok' })).toBe(200);
    await call(grpcClient(grpcs, { pair: ada }));
    expect(await call(grpcClient(grpcs, {})).catch(code)).toBe(16);
    expect(await call(grpcClient(grpcs, { pair: mallory })).catch(code)).toBe(16);
    expect(arrived.map(({ flow }) => ({ name: 'ada', ...flow.peer?.identity?.claims }).name)).toEqual([
      'ada',
      'robot',
      'ada',
    ]);
  });

  test('a connection that resumes a TLS session is known by the certificate of the first', async () => {
    const { https, arrived } = await serve({ identity }, { clientAuth: 'require' });
    const port = Number(https.split(':').at(-1));
    const request = `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${pb.length}\r\n\r\n`;
    let session: Buffer | undefined;
    for (const isResumed of [false, true]) {
      const socket = connect({ port, host: '127.0.0.1', ca: ca.cert, ...ada, ...(session && { session }) });
      const kept = new Promise<Buffer>((resolve) => socket.once('session', resolve));
      expect(await answers(socket, Buffer.concat([Buffer.from(request), pb]), 1)).toEqual(['200']);
      expect(socket.isSessionReused()).toBe(isResumed);
      if (!isResumed) session = await kept;
      socket.destroy();
    }
    expect(arrived.map(({ batch }) => first(batch))).toEqual([stamped, stamped]);
  });
});

describe('rotation', () => {
  const serial = (port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  const until = async (isSo: () => Promise<boolean>) => {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  test('under load: no connection is dropped, no request refused, and new connections see the new certificate', async () => {
    const { https, grpcs, paths, arrived } = await serve();
    const ports = [https, grpcs].map((address) => Number(address.split(':').at(-1)));
    const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1, ca: ca.cert });
    cleanups.push(() => agent.destroy());
    const kept = grpcClient(grpcs, {});
    let isDone = false;
    const outcomes: unknown[] = [];
    const load = async () => {
      while (!isDone) {
        const sent = [post(https, {}), post(https, {}, {}, agent), call(kept), call(grpcClient(grpcs, {}))];
        outcomes.push(...(await Promise.allSettled(sent)).filter(({ status }) => status === 'rejected'));
      }
    };
    const loading = Promise.all([load(), load()]);
    for (let round = 0; round < 3; round++) {
      const before = await Promise.all(ports.map(serial));
      const next = await issue(ca, 'server');
      await replace(paths.cert, next.cert);
      await replace(paths.key, next.key);
      await until(async () => (await Promise.all(ports.map(serial))).every((now, i) => now !== before[i]));
    }
    isDone = true;
    await loading;
    expect(outcomes).toEqual([]);
    expect(arrived.length).toBeGreaterThan(10);
  });

  test('files that cannot be used leave the old ones in force and are told once; the next good ones count', async () => {
    const { https, paths, host } = await serve();
    const port = Number(https.split(':').at(-1));
    const before = await serial(port);
    const errors = () => host.lines.filter(({ level }) => level === 'error');
    await replace(paths.key, ada.key);
    await until(async () => errors().length === 1);
    expect(errors()[0]?.message).toBe('new certificates cannot be used: the ones before stay in force');
    expect([await serial(port), await post(https, {})]).toEqual([before, 200]);
    await rm(paths.key);
    await replace(paths.cert, ada.cert);
    await replace(paths.key, ada.key);
    await until(async () => (await serial(port)) !== before);
    expect(await post(https, {})).toBe(200);
    expect(JSON.stringify(host.lines)).not.toContain('PRIVATE');
    expect(errors()).toHaveLength(1);
  });

  test('an authority that is trusted no more lets nobody new in', async () => {
    const { https, grpcs, paths } = await serve({}, { clientAuth: 'require' });
    expect(await post(https, { pair: ada })).toBe(200);
    await replace(paths.ca, foreign.cert);
    await until(() =>
      post(https, { pair: mallory }).then(
        (status) => status === 200,
        () => false,
      ),
    );
    await expect(post(https, { pair: ada })).rejects.toThrow();
    expect(await call(grpcClient(grpcs, { pair: ada })).catch(code)).toBe(14);
    await call(grpcClient(grpcs, { pair: mallory }));
  });
});
