import { once } from 'node:events';
import { connect } from 'node:net';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { AnyBatch } from '@otelier/core';
import { PipelineError, type RunningReceiver, type Signal } from '@otelier/core';
import { decodeStatus } from '@otelier/otlp';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { serve as serveReceiver, speak, testHost } from '../../test/harness.js';
import { pb, post, protobufType, requests } from '../../test/http.js';
import { anyOf } from './auth/any-of.js';
import type { Authenticate } from './auth/authenticator.js';
import { basic } from './auth/basic.js';
import { bearer } from './auth/bearer.js';
import type { OtlpReceiverOptions } from './options.js';
import { otlpReceiver } from './otlp.js';

const token = 'tok-platform-secret';
const wrong = 'tok-someone-elses';
const auth = anyOf(bearer({ tokens: { platform: token } }), basic({ users: { ada: 'pass-of-ada' } }));

let running: RunningReceiver | undefined;
let client: Client | undefined;
afterEach(async () => {
  client?.close();
  await running?.close();
  running = undefined;
});

async function serve(options: OtlpReceiverOptions = {}, host = testHost()) {
  const both = { grpc: '127.0.0.1:0', http: '127.0.0.1:0', auth, ...options };
  const served = await serveReceiver(otlpReceiver(both), undefined, host);
  running = served;
  return served;
}

const bearing = (text: string) => ({ ...protobufType, authorization: `Bearer ${text}` });

function call(address: string, headers: Readonly<Record<string, string>>): Promise<Buffer> {
  client?.close();
  client = new Client(address, credentials.createInsecure());
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
  const asIs = (bytes: Buffer) => bytes;
  return new Promise((resolve, reject) => {
    client?.makeUnaryRequest(path, asIs, asIs, pb, metadata, {}, (error, value) => {
      if (error === null) resolve(value as Buffer);
      else reject(error);
    });
  });
}

const refusedCall = (address: string, headers: Readonly<Record<string, string>>): Promise<ServiceError> =>
  call(address, headers).then(
    () => Promise.reject(new Error('expected a refusal')),
    (error: ServiceError) => error,
  );

