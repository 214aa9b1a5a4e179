import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseHealthAddress } from './address.js';
import type { HealthData, StatusData } from './health-data.js';

/** Health over HTTP. */
export interface HealthServer {
  /** Where it listens, with the real port when 0 was asked for. */
  readonly url: string;
  /** Stops listening and cuts what is open. */
  close(): Promise<void>;
}

/** What the server tells. */
export interface HealthSource {
  health(): HealthData;
  status(): StatusData;
}

// Who asks for health asks briefly; slow or idle connections must not pile up.
const patienceMs = 5000;
const maxConnections = 64;

/**
 * Serves `/healthz` (200 whenever the event loop runs), `/readyz` (200 or 503, with the reasons) and `/status` at a `host:port`.
 *
 * @throws {Error} of `node:net` when the address cannot be used.
 */
export async function serveHealth(at: string, source: HealthSource): Promise<HealthServer> {
  const { host, port } = parseHealthAddress(at)!;
  const server = createServer(
    { headersTimeout: patienceMs, requestTimeout: patienceMs, keepAliveTimeout: patienceMs },
    (request, response) => answer(request, response, source),
  );
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer({ method, url = '' }: IncomingMessage, response: ServerResponse, source: HealthSource): void {
  const [path] = url.split('?', 1);
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    reply(response, 405, { error: 'expected GET' });
  } else if (path === '/healthz') {
    reply(response, 200, { live: true });
  } else if (path === '/readyz') {
    const { ready, reasons, degraded } = source.health();
    reply(response, ready ? 200 : 503, { ready, reasons, degraded });
  } else if (path === '/status') {
    reply(response, 200, source.status());
  } else {
    reply(response, 404, { error: 'expected /healthz, /readyz or /status' });
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
