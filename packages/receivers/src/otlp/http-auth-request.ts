import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { formatAddress } from './address.js';
import type { AuthRequest } from './auth/authenticator.js';
import type { HttpHeaders } from './http-carrier.js';
import { peerCertificate } from './peer-certificate.js';

/** An HTTP request as authenticators see it. */
export class HttpAuthRequest implements AuthRequest {
  declare readonly transport: 'http';
  declare private readonly socket: Socket;
  /** Bound, since people take it out of the request. */
  declare readonly header: (name: string) => string | undefined;

  constructor(socket: Socket, head: HttpHeaders) {
    this.transport = 'http';
    this.socket = socket;
    let headers: IncomingHttpHeaders | undefined;
    this.header = (name) => {
      headers ??= head.headers;
      const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
      return Array.isArray(value) ? value.join(', ') : value;
    };
  }

  get address(): string {
    const { remoteAddress = '', remotePort = 0 } = this.socket;
    return formatAddress({ host: remoteAddress, port: remotePort });
  }

  get certificate(): PeerCertificate | undefined {
    return peerCertificate(this.socket);
  }
}
