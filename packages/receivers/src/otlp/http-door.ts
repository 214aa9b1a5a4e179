import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { formatAddress } from './address.js';
import type { Door } from './door.js';
import { closingAnswer } from './http-closing.js';
import { HttpExchange } from './http-exchange.js';
import { HttpRequest } from './http-request.js';
import type { Intake } from './intake.js';
import { listenError } from './listen-error.js';
import type { HttpDoorSettings } from './settings.js';

/** How long close() waits for answers that are still on their way to a slow reader. */
const lingerMs = 1000;

/** OTLP/HTTP on HTTP/1.1. */
export class HttpDoor implements Door {
  declare private readonly intake: Intake;
  declare private readonly settings: HttpDoorSettings;
  declare private readonly server: Server<typeof HttpRequest>;
  /** Every connection with the requests that are being read or answered on it. */
  declare private readonly connections: Map<Socket, Set<HttpExchange>>;

  constructor(intake: Intake, settings: HttpDoorSettings) {
    this.intake = intake;
    this.settings = settings;
    this.connections = new Map();
    this.server = createServer({
      IncomingMessage: HttpRequest,
      keepAliveTimeout: settings.idleTimeout,
      headersTimeout: Math.min(settings.headersTimeout, settings.requestTimeout),
      requestTimeout: settings.requestTimeout,
      connectionsCheckingInterval: Math.min(5000, settings.headersTimeout),
    });
    this.server.on('connection', (socket: Socket) => this.connected(socket));
    this.server.on('request', (request, response) => this.exchange(request, response).begin(false));
    this.server.on('checkContinue', (request, response) => this.exchange(request, response).begin(true));
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
        const address = this.server.address() as AddressInfo;
        resolve(`http://${formatAddress({ host, port: address.port })}`);
      });
    });
  }

  stop(): void {
    this.server.closeIdleConnections();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    // The outcome of a request and this call may come in the same turn: its answer goes first.
    await new Promise((resolve) => setImmediate(resolve));
    for (const [socket, exchanges] of this.connections) {
      if (exchanges.size > 0) socket.destroy();
      else socket.destroySoon();
    }
    const deadline = setTimeout(() => this.server.closeAllConnections(), lingerMs);
    await closed;
    clearTimeout(deadline);
  }

  private connected(socket: Socket): void {
    const exchanges = new Set<HttpExchange>();
    this.connections.set(socket, exchanges);
    socket.once('close', () => {
      this.connections.delete(socket);
      for (const exchange of exchanges) exchange.abandon();
    });
  }

  private exchange(request: HttpRequest, response: ServerResponse): HttpExchange {
    const exchanges = this.connections.get(request.socket) ?? new Set();
    return new HttpExchange(this.intake, request, response, exchanges);
  }

  private refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
    const exchanges = this.connections.get(socket);
    // An answer now would be taken for that of a request which is still being worked on.
    const isExpected = exchanges === undefined || [...exchanges].every((exchange) => exchange.isReading);
    if (isExpected && socket.writable && error.code !== 'ECONNRESET') {
      socket.write(closingAnswer(error));
      socket.destroySoon();
    } else socket.destroy();
  }
}
