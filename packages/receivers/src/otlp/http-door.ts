import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { formatAddress } from './address.js';
import type { Certificates } from './certificates.js';
import type { Door } from './door.js';
import { AnswerText } from './http-answer-text.js';
import { closingAnswer } from './http-closing.js';
import { NodeCarrier, NodeConnection } from './http-node-carrier.js';
import { PlainConnection, type PlainDoor } from './http-plain-connection.js';
import { HttpRequest } from './http-request.js';
import { type Route, routeOf, unmetExpectation } from './http-route.js';
import type { Intake } from './intake.js';
import { listenError } from './listen-error.js';
import { Listening } from './listening.js';
import type { HttpDoorSettings } from './settings.js';
import { TlsHandshakes } from './tls-handshakes.js';

/** How long close() waits for answers that are still on their way to a slow reader. */
const lingerMs = 1000;

const closings: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'slow request',
  HPE_HEADER_OVERFLOW: 'headers too large',
  ERR_TLS_RENEGOTIATION_DISABLED: 'renegotiation',
};

/** OTLP/HTTP on HTTP/1.1: plain requests are read here, any other form by Node's server. */
export class HttpDoor implements Door, PlainDoor {
  declare readonly intake: Intake;
  declare readonly settings: HttpDoorSettings;
  declare readonly answers: AnswerText;
  declare private readonly handshakes: TlsHandshakes | undefined;
  declare private readonly server: Server<typeof HttpRequest>;
  /** What Node's server does with a new connection. */
  declare private readonly nodes: readonly ((socket: Socket) => void)[];
  /** The connections on which every request was plain. */
  declare private readonly plain: Map<Socket, PlainConnection>;
  /** All others. */
  declare private readonly others: Map<Socket, NodeConnection>;
  /** All that were accepted; with TLS what lies under the connections, also under those whose handshake is not done. */
  declare private readonly accepted: Set<Socket>;
  declare private listening: Listening | undefined;
  /** Called when no connection is left. */
  declare private emptied: (() => void) | undefined;
  declare private timer: NodeJS.Timeout | undefined;

  constructor(intake: Intake, settings: HttpDoorSettings, certificates?: Certificates) {
    this.intake = intake;
    this.settings = settings;
    this.answers = new AnswerText(settings.idleTimeout);
    this.plain = new Map();
    this.others = new Map();
    this.accepted = new Set();
    this.listening = undefined;
    this.emptied = undefined;
    this.timer = undefined;
    const options = {
      IncomingMessage: HttpRequest,
      // A request without Host is refused by its route, with a reason.
      requireHostHeader: false,
      maxHeaderSize: 16 * 1024,
      keepAliveTimeout: settings.idleTimeout,
      headersTimeout: Math.min(settings.headersTimeout, settings.requestTimeout),
      requestTimeout: settings.requestTimeout,
      connectionsCheckingInterval: Math.min(5000, settings.headersTimeout),
    };
    this.server = createServer(options);
    this.handshakes =
      certificates &&
      new TlsHandshakes(intake.host, certificates, {
        ...{ transport: 'http', protocol: 'http/1.1', timeout: settings.headersTimeout },
        take: (socket) => this.take(socket),
      });
    this.nodes = this.server.listeners('connection') as ((socket: Socket) => void)[];
    this.server.removeAllListeners('connection');
    const take = (waits: boolean, route: (request: HttpRequest) => Route): RequestListener<typeof HttpRequest> => {
      return (request, response) => {
        const connection = this.others.get(request.socket);
        // Without one it was closed in this very turn.
        if (connection === undefined) request.socket.destroy();
        else new NodeCarrier(this.intake, request, response, connection, waits).begin(route(request));
      };
    };
    this.server.on('request', take(false, routeOf));
    this.server.on('checkContinue', take(true, routeOf));
    this.server.on('checkExpectation', take(false, unmetExpectation));
    this.server.on('clientError', (error, socket) => this.refuseConnection(error, socket as Socket));
  }

