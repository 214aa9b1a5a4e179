import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { encodeExportResponse } from '@otelier/otlp';
import type { Random } from '@otelier/testing';
import { type Backend, calm, type Moods, take } from './backend.js';
import type { Ledger } from './ledger.js';

/** A backend that speaks OTLP over HTTP. */
export class HttpBackend implements Backend {
  moods: Moods = calm;
  private server: Server | undefined;
  private port = 0;
  /** By connection: what was answered last on it. Only a next request shows that the answer was heard. */
  private readonly answered: Map<Socket, readonly string[]> = new Map();
  private readonly ledger: Ledger;
  private readonly random: Random;

  constructor(ledger: Ledger, random: Random) {
    this.ledger = ledger;
    this.random = random;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async open(): Promise<void> {
    if (this.server !== undefined) return;
    const server = createServer((request, response) => {
      void this.exchange(request, response).catch((error: unknown) => {
        // A connection that ended is what several faults are about; what was sent must be a request all the same.
        if (!request.destroyed) this.ledger.problems.add(`the backend could not read a request: ${String(error)}`);
        response.destroy();
      });
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  private async exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    if (!this.answered.has(socket)) socket.once('close', () => this.ended(socket));
    this.answered.set(socket, []);
    const mood = this.moods(this.random);
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      if (mood.does === 'reset' && mood.when === 'body') return void socket.destroy();
      chunks.push(chunk as Buffer);
    }
    if (mood.does === 'refuse') return void response.writeHead(mood.status, mood.headers).end();
    const body = Buffer.concat(chunks);
    const raw = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    const { ids, partial } = take(raw, mood, this.ledger, this.random);
    this.answered.set(socket, ids);
    if (socket.destroyed) this.ended(socket);
    if (mood.does === 'reset') {
      if (mood.when === 'answer') response.writeHead(200, { 'content-length': '100' }).write('half of');
      return void socket.destroySoon();
    }
    if (mood.does === 'take' && mood.afterMs !== undefined) await wait(mood.afterMs);
    response.writeHead(200, { 'content-type': 'application/x-protobuf' });
    response.end(encodeExportResponse('logs', partial, 'protobuf'));
  }

  private ended(socket: Socket): void {
    this.ledger.unheard(this.answered.get(socket) ?? []);
    this.answered.delete(socket);
  }
}
