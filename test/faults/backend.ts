import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { encodeExportResponse, LogsBatch } from '@otelier/otlp';
import type { Random } from '@otelier/testing';
import type { Ledger } from './ledger.js';

/** What a {@link Backend} does with one request. */
export type Mood =
  | { readonly does: 'take'; readonly afterMs?: number }
  | { readonly does: 'refuse'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Ends the connection while the body comes in, when it has been stored, or in the middle of the answer. */
  | { readonly does: 'reset'; readonly when: 'body' | 'stored' | 'answer' }
  /** Leaves out records with this probability, and says so. */
  | { readonly does: 'leave out'; readonly share: number };

/** Draws what happens to the next request. */
export type Moods = (random: Random) => Mood;

export const calm: Moods = () => ({ does: 'take' });

/** A backend that writes every record it takes into the ledger. */
export class Backend {
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

  /** Listens, after the first time where it did before. */
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

  /** Ends all connections, whatever is on them, and does not listen any more. */
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
    const batch = LogsBatch.parse(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
    const all = Array.from(batch.records(), (record) => String(record.body));
    const out = mood.does === 'leave out' ? all.filter(() => this.random.chance(mood.share)) : [];
    const taken = out.length === 0 ? all : all.filter((id) => !out.includes(id));
    this.ledger.arrived(taken);
    this.ledger.rejected(out);
    this.answered.set(socket, taken);
    if (socket.destroyed) this.ended(socket);
    if (mood.does === 'reset') {
      if (mood.when === 'answer') response.writeHead(200, { 'content-length': '100' }).write('half of');
      return void socket.destroySoon();
    }
    if (mood.does === 'take' && mood.afterMs !== undefined) await wait(mood.afterMs);
    const partial =
      mood.does === 'leave out'
        ? { rejected: out.length, message: out.length > 0 ? 'too old' : 'slow down' }
        : undefined;
    response.writeHead(200, { 'content-type': 'application/x-protobuf' });
    response.end(encodeExportResponse('logs', partial, 'protobuf'));
  }

  private ended(socket: Socket): void {
    this.ledger.unheard(this.answered.get(socket) ?? []);
    this.answered.delete(socket);
  }
}
