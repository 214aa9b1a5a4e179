import { lookup } from 'node:dns/promises';
import { type AddressInfo, createServer, isIP, type Server, type Socket } from 'node:net';
import { type Address, formatAddress } from './address.js';
import type { Connections } from './limits/connections.js';
import { listenError } from './listen-error.js';

/** The listening sockets of the gRPC door: connections are counted here before anything is made for them. */
export class GrpcFront {
  declare private readonly servers: Server[];
  declare private readonly sockets: Set<Socket>;
  declare private readonly connections: Connections;
  declare private readonly take: (socket: Socket) => void;

  /** `take` gets every connection that is not one too many. */
  constructor(connections: Connections, take: (socket: Socket) => void) {
    this.servers = [];
    this.sockets = new Set();
    this.connections = connections;
    this.take = take;
  }

  /** Listens on every address that the host's name has, as far as it can; resolves with the port. */
  async listen(endpoint: Address): Promise<number> {
    let { port } = endpoint;
    let failure: unknown;
    for (const host of await addressesOf(endpoint)) {
      try {
        port = await this.bind({ host, port });
      } catch (error) {
        failure ??= error;
      }
    }
    if (this.servers.length === 0) throw listenError('grpc', endpoint, failure as NodeJS.ErrnoException);
    return port;
  }

  /** Listens no more; connections that exist go on. */
  stop(): Promise<unknown> {
    return Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /** Ends every connection. */
  destroy(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private async bind(address: Address): Promise<number> {
    const server = createServer((socket) => {
      if (!this.connections.enter(socket, 'grpc')) return;
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      this.take(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, resolve);
    });
    this.servers.push(server);
    return (server.address() as AddressInfo).port;
  }
}

async function addressesOf(endpoint: Address): Promise<readonly string[]> {
  if (isIP(endpoint.host) !== 0) return [endpoint.host];
  try {
    const found = await lookup(endpoint.host, { all: true });
    return [...new Set(found.map(({ address }) => address))];
  } catch (error) {
    throw listenError('grpc', endpoint, error as NodeJS.ErrnoException);
  }
}

/** What tells a connection from the others of a door. */
export function connectionKey(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return formatAddress({ host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 });
}
