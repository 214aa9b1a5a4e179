import { lookup } from 'node:dns/promises';
import { isIP, type Socket } from 'node:net';
import { type Address, formatAddress } from './address.js';
import type { Intake } from './intake.js';
import { listenError } from './listen-error.js';
import { Listening } from './listening.js';

/** The listening sockets of the gRPC door: connections are counted here before anything is made for them. */
export class GrpcFront {
  declare private readonly listening: Listening[];
  declare private readonly sockets: Set<Socket>;
  declare private readonly intake: Intake;
  declare private readonly take: (socket: Socket) => void;

  /** `take` gets every connection that is not one too many. */
  constructor(intake: Intake, take: (socket: Socket) => void) {
    this.listening = [];
    this.sockets = new Set();
    this.intake = intake;
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
    if (this.listening.length === 0) throw listenError('grpc', endpoint, failure as NodeJS.ErrnoException);
    return port;
  }

  /** Listens no more; connections that exist go on. */
  stop(): void {
    for (const each of this.listening) each.close();
  }

  /** Lets another door take over its ports, and keeps them until one does; the returned function ends that. */
  giveWay(): () => void {
    const ends = this.listening.map((each) => each.giveWay());
    return () => {
      for (const end of ends) end();
    };
  }

  /** Ends every connection. */
  destroy(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private async bind(address: Address): Promise<number> {
    const { host, limits } = this.intake;
    const listening = await Listening.open(host.admission, address, {
      take: (socket) => {
        if (!limits.connections.enter(socket, 'grpc')) return;
        // An HTTP/2 client that has said all is gone.
        socket.allowHalfOpen = false;
        this.sockets.add(socket);
        socket.once('close', () => this.sockets.delete(socket));
        this.take(socket);
      },
      failed: (err) => host.logger.error({ err }, 'the gRPC server reported an error'),
    });
    this.listening.push(listening);
    return listening.port;
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
