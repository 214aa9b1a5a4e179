import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Address } from './address.js';

/** Who gets the connections of a port. */
export interface Taker {
  take(socket: Socket): void;
  /** The listening socket has failed. */
  failed(error: Error): void;
}

/** A listening socket and whose it is now. */
interface Shared {
  readonly server: Server;
  owner: Listening;
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
  private readonly before: Listening | undefined;
  private readonly forget: () => void;
  private isFree = false;
  private isClosed = false;

  private constructor(server: Server, taker: Taker, shared: Shared | undefined, forget: () => void) {
    this.port = (server.address() as AddressInfo).port;
    this.taker = taker;
    this.before = shared?.owner;
    this.shared = shared ?? { server, owner: this };
    this.shared.owner = this;
    this.forget = forget;
  }

  /** `of` stands for the collector. Rejects with what the system says, such as EADDRINUSE. */
  static async open(of: object, { host, port }: Address, taker: Taker): Promise<Listening> {
    const ports = all.get(of) ?? new Map<string, Shared>();
    all.set(of, ports);
    const there = ports.get(`${host}:${port}`);
    if (there?.owner.isFree) return new Listening(there.server, taker, there, there.owner.forget);
    // A connection whose client has said all may still be answered; HTTP wants no delay for small answers.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
    const key = `${host}:${(server.address() as AddressInfo).port}`;
    const listening = new Listening(server, taker, undefined, () => ports.delete(key));
    const { shared } = listening;
    ports.set(key, shared);
    server.removeAllListeners('error');
    server.on('error', (error) => shared.owner.taker.failed(error));
    server.on('connection', (socket) => shared.owner.taker.take(socket));
    return listening;
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
    this.isClosed = true;
    const { shared } = this;
    if (shared.owner !== this) return;
    let { before } = this;
    while (before?.isClosed === true) before = before.before;
    if (before !== undefined) {
      shared.owner = before;
      return;
    }
    this.forget();
    shared.server.close();
  }
}
