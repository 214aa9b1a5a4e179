/** A request whose body is here and that has not begun; a link of the list in which it waits. */
export interface Waiting {
  /** Of its body, decompressed. */
  readonly bytes: number;
  /** The one behind it; the list's own. */
  behind: Waiting | undefined;
  work(): void;
}

/** Bytes of requests that begin in one turn of the event loop. */
const bytesPerTurn = 16 * 1024;
/** A body beyond this begins at once: it weighs more than what is made of it, and costs more to read when it has left the caches. */
const large = 16 * 1024;

/**
 * Has only so many requests begin in one turn of the event loop; the others wait for the next ones, in order.
 *
 * When more is sent than there is time for, hundreds of requests are ready in one turn. Were all begun before the answers of backends
 * are read, what was made of them would lie about meanwhile, be copied by the garbage collector again and again, and fall out of the
 * processor's caches. As bodies they cost next to nothing.
 */
export class Turns {
  declare private readonly most: number;
  declare private left: number;
  declare private first: Waiting | undefined;
  declare private last: Waiting | undefined;
  declare private isBegun: boolean;

  constructor(most: number = bytesPerTurn) {
    this.most = most;
    this.left = most;
    this.first = undefined;
    this.last = undefined;
    this.isBegun = false;
  }

  /** Begins the request in this turn, or in a later one. */
  take(one: Waiting): void {
    if (this.left > 0 || one.bytes > large) {
      this.begin(one);
      return;
    }
    if (this.last === undefined) this.first = one;
    else this.last.behind = one;
    this.last = one;
  }

  /** Resolves when a request of so many bytes may begin; undefined when that is now. */
  wait(bytes: number): Promise<void> | undefined {
    if (this.left <= 0 && bytes <= large)
      return new Promise((resolve) => this.take({ bytes, behind: undefined, work: resolve }));
    this.count(bytes);
    return undefined;
  }

  private begin(one: Waiting): void {
    this.count(one.bytes);
    one.work();
  }

  private count(bytes: number): void {
    this.left -= bytes;
    if (this.isBegun) return;
    this.isBegun = true;
    setImmediate(this.next);
  }

  // Behind the phase in which sockets are read: what has come for requests that began before was looked at.
  private readonly next: () => void = () => {
    this.isBegun = false;
    this.left = this.most;
    while (this.first !== undefined && this.left > 0) {
      const one = this.first;
      this.first = one.behind;
      if (this.first === undefined) this.last = undefined;
      one.behind = undefined;
      this.begin(one);
    }
  };
}

/** Those of this process, which has one event loop for all of its doors. */
export const turns: Turns = new Turns();
/** Those of calls over gRPC, each of which costs three times what a request costs. */
export const callTurns: Turns = new Turns(bytesPerTurn / 2);