describe.each([
  ['at once', auth],
  ['after a while', anyOf(async () => undefined, auth)],
])('who is let in, when it is known %s', (_when, way) => {
  test('HTTP: 401 with what to show and a Status, or the outcome of the pipelines', async () => {
    const { http, arrived } = await serve({ auth: way });
    for (const headers of [protobufType, bearing(wrong), { ...protobufType, authorization: 'Basic x' }]) {
      const answer = await post(`${http}/v1/logs`, pb, headers);
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([
        401,
        'Bearer, Basic realm="otelier", charset="UTF-8"',
      ]);
      expect(decodeStatus(answer.body, 'protobuf')).toMatchObject({
        code: 16,
        message: expect.stringMatching(/^\[unauthenticated\] (no|wrong) credentials$/),
      });
    }
    expect(arrived).toHaveLength(0);
    expect((await post(`${http}/v1/logs`, pb, bearing(token))).status).toBe(200);
    expect(arrived.map(({ flow }) => flow.peer?.identity?.claims)).toEqual([{ name: 'platform' }]);
  });

  test('HTTP: nobody without credentials learns which paths there are', async () => {
    const { http } = await serve({ auth: way });
    expect((await post(`${http}/nowhere`, pb)).status).toBe(401);
    expect((await post(`${http}/nowhere`, pb, bearing(token))).status).toBe(404);
  });

  test('gRPC: UNAUTHENTICATED, or the outcome of the pipelines', async () => {
    const { grpc, arrived } = await serve({ auth: way });
    for (const headers of [{}, { authorization: `Bearer ${wrong}` }]) {
      const error = await refusedCall(grpc, headers);
      expect(error.code).toBe(16);
      expect(error.metadata.get('www-authenticate')).toEqual(['Bearer, Basic realm="otelier", charset="UTF-8"']);
    }
    expect(arrived).toHaveLength(0);
    await call(grpc, { authorization: `Bearer ${token}` });
    expect(arrived.map(({ flow }) => flow.peer?.identity?.claims)).toEqual([{ name: 'platform' }]);
  });

  test('a client that waits for 100 Continue is told before it sends the body', async () => {
    const { port, arrived } = await serve({ auth: way });
    const head = (text: string) =>
      `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${pb.length}\r\n` +
      `Authorization: Bearer ${text}\r\nExpect: 100-continue\r\n\r\n`;
    const refused = await speak(port, [head(wrong)]);
    expect(refused).toMatch(/^HTTP\/1\.1 401 /);
    expect(refused).toMatch(/connection: close/i);
    expect(await speak(port, [head(token)], /100 Continue/)).toMatch(/^HTTP\/1\.1 100 Continue/);
    expect(arrived).toHaveLength(0);
  });

  test('bodies of any form, cut anywhere, several on one connection, arrive whole from those who are let in', async () => {
    const { port, arrived } = await serve({ auth: way });
    const plain = (text: string) =>
      Buffer.concat([
        Buffer.from(
          `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${pb.length}\r\nAuthorization: Bearer ${text}\r\n\r\n`,
        ),
        pb,
      ]);
    const half = pb.length >> 1;
    const chunked = (text: string) =>
      Buffer.concat([
        Buffer.from(
          `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer ${text}\r\n\r\n${half.toString(16)}\r\n`,
        ),
        ...[pb.subarray(0, half), Buffer.from(`\r\n${(pb.length - half).toString(16)}\r\n`), pb.subarray(half)],
        Buffer.from('\r\n0\r\n\r\n'),
      ]);
    const sent = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sent, fc.array(fc.nat(20_000), { maxLength: 4 }), async (each, cuts) => {
        arrived.length = 0;
        const stream = Buffer.concat(
          each.map(([isPlain, isRight]) => (isPlain ? plain : chunked)(isRight ? token : wrong)),
        );
        const at = [0, ...cuts.map((cut) => cut % stream.length).toSorted((a, b) => a - b), stream.length];
        const parts = at.slice(1).map((to, i) => stream.subarray(at[i], to));
        const expected = each.map(([, isRight]) => (isRight ? '200' : '401'));
        const heard = await speak(port, parts, new RegExp(`(HTTP/1\\.1 \\d+[^]*){${each.length}}`));
        expect([...heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(expected);
        const bodies = arrived.map(({ batch }) => batch.bytes().equals(pb));
        expect(bodies).toEqual(expected.filter((status) => status === '200').map(() => true));
      }),
      { numRuns: 60 },
    );
  });
});

function later<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve = (_value: T): void => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: (value) => resolve(value) };
}

test.each([
  ['a known length', 'Content-Length: 33554432\r\n\r\n', 'x'.repeat(33_554_432)],
  ['chunks', 'Transfer-Encoding: chunked\r\n\r\n', `2000000\r\n${'x'.repeat(33_554_432)}\r\n0\r\n\r\n`],
])('a body of %s waits unread while it is found out who sends it', async (_form, head, body) => {
  const slow = later<undefined>();
  const asked = later<void>();
  const way: Authenticate = ({ header }) => {
    if (header('x-quick') !== undefined) return {};
    asked.resolve();
    return slow.promise;
  };
  const { http, port } = await serve({ auth: way, grpc: false });
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(`POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n${head}${body}`);
  await asked.promise;
  // By the time that others have been served, a body that is read would have come.
  for (let i = 0; i < 50; i++) await post(`${http}/v1/logs`, pb, { ...protobufType, 'x-quick': 'yes' });
  expect(socket.writableLength).toBeGreaterThan(0);
  slow.resolve(undefined);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 401 /);
  socket.destroy();
});

test('when nobody can tell who it is, the sender is asked to come again, and told nothing of why', async () => {
  const host = testHost();
  const broken: Authenticate = () => {
    throw new Error(`the directory does not like ${token}`);
  };
  const { http, grpc } = await serve({ auth: broken }, host);
  const answer = await post(`${http}/v1/logs`, pb, bearing(token));
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
  expect((await refusedCall(grpc, {})).code).toBe(14);
  expect(answer.body.toString()).not.toContain(token);
  expect(JSON.stringify(host.lines)).not.toContain(token);
});

