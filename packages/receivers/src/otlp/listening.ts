import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Address } from './address.js';

/** Who gets the connections of a port. */
export interface Taker {
  take(socket: Socket): void;
  /** The listening socket has failed. */
  failed(error: Error): void;
}

/** A listening socket, and those who have it: the last gets its connections, the others have it back when that one ends. */
interface Shared {
  readonly server: Server;
  readonly owners: Listening[];
  /** Nobody has it any more. */
  readonly end: () => void;
}

/** Of each collector, by address. */
const all = new WeakMap<object, Map<string, Shared>>();

/**
 * A port that outlives its door: another door of the same collector takes the socket over once this one gives way, and no connection is refused in between.
 * When the new door does not last, the one before it has the port again.
 */
export class Listening {
  readonly port: number;
  private readonly taker: Taker;
  private readonly shared: Shared;
  private isFree = false;

  private constructor(taker: Taker, shared: Shared) {
    this.port = (shared.server.address() as AddressInfo).port;
    this.taker = taker;
    this.shared = shared;
    shared.owners.push(this);
  }

  /** `of` stands for the collector. Rejects with what the system says, such as EADDRINUSE. */
  static async open(of: object, { host, port }: Address, taker: Taker): Promise<Listening> {
    const ports = all.get(of) ?? new Map<string, Shared>();
    all.set(of, ports);
    const there = ports.get(`${host}:${port}`);
    if (there?.owners.at(-1)?.isFree) return new Listening(taker, there);
    // A connection whose client has said all may still be answered; HTTP wants no delay for small answers.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
    const key = `${host}:${(server.address() as AddressInfo).port}`;
    const owners: Listening[] = [];
    const end = (): void => {
      ports.delete(key);
      server.close();
    };
    const shared: Shared = { server, owners, end };
    ports.set(key, shared);
    server.removeAllListeners('error');
    server.on('error', (error) => owners.at(-1)?.taker.failed(error));
    server.on('connection', (socket) => owners.at(-1)?.taker.take(socket));
    return new Listening(taker, shared);
  }

  /** From here on another door may take the port over; until one does, this one has it. The returned function ends that. */
  giveWay(): () => void {
    this.isFree = true;
    return () => {
      this.isFree = false;
    };
  }

  /** Gives the port back to the door before, if that is open; else nobody listens any more. Connections go on. */
  close(): void {
    const { owners, end } = this.shared;
    const at = owners.indexOf(this);
    if (at < 0) return;
    owners.splice(at, 1);
    if (owners.length === 0) end();
  }
}
