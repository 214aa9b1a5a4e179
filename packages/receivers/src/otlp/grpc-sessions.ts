import {
  constants,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type * as Grpc from '@grpc/grpc-js';
import type { CallStream, IncomingCall } from './grpc-call.js';
import type { GrpcEntrance } from './grpc-entrance.js';
import { connectionKey } from './grpc-front.js';
import type { Intake } from './intake.js';
import { GrpcConnection } from './limits/grpc-connection.js';
import type { GrpcDoorSettings } from './settings.js';
import { isRenegotiation } from './tls-handshakes.js';

/** Hears of a new stream, as grpc-js does. */
type Listener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, raw: string[]) => void;

/**
 * The HTTP/2 connections of the gRPC door and the calls on them, looked through every second.
 *
 * grpc-js shows nobody the HTTP/2 server that it makes; it is taken from a member that is not documented. Without it calls would be let in by the size
 * of their whole message, and connections bounded in number only; a test holds the member to being there.
 */
export class GrpcSessions {
  /** The stream of the call that begins in this turn. */
  declare current: CallStream | undefined;
  declare private readonly entrance: GrpcEntrance;
  declare private readonly intake: Intake;
  declare private readonly settings: GrpcDoorSettings;
  declare private readonly connections: Map<string, GrpcConnection>;
  declare private readonly bySession: WeakMap<ServerHttp2Session, GrpcConnection>;
  declare private readonly sessions: Set<ServerHttp2Session>;
  declare private readonly calls: Set<IncomingCall>;
  declare private onEmpty: () => void;
  declare private isWatching: boolean;
  declare private timer: NodeJS.Timeout | undefined;

  constructor(intake: Intake, settings: GrpcDoorSettings, entrance: GrpcEntrance) {
    this.current = undefined;
    this.entrance = entrance;
    this.intake = intake;
    this.settings = settings;
    this.connections = new Map();
    this.bySession = new WeakMap();
    this.sessions = new Set();
    this.calls = new Set();
    this.onEmpty = () => {};
    this.isWatching = false;
    this.timer = undefined;
  }

  /** Watches what `server` makes of the connections that it is given. */
  watch(server: Grpc.Server): void {
    const { http2Servers } = server as unknown as { readonly http2Servers?: ReadonlyMap<Http2Server, unknown> };
    const [http2] = http2Servers instanceof Map ? (http2Servers.keys() as Iterable<Http2Server>) : [];
    if (http2 === undefined) return;
    this.isWatching = true;
    http2.on('session', (session) => this.begin(session));
    // In front of grpc-js's own listener, which calls the interceptor and hears only of calls that come in.
    const listeners = http2.listeners('stream') as Listener[];
    http2.removeAllListeners('stream');
    const handOver = (of: CallStream | undefined, ...call: Parameters<Listener>): void => {
      this.current = of;
      for (const listen of listeners) listen.apply(http2, call);
    };
    const listener: Listener = (...call) => {
      const of = this.open(call[0]);
      const turn = of && this.entrance.ask(call[0], call[1], of.connection);
      if (turn === 'refused') return;
      if (turn === undefined) handOver(of, ...call);
      else void turn.then((isLetIn) => isLetIn && handOver(of, ...call));
    };
    http2.on('stream', listener);
    const { handshakeTimeout, requestTimeout } = this.settings;
    this.timer = setInterval(() => this.check(), Math.min(1000, handshakeTimeout, requestTimeout)).unref();
  }

  /** A connection that nothing has come on yet; `isBare`: its TLS handshake comes first. */
  enter(socket: Socket, isBare: boolean): void {
    const key = connectionKey(socket);
    const { limits, refusals, host } = this.intake;
    const client = limits.clientAt(socket.remoteAddress);
    client.connections++;
    if (this.isWatching)
      this.connections.set(key, new GrpcConnection(socket, client, refusals, () => host.clock.now(), isBare));
    socket.once('close', () => {
      client.connections--;
      this.connections.delete(key);
    });
  }

  /** The TLS handshake on a connection is done. */
  encrypted(socket: TLSSocket): void {
    const connection = this.connections.get(connectionKey(socket));
    connection?.encrypted(socket.alpnProtocol === 'h2');
    socket.once('error', (error) => {
      if (isRenegotiation(error)) this.intake.refusals.connection('grpc', 'renegotiation');
    });
    // HTTP/2 takes no errors of a connection on which it does not begin, or has ended.
    socket.on('error', () => {});
  }

  follow(call: IncomingCall, of: CallStream | undefined): void {
    if (of === undefined) return;
    if (of.stream.closed || of.stream.destroyed) {
      call.closed();
      return;
    }
    this.calls.add(call);
    of.call = call;
  }

  /** Resolves when all have ended and what was written to them is on its way. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      if (this.sessions.size === 0) resolve();
      else this.onEmpty = resolve;
    });
  }

  close(): void {
    clearInterval(this.timer);
  }

  private begin(session: ServerHttp2Session): void {
    const connection = this.connections.get(connectionKey(session.socket));
    if (connection === undefined) return;
    this.bySession.set(session, connection);
    this.sessions.add(session);
    session.once('close', () => {
      this.sessions.delete(session);
      if (this.sessions.size === 0) this.onEmpty();
    });
    connection.begin(session);
  }

  private open(stream: ServerHttp2Stream): CallStream | undefined {
    const connection = stream.session && this.bySession.get(stream.session as ServerHttp2Session);
    if (connection === undefined) return undefined;
    const of: CallStream = { stream, connection, call: undefined };
    stream.once('close', () => {
      connection.callClosed(stream.rstCode === constants.NGHTTP2_CANCEL && !stream.headersSent);
      if (of.call === undefined) return;
      this.calls.delete(of.call);
      of.call.closed();
    });
    // A client that has not confirmed our settings is not held to them by HTTP/2 itself.
    if (!connection.callOpened()) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    return of;
  }

  private check(): void {
    const now = this.intake.host.clock.now();
    const { handshakeTimeout, requestTimeout } = this.settings;
    for (const call of this.calls) call.check(now, requestTimeout);
    for (const connection of this.connections.values()) connection.check(now, handshakeTimeout);
  }
}