test('every reason is a line of its own, since what repeats is left out; that nobody can tell, with what is missing', async () => {
  const host = testHost();
  const cause = new PipelineError('unavailable', 'no route to them');
  const way: Authenticate = ({ header }) => {
    if (header('x-broken') === undefined) return undefined;
    throw new PipelineError('unavailable', 'keys cannot be fetched', { cause });
  };
  const { http } = await serve({ auth: anyOf(bearer({ tokens: token }), way), grpc: false }, host);
  await post(`${http}/v1/logs`, pb);
  await post(`${http}/v1/logs`, pb, { ...protobufType, 'x-broken': 'yes' });
  expect(host.lines).toMatchObject([
    { message: 'a request was refused: wrong credentials' },
    {
      message:
        'a request was refused: authentication failed: [unavailable] keys cannot be fetched: [unavailable] no route to them',
    },
  ]);
});

test('no credential gets into logs, answers, options, keys or what components see of the sender', async () => {
  const host = testHost();
  const { http, grpc, arrived } = await serve({ identity: { 'team.id': 'name', 'user.name': 'user' } }, host);
  const basically = `Basic ${Buffer.from('ada:pass-of-ada').toString('base64')}`;
  const secrets = { cookie: 'session=cook-secret', 'x-api-key': 'key-secret', 'x-tenant': 'seen' };
  const heard: string[] = [];
  for (const authorization of [`Bearer ${token}`, `Bearer ${wrong}`, basically, 'Basic cGFzcy1vZi1hZGE=']) {
    const answer = await post(`${http}/v1/logs`, pb, { ...protobufType, ...secrets, authorization });
    heard.push(JSON.stringify(answer.headers) + answer.body);
    await call(grpc, { ...secrets, authorization }).catch((error: ServiceError) => heard.push(error.message));
  }
  expect(arrived).toHaveLength(4);
  expect(arrived.every(({ flow }) => flow.peer?.headers?.['x-tenant'] === 'seen')).toBe(true);
  const receiver = otlpReceiver({ auth });
  heard.push(JSON.stringify(host.lines), JSON.stringify(arrived.map(({ flow }) => flow.peer?.headers)));
  heard.push(JSON.stringify(receiver.options), String(receiver.key));
  const all = heard.join('\n');
  for (const each of [token, wrong, 'pass-of-ada', 'cook-secret', 'key-secret', basically.slice(6)])
    expect(all).not.toContain(each);
  expect(host.lines.map(({ level, fields }) => [level, fields])).toMatchObject([
    ['warn', { reason: 'wrong credentials', transport: 'http', requests: 1 }],
  ]);
});

test('what was verified is in every batch, over both doors and in every encoding, whatever the client says', async () => {
  const { http, grpc, arrived } = await serve({ identity: { 'user.email': 'name', 'service.name': 'name' } });
  for (const { signal, encoding, bytes } of requests) {
    const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
    await post(`${http}/v1/${signal}`, bytes, { 'content-type': type, authorization: `Bearer ${token}` });
  }
  await call(grpc, { authorization: `Bearer ${token}` });
  expect(arrived).toHaveLength(requests.length + 1);
  for (const { batch } of arrived) {
    for (const { attributes } of resources(batch)) {
      expect(attributes.get('user.email')).toBe('platform');
      expect(attributes.get('service.name')).toBe('platform');
    }
    const emails = [...batch.toJson().matchAll(/"key":"user\.email","value":(\{[^}]*\})/g)].map(([, value]) => value);
    expect(new Set(emails)).toEqual(new Set(['{"stringValue":"platform"}']));
  }
});

function* resources(batch: AnyBatch) {
  const signal: Signal = batch.signal;
  if (signal === 'logs' && 'resourceLogs' in batch) for (const { resource } of batch.resourceLogs) yield resource;
  if ('resourceMetrics' in batch) for (const { resource } of batch.resourceMetrics) yield resource;
  if ('resourceSpans' in batch) for (const { resource } of batch.resourceSpans) yield resource;
}

test('a PipelineError of an authenticator says when to come back', async () => {
  const busy: Authenticate = () => Promise.reject(new PipelineError('overloaded', 'busy', { retryAfterMs: 7000 }));
  const { http } = await serve({ auth: busy, grpc: false });
  const answer = await post(`${http}/v1/logs`, pb);
  expect([answer.status, answer.headers['retry-after']]).toEqual([429, '7']);
});
