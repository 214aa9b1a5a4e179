import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { encodeExportResponse, encodeStatus } from '@otelier/otlp';
import type { Random } from '@otelier/testing';
import { type Backend, calm, idsIn, type Mood, type Moods, take } from './backend.js';
import type { Ledger } from './ledger.js';

const same = (bytes: Buffer): Buffer => bytes;
const definition = {
  path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  requestStream: false,
  responseStream: false,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
} as const;

/** More than the collector has under way at a time: of the answers before these it has heard, or it would not have gone on. */
const mostUnheard = 16;

/** One connection of the collector. */
interface Connection {
  readonly socket: Socket;
  /** Stored, and not answered yet. */
  readonly open: Set<readonly string[]>;
  /** Answered last. */
  readonly answered: (readonly string[])[];
}

/** A backend that speaks OTLP over gRPC. */
export class GrpcBackend implements Backend {
  moods: Moods = calm;
  private listener: NetServer | undefined;
  private server: Server | undefined;
  private port = 0;
  /** By the port at the other end. */
  private readonly connections: Map<string, Connection> = new Map();
  /** What was drawn when a call began, by its metadata. */
  private readonly drawn: WeakMap<Metadata, Mood> = new WeakMap();
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
    if (this.listener !== undefined) return;
    const server = new Server({ interceptors: [this.beginning] });
    server.addService({ Export: definition }, { Export: this.exchange });
    // The sockets are ours, so that they can end in the middle of whatever is on them.
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    const listener = createServer((socket) => {
      this.connections.set(`${socket.remotePort}`, { socket, open: new Set(), answered: [] });
      socket.once('close', () => this.ended(socket));
      // That a connection breaks is what faults are about.
      socket.on('error', () => {});
      injector.injectConnection(socket);
    });
    this.server = server;
    this.listener = listener;
    await new Promise<void>((resolve) => listener.listen(this.port, '127.0.0.1', resolve));
    this.port = (listener.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const { listener, server } = this;
    this.listener = this.server = undefined;
    if (listener === undefined) return;
    const closed = new Promise((resolve) => listener.close(resolve));
    for (const { socket } of this.connections.values()) socket.destroy();
    await closed;
    server?.forceShutdown();
  }

  /** Draws what becomes of a call, and ends its connection before the message is there when that is what was drawn. */
  private readonly beginning: ServerInterceptor = (_, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, go) => {
            const mood = this.moods(this.random);
            this.drawn.set(metadata, mood);
            if (mood.does === 'reset' && mood.when === 'body') this.of(call.getPeer())?.socket.destroy();
            else go(metadata);
          },
        }),
    });

  private readonly exchange = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
    void this.answer(call, done).catch((error: unknown) => {
      this.ledger.problems.add(`the backend could not read a request: ${String(error)}`);
      done({ code: 13 });
    });
  };

  private async answer(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): Promise<void> {
    const mood = this.drawn.get(call.metadata) ?? { does: 'take' };
    const connection = this.of(call.getPeer());
    // It ended while the message was read.
    if (connection === undefined) return;
    if (mood.does === 'refuse') return done(this.refusal(call.request, mood));
    const { ids, partial } = take(call.request, mood, this.ledger, this.random);
    connection.open.add(ids);
    call.once('cancelled', () => {
      if (connection.open.delete(ids)) this.ledger.unheard(ids);
    });
    if (mood.does === 'reset') {
      if (mood.when === 'answer') call.sendMetadata(new Metadata());
      return void setImmediate(() => connection.socket.destroy());
    }
    if (mood.does === 'take' && mood.afterMs !== undefined) await wait(mood.afterMs);
    if (connection.open.delete(ids) && connection.answered.push(ids) > mostUnheard) connection.answered.shift();
    done(null, encodeExportResponse('logs', partial, 'protobuf'));
  }

  private refusal(body: Buffer, { status, retryAfterMs }: Mood & { does: 'refuse' }): object {
    const metadata = new Metadata();
    const details = encodeStatus(
      { code: status, message: 'not now', ...(retryAfterMs !== undefined && { retryAfterMs }) },
      'protobuf',
    );
    if (retryAfterMs !== undefined) metadata.set('grpc-status-details-bin', details);
    // Without RetryInfo that is the end of it, as the specification says: nobody may send it again.
    else if (status === exhausted) this.ledger.rejected(idsIn(body));
    return { code: status, details: 'not now', metadata };
  }

  private of(peer: string): Connection | undefined {
    return this.connections.get(peer.slice(peer.lastIndexOf(':') + 1));
  }

  private ended(socket: Socket): void {
    for (const [port, { socket: own, open, answered }] of this.connections) {
      if (own !== socket) continue;
      this.connections.delete(port);
      for (const ids of [...open, ...answered]) this.ledger.unheard(ids);
      open.clear();
    }
  }
}

const exhausted = 8;
