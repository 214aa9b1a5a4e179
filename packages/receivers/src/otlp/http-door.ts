import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
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
  /** What lies under TLS connections, also under those whose handshake is not done. */
  declare private readonly below: Set<Socket>;
  declare private timer: NodeJS.Timeout | undefined;

  constructor(intake: Intake, settings: HttpDoorSettings, certificates?: Certificates) {
    this.intake = intake;
    this.settings = settings;
    this.answers = new AnswerText(settings.idleTimeout);
    this.plain = new Map();
    this.others = new Map();
    this.below = new Set();
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
    this.server.on('connection', (socket: Socket) => this.connected(socket));
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

  listen(): Promise<string> {
    const { host, port } = this.settings.endpoint;
    return new Promise((resolve, reject) => {
      this.server.once('error', (error) => reject(listenError('http', this.settings.endpoint, error)));
      this.server.listen({ host, port }, () => {
        this.server.removeAllListeners('error');
        this.server.on('error', (error) =>
          this.intake.host.logger.error({ err: error }, 'the HTTP server reported an error'),
        );
        const { headersTimeout, idleTimeout, requestTimeout } = this.settings;
        const interval = Math.min(5000, headersTimeout, idleTimeout, requestTimeout);
        this.timer = setInterval(() => this.check(), interval).unref();
        const address = this.server.address() as AddressInfo;
        resolve(`${this.handshakes ? 'https' : 'http'}://${formatAddress({ host, port: address.port })}`);
      });
    });
  }

  stop(): void {
    this.server.closeIdleConnections();
    for (const [socket, connection] of this.plain) if (connection.isIdle) socket.destroySoon();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    // The outcome of a request and this call may come in the same turn: its answer goes first.
    await new Promise((resolve) => setImmediate(resolve));
    const end = (socket: Socket, isBusy: boolean) => (isBusy ? socket.destroy() : socket.destroySoon());
    for (const [socket, connection] of this.plain) end(socket, connection.isBusy);
    for (const [socket, { open }] of this.others) end(socket, open.size > 0);
    const deadline = setTimeout(() => {
      this.server.closeAllConnections();
      for (const socket of this.plain.keys()) socket.destroy();
      for (const socket of this.below) socket.destroy();
    }, lingerMs);
    await closed;
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
    if (this.handshakes === undefined) {
      this.take(socket);
      return;
    }
    // Who hangs up in the handshake has gone; an HTTP server keeps its own half of bare connections open.
    socket.allowHalfOpen = false;
    this.below.add(socket);
    socket.once('close', () => this.below.delete(socket));
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
