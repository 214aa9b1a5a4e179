import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpCarrier } from './http-carrier.js';
import { HttpExchange } from './http-exchange.js';
import type { HttpRequest } from './http-request.js';
import type { Route } from './http-route.js';
import type { Intake } from './intake.js';
import type { Client } from './limits/client.js';

/** A connection whose requests Node's server reads, since one of them was not plain. */
export class NodeConnection {
  declare readonly client: Client;
  /** The requests that are not answered yet. */
  declare readonly open: Set<NodeCarrier>;
  declare private readonly socket: Socket;
  /** Bytes that had left when last looked, and since when none have. */
  declare private sent: number;
  declare private since: number;

  constructor(socket: Socket, client: Client, now: number) {
    this.socket = socket;
    this.client = client;
    this.open = new Set();
    this.sent = 0;
    this.since = now;
  }

  /** Whether answers have been waiting for so long, in milliseconds, without any of them being read. */
  isStuck(now: number, patience: number): boolean {
    const { bytesWritten, writableLength } = this.socket;
    const sent = bytesWritten - writableLength;
    if (writableLength === 0 || sent !== this.sent) {
      this.sent = sent;
      this.since = now;
    }
    return now - this.since >= patience;
  }
}

/** A request that Node's own server has read, of any form that HTTP/1.1 allows. */
export class NodeCarrier implements HttpCarrier {
  declare readonly socket: Socket;
  declare readonly client: Client;
  declare readonly exchange: HttpExchange;
  declare private readonly request: HttpRequest;
  declare private readonly response: ServerResponse;
  declare private readonly connection: NodeConnection;
  /** The client waits for `100 Continue` before it sends the body. */
  declare private waits: boolean;

  constructor(
    intake: Intake,
    request: HttpRequest,
    response: ServerResponse,
    connection: NodeConnection,
    waits: boolean,
  ) {
    this.socket = request.socket;
    this.client = connection.client;
    this.request = request;
    this.response = response;
    this.connection = connection;
    this.waits = waits;
    this.exchange = new HttpExchange(intake, this, request);
    this.exchange.isPartial = true;
    connection.open.add(this);
  }

  begin(route: Route): void {
    const { 'content-length': length, 'transfer-encoding': isChunked } = this.request.headers;
    // A request with neither has no body (RFC 9112 section 6.3).
    const known = isChunked === undefined ? Number(length ?? 0) : undefined;
    const wanted = this.exchange.begin(route, known);
    if (wanted) this.sendBody();
    this.request.reader = this.exchange;
  }

  // The reader is asked with every part whether more should come.
  pause(): void {}

  resume(isWanted: boolean): void {
    if (isWanted) this.sendBody();
    this.request.readOn();
  }

  private sendBody(): void {
    if (this.waits) this.response.writeContinue();
    this.waits = false;
  }

  answer(status: number, head: readonly string[], body: Buffer, isLast: boolean): void {
    this.connection.open.delete(this);
    const { response } = this;
    // A client that waits for `100 Continue` sends no body now, so what follows on the connection could not be told from one.
    if (isLast || this.waits) response.shouldKeepAlive = false;
    response.writeHead(status, head as string[]);
    // A body, even an empty one, goes out as a second buffer; short text goes out with the head in one.
    if (body.length === 0) response.end();
    else response.end(body.toString('latin1'), 'latin1');
  }
}
