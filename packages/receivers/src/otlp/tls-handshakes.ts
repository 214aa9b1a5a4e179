import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Host } from '@otelier/core';
import type { Certificates } from './certificates.js';
import { HandshakeFailures } from './handshake-failures.js';
import type { Transport } from './refusals.js';

/** What a door asks of the handshakes on its connections. */
export interface HandshakeOptions {
  readonly transport: Transport;
  /** The one protocol that is agreed on (RFC 7301). */
  readonly protocol: 'h2' | 'http/1.1';
  /** Time that a client has for its handshake, in milliseconds. */
  readonly timeout: number;
  /** Gets every connection that is encrypted from here on. */
  readonly take: (socket: TLSSocket) => void;
}

/** Makes encrypted connections of bare ones, for either door; those whose handshake fails or takes too long are closed and counted. */
export class TlsHandshakes {
  /** Listens nowhere: the doors count connections before they give them to it. */
  declare private readonly server: Server;

  constructor(host: Host, certificates: Certificates, { transport, protocol, timeout, take }: HandshakeOptions) {
    const { clientAuth, pem } = certificates;
    this.server = createServer({
      ...pem,
      minVersion: 'TLSv1.2',
      ALPNProtocols: [protocol],
      handshakeTimeout: timeout,
      requestCert: clientAuth !== 'none',
      rejectUnauthorized: clientAuth === 'require',
    });
    // Connections that exist go on under the certificates that they began with.
    certificates.follow((next) => this.server.setSecureContext({ ...next, minVersion: 'TLSv1.2' }));
    this.server.on('secureConnection', (socket) => {
      // Costs its client next to nothing, and HTTP/2 forbids it (RFC 9113 section 9.2.1).
      socket.disableRenegotiation();
      take(socket);
    });
    const failures = new HandshakeFailures(host, transport);
    this.server.on('tlsClientError', (error, socket) => {
      failures.add(error, socket);
      // Node has done so for every reason but that time is up.
      socket.destroy();
    });
  }

  /** The handshake of a new connection begins. */
  begin(socket: Socket): void {
    this.server.emit('connection', socket);
  }
}

/** Whether a connection ended because its client wanted to shake hands again. */
export function isRenegotiation(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ERR_TLS_RENEGOTIATION_DISABLED';
}
