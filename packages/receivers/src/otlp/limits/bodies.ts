import type { Client } from './client.js';

/** A request whose body is on its way and takes part of the byte budget already. */
export interface IncomingBody {
  /** Whose it is. */
  readonly client: Client | undefined;
  /** When it began, in milliseconds. */
  readonly since: number;
  /** Refuses it and gives its bytes back. */
  cut(): void;
}

/** How long a body may be on its way before it has to make room for others, in milliseconds. */
const graceMs = 1000;
/** How many bodies are looked at for one request that finds no room. */
const looks = 32;

/** The bodies that are on their way, the oldest first: a slow one holds its part of the budget only while nobody else has need of it. */
export class Bodies {
  declare private readonly all: Set<IncomingBody>;

  constructor() {
    this.all = new Set();
  }

  get size(): number {
    return this.all.size;
  }

  add(body: IncomingBody): void {
    this.all.add(body);
  }

  delete(body: IncomingBody): void {
    this.all.delete(body);
  }

  /** Cuts off slow bodies of clients that hold more than `share`, until `isRoom` or no old one is left to look at. */
  makeRoom(share: number, now: number, isRoom: () => boolean): boolean {
    let looked = 0;
    for (const body of this.all) {
      if (isRoom()) return true;
      if (now - body.since < graceMs || looked++ === looks) break;
      if ((body.client?.held ?? 0) > share) body.cut();
    }
    return isRoom();
  }
}
