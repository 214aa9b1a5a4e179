import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { logs, startLogs, testFlow } from '../../test/host.js';
import { otlpExporter, type TlsFiles } from './otlp.js';

// A self-signed certificate for 127.0.0.1 that serves both sides; its key protects nothing.
const file = (name: string) => fileURLToPath(new URL(`../../test/tls/${name}`, import.meta.url));
const [ca, cert, key] = [file('server.cert.pem'), file('server.cert.pem'), file('server.key.pem')];

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Servers that only talk to those who show the certificate. */
async function https(): Promise<string> {
  const sockets = new Set<Socket>();
  const options = { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(ca), requestCert: true };
  const server = createServer(options, (request, response) => {
    request.resume().on('end', () => response.end());
  });
  server.on('secureConnection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function grpcs(): Promise<string> {
  const asIs = (bytes: Buffer) => bytes;
  const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
  const streams = { requestStream: false, responseStream: false } as const;
  const codecs = {
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  const server = new Server();
  server.addService(
    { Export: { path, ...streams, ...codecs } },
    { Export: (_call: unknown, done: (error: null, answer: Buffer) => void) => done(null, Buffer.alloc(0)) },
  );
  const pair = { private_key: readFileSync(key), cert_chain: readFileSync(cert) };
  const credentials = ServerCredentials.createSsl(readFileSync(ca), [pair], true);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  cleanups.push(() => server.forceShutdown());
  return `https://127.0.0.1:${port}`;
}

const protocols = [
  ['http/protobuf', https],
  ['grpc', grpcs],
] as const;

async function send(protocol: 'http/protobuf' | 'grpc', endpoint: string, tls?: TlsFiles) {
  const stage = await startLogs(otlpExporter({ endpoint, protocol, timeout: '2s', ...(tls && { tls }) }));
  cleanups.push(() => stage.close?.());
  return stage.consume(logs(1), testFlow());
}

test.each(protocols)('%s with a certificate on both sides', async (protocol, server) => {
  await send(protocol, await server(), { ca, cert, key });
});

test.each(protocols)('%s does not trust a server by default', async (protocol, server) => {
  await expect(send(protocol, await server())).rejects.toMatchObject({ retryable: true });
});