  async listen(): Promise<string> {
    const { endpoint, headersTimeout, idleTimeout, requestTimeout } = this.settings;
    const { host } = this.intake;
    const failed = (err: Error) => host.logger.error({ err }, 'the HTTP server reported an error');
    try {
      this.listening = await Listening.open(host.admission, endpoint, {
        take: (socket) => this.connected(socket),
        failed,
      });
    } catch (error) {
      throw listenError('http', endpoint, error);
    }
    // The socket is not the server's own: it begins to look after time-outs when it hears that it listens.
    this.server.emit('listening');
    const interval = Math.min(5000, headersTimeout, idleTimeout, requestTimeout);
    this.timer = setInterval(() => this.check(), interval).unref();
    const { port } = this.listening;
    return `${this.handshakes ? 'https' : 'http'}://${formatAddress({ host: endpoint.host, port })}`;
  }

  giveWay(): () => void {
    return this.listening?.giveWay() ?? (() => {});
  }

  stop(): void {
    this.server.closeIdleConnections();
    for (const [socket, connection] of this.plain) if (connection.isIdle) socket.destroySoon();
  }

  async close(): Promise<void> {
    this.listening?.close();
    const closed = new Promise<void>((resolve) => {
      this.emptied = resolve;
    });
    this.server.close();
    // The outcome of a request and this call may come in the same turn: its answer goes first.
    await new Promise((resolve) => setImmediate(resolve));
    const end = (socket: Socket, isBusy: boolean) => (isBusy ? socket.destroy() : socket.destroySoon());
    for (const [socket, connection] of this.plain) end(socket, connection.isBusy);
    for (const [socket, { open }] of this.others) end(socket, open.size > 0);
    const deadline = setTimeout(() => {
      this.server.closeAllConnections();
      for (const socket of this.plain.keys()) socket.destroy();
      for (const socket of this.accepted) socket.destroy();
    }, lingerMs);
    if (this.accepted.size > 0) await closed;
    clearTimeout(deadline);
    clearInterval(this.timer);
  }

  giveToNode(socket: Socket): void {
    const client = this.plain.get(socket)?.client ?? this.intake.limits.clientAt(socket.remoteAddress);
    this.plain.delete(socket);
    this.others.set(socket, new NodeConnection(socket, client, Date.now()));
    for (const take of this.nodes) take.call(this.server, socket);
  }

  private connected(socket: Socket): void {
    if (!this.intake.limits.connections.enter(socket, 'http')) return;
    this.accepted.add(socket);
    socket.once('close', () => {
      this.accepted.delete(socket);
      if (this.accepted.size === 0) this.emptied?.();
    });
    if (this.handshakes === undefined) {
      this.take(socket);
      return;
    }
    // Who hangs up in the handshake has gone; an HTTP server keeps its own half of bare connections open.
    socket.allowHalfOpen = false;
    this.handshakes.begin(socket);
  }

  /** Reads from a bare connection, or from what TLS has made of one. */
  private take(socket: Socket): void {
    const client = this.intake.limits.clientAt(socket.remoteAddress);
    client.connections++;
    this.plain.set(socket, new PlainConnection(socket, client, this));
    socket.once('close', () => {
      client.connections--;
      this.plain.get(socket)?.closed();
      this.plain.delete(socket);
      for (const { exchange } of this.others.get(socket)?.open ?? []) exchange.abandon();
      this.others.delete(socket);
    });
  }

  private check(): void {
    const now = Date.now();
    for (const connection of this.plain.values()) connection.check(now);
    for (const [socket, connection] of this.others) {
      if (!connection.isStuck(now, this.settings.idleTimeout)) continue;
      this.intake.refusals.connection('http', 'reads no answers');
      socket.destroy();
    }
  }

  private refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code !== 'ECONNRESET') this.intake.refusals.connection('http', closings[error.code ?? ''] ?? 'not HTTP');
    const open = this.others.get(socket)?.open;
    // An answer now would be taken for that of a request which is still being worked on.
    const isExpected = open === undefined || [...open].every(({ exchange }) => exchange.isReading);
    if (isExpected && socket.writable && error.code !== 'ECONNRESET') {
      socket.write(closingAnswer(error));
      socket.destroySoon();
    } else socket.destroy();
  }
}
