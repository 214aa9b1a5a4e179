import type { IncomingMessage } from 'node:http';
import type { Peer } from '@otelier/core';
import { formatAddress } from './address.js';

/** The sender of an HTTP request; headers are looked at only when somebody asks. */
export class HttpPeer implements Peer {
  declare readonly transport: string;
  declare private readonly request: IncomingMessage;

  constructor(request: IncomingMessage, transport: string) {
    this.request = request;
    this.transport = transport;
  }

  get address(): string {
    const { remoteAddress = '', remotePort = 0 } = this.request.socket;
    return formatAddress({ host: remoteAddress, port: remotePort });
  }

  get headers(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.request.headers)) {
      if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ');
    }
    return headers;
  }
}
