import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Server as GrpcServer, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { authority, issue, type Pair, type PemPaths, replace, written } from '../../../../test/tls/certificates.js';
import { logs, startLogs, testFlow, testHost } from '../../test/host.js';
import { otlpExporter } from './otlp.js';

let ca: Pair;
let server: Pair;
beforeAll(async () => {
  ca = await authority();
  server = await issue(ca, 'server');
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Backend = (names: string[]) => Promise<string>;

/** Servers that want a certificate and note whose it was; requests take a moment, so that some are always under way. */
const https: Backend = async (names) => {
  const sockets = new Set<Socket>();
  const options = { ...server, ca: ca.cert, requestCert: true };
  const made = createServer(options, (request, response) => {
    names.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN));
    request.resume().on('end', () => setImmediate(() => response.end()));
  });
  made.on('secureConnection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => made.close(resolve));
  });
  return `https://127.0.0.1:${(made.address() as AddressInfo).port}`;
};

const grpcs: Backend = async (names) => {
  const asIs = (bytes: Buffer) => bytes;
  const codecs = {
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
  const made = new GrpcServer();
  made.addService(
    { Export: { path, requestStream: false, responseStream: false, ...codecs } },
    {
      Export: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
        names.push(String(call.getAuthContext()?.sslPeerCertificate?.subject.CN));
        setImmediate(() => done(null, Buffer.alloc(0)));
      },
    },
  );
  const pair = { private_key: Buffer.from(server.key), cert_chain: Buffer.from(server.cert) };
  const credentials = ServerCredentials.createSsl(Buffer.from(ca.cert), [pair], true);
  const port = await new Promise<number>((resolve, reject) => {
    made.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  cleanups.push(() => made.forceShutdown());
  return `https://127.0.0.1:${port}`;
};

test.each([
  ['http/protobuf', https],
  ['grpc', grpcs],
] as const)('%s: new certificates are used without a failed request', async (protocol, backend) => {
  const names: string[] = [];
  const endpoint = await backend(names);
  const paths: PemPaths = await written(ca, await issue(ca, 'client-0'));
  const host = testHost();
  const tls = { ...paths, reloadInterval: '10ms' } as const;
  const stage = await startLogs(otlpExporter({ endpoint, protocol, tls }), host);
  cleanups.push(() => stage.close?.());
  const use = async (name: string): Promise<void> => {
    while (names.at(-1) !== name) await Promise.all([1, 2, 3].map(() => stage.consume(logs(1), testFlow())));
  };
  await use('client-0');
  for (let round = 1; round <= 3; round++) {
    const next = await issue(ca, `client-${round}`);
    await replace(paths.cert, next.cert);
    await replace(paths.key, next.key);
    await use(`client-${round}`);
  }
  const good = readFileSync(paths.key, 'utf8');
  await replace(paths.key, 'no key');
  while (!host.log.some(({ level }) => level === 'error')) await stage.consume(logs(1), testFlow());
  await replace(paths.key, good);
  await stage.consume(logs(1), testFlow());
  expect(names.at(-1)).toBe('client-3');
  expect(JSON.stringify(host.log)).not.toContain('PRIVATE');
});
