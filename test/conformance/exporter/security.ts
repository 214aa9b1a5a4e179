import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { grpcServer } from '../../../packages/exporters/test/servers.js';
import { type Row, rowsOf } from '../row.js';
import { fromEnv, send, targets } from './from-env.js';

const tls = (file: string) => fileURLToPath(new URL(`../../../packages/exporters/test/tls/${file}`, import.meta.url));

const options = 'Configuration Options';

/** What the specification of OTLP exporters asks of certificates and insecure connections. */
export const securityRows: readonly Row[] = rowsOf('exporter-env', 'Exporter', [
  [
    'certificate',
    options,
    'MUST',
    'CERTIFICATE names the only authorities to trust, https is secure, CLIENT_KEY and CLIENT_CERTIFICATE are shown',
    async () => {
      const pair = { key: readFileSync(tls('server.key.pem')), cert: readFileSync(tls('server.cert.pem')) };
      let shown: object = {};
      const server = createServer(
        { ...pair, ca: pair.cert, requestCert: true, rejectUnauthorized: true },
        (request, response) => {
          shown = (request.socket as import('node:tls').TLSSocket).getPeerCertificate().subject;
          request.resume().on('end', () => response.end());
        },
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const ENDPOINT = `https://localhost:${(server.address() as AddressInfo).port}`;
      const files = {
        CERTIFICATE: tls('server.cert.pem'),
        CLIENT_KEY: tls('server.key.pem'),
        CLIENT_CERTIFICATE: tls('server.cert.pem'),
      };
      await send(fromEnv({ ENDPOINT, ...files }), 'logs');
      expect(shown).toMatchObject({ CN: expect.any(String) });
      await expect(send(fromEnv({ ENDPOINT }), 'logs')).rejects.toThrow('no answer');
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  ],
  [
    'insecure',
    options,
    'MAY',
    'INSECURE decides over gRPC where the endpoint has no scheme; false unless told',
    async () => {
      const server = await grpcServer(() => Buffer.alloc(0));
      const bare = `127.0.0.1:${server.port}`;
      await send(fromEnv({ ENDPOINT: bare, PROTOCOL: 'grpc', INSECURE: 'true' }), 'logs');
      expect(server.seen).toHaveLength(1);
      expect(targets({ ENDPOINT: bare, PROTOCOL: 'grpc' }).logs).toBe(`https://${bare}`);
      await server.close();
    },
  ],
  [
    'insecure-scheme',
    options,
    'MUST',
    'over gRPC the scheme of the endpoint goes before INSECURE',
    async () => {
      const secure = targets({ ENDPOINT: 'https://collector:4317', PROTOCOL: 'grpc', INSECURE: 'true' });
      expect(secure.logs).toBe('https://collector:4317');
      expect(targets({ ENDPOINT: 'http://collector:4317', PROTOCOL: 'grpc', INSECURE: 'false' }).logs).toBe(
        'http://collector:4317',
      );
    },
  ],
]);
