import type { Socket } from 'node:net';
import type { Identity, Peer } from '@otelier/core';
import { formatAddress } from './address.js';
import { isCredential } from './auth/credential-headers.js';
import type { HttpHeaders } from './http-carrier.js';

/** The sender of an HTTP request; headers are looked at only when somebody asks. */
export class HttpPeer implements Peer {
  declare readonly transport: string;
  declare readonly identity: Identity | undefined;
  declare private readonly socket: Socket;
  declare private readonly head: HttpHeaders;

  constructor(socket: Socket, head: HttpHeaders, transport: string, identity: Identity | undefined) {
    this.socket = socket;
    this.head = head;
    this.transport = transport;
    this.identity = identity;
  }

  get address(): string {
    const { remoteAddress = '', remotePort = 0 } = this.socket;
    return formatAddress({ host: remoteAddress, port: remotePort });
  }

  get headers(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.head.headers)) {
      if (value !== undefined && !isCredential(name))
        headers[name] = typeof value === 'string' ? value : value.join(', ');
    }
    return headers;
  }
}
