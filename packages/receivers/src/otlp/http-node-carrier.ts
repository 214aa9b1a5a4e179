import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpCarrier } from './http-carrier.js';
import { HttpExchange } from './http-exchange.js';
import type { HttpRequest } from './http-request.js';
import type { Route } from './http-route.js';
import type { Intake } from './intake.js';

/** A request that Node's own server has read, of any form that HTTP/1.1 allows. */
export class NodeCarrier implements HttpCarrier {
  declare readonly socket: Socket;
  declare readonly exchange: HttpExchange;
  declare private readonly request: HttpRequest;
  declare private readonly response: ServerResponse;
  /** The requests of the same connection that are not answered yet. */
  declare private readonly open: Set<NodeCarrier>;
  /** The client waits for `100 Continue` before it sends the body. */
  declare private waits: boolean;

  constructor(intake: Intake, request: HttpRequest, response: ServerResponse, open: Set<NodeCarrier>, waits: boolean) {
    this.socket = request.socket;
    this.request = request;
    this.response = response;
    this.open = open;
    this.waits = waits;
    this.exchange = new HttpExchange(intake, this, request);
    open.add(this);
  }

  begin(route: Route): void {
    const length = this.request.headers['content-length'];
    const wanted = this.exchange.begin(route, length === undefined ? undefined : Number(length));
    if (wanted) this.sendBody();
    if (wanted !== false) this.request.reader = this.exchange;
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
    this.open.delete(this);
    const { response } = this;
    // A client that waits for `100 Continue` sends no body now, so what follows on the connection could not be told from one.
    if (isLast || this.waits) response.shouldKeepAlive = false;
    response.writeHead(status, head as string[]);
    // A body, even an empty one, goes out as a second buffer; short text goes out with the head in one.
    if (body.length === 0) response.end();
    else response.end(body.toString('latin1'), 'latin1');
  }
}
