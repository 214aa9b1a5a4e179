import { Bucket } from './bucket.js';
import { Client } from './client.js';

/** Length of a time slot, in milliseconds: a client counts as active in the slot in which it was last seen and in the next. */
const slotMs = 10_000;
/** How many clients are looked at for one to forget when another comes. */
const looks = 8;

/** The clients of a receiver, a bounded number of them; those beyond it share one entry. */
export class Clients {
  declare private readonly byKey: Map<string, Client>;
  declare private readonly max: number;
  declare private readonly requestsPerSecond: number | undefined;
  declare private readonly bytesPerSecond: number | undefined;
  /** What all those are that found no room; made when there is one. */
  declare private crowd: Client | undefined;
  declare private sweep: Iterator<Client> | undefined;
  /** Clients with requests under way. */
  declare private busy: number;
  declare private slot: number;
  /** Clients without, by the slot in which they were seen last: this one, and the one before. */
  declare private seen: number;
  declare private seenBefore: number;

  constructor(max: number, requestsPerSecond: number | undefined, bytesPerSecond: number | undefined) {
    this.byKey = new Map();
    this.max = max;
    this.requestsPerSecond = requestsPerSecond;
    this.bytesPerSecond = bytesPerSecond;
    this.crowd = undefined;
    this.sweep = undefined;
    this.busy = 0;
    this.slot = 0;
    this.seen = 0;
    this.seenBefore = 0;
  }

  get size(): number {
    return this.byKey.size;
  }

  of(key: string, now: number): Client {
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    if (this.byKey.size >= this.max) this.forgetSome(now);
    if (this.byKey.size >= this.max) {
      this.crowd ??= this.make('', now);
      return this.crowd;
    }
    const client = this.make(key, now);
    this.byKey.set(key, client);
    return client;
  }

  /** How many clients have requests under way or had one lately; `asking` is one of them from here on. */
  activeWith(asking: Client, now: number): number {
    this.see(asking, now);
    return this.busy + this.seen + this.seenBefore;
  }

  /** A request of this client begins. */
  begin(client: Client, now: number): void {
    if (client.requests++ > 0) return;
    this.turn(now);
    if (client.slot === this.slot) this.seen--;
    else if (client.slot === this.slot - 1) this.seenBefore--;
    client.slot = Number.NEGATIVE_INFINITY;
    this.busy++;
  }

  /** One has ended. */
  end(client: Client, now: number): void {
    if (--client.requests > 0) return;
    this.busy--;
    this.see(client, now);
  }

  private see(client: Client, now: number): void {
    this.turn(now);
    if (client.requests > 0 || client.slot === this.slot) return;
    if (client.slot === this.slot - 1) this.seenBefore--;
    client.slot = this.slot;
    this.seen++;
  }

  private turn(now: number): void {
    const slot = Math.floor(now / slotMs);
    // A clock that was set back starts no slot.
    if (slot <= this.slot) return;
    this.seenBefore = slot === this.slot + 1 ? this.seen : 0;
    this.seen = 0;
    this.slot = slot;
  }

  /** Looks at some, in turn, so that the cost of one that comes does not depend on how many there are. */
  private forgetSome(now: number): void {
    this.turn(now);
    for (let i = 0; i < looks; i++) {
      this.sweep ??= this.byKey.values();
      const { value, done } = this.sweep.next();
      if (done === true) this.sweep = undefined;
      // One that still counts as active would be counted twice when it came again.
      else if (value.slot < this.slot - 1 && value.isForgettable(now)) this.byKey.delete(value.key);
    }
  }

  private make(key: string, now: number): Client {
    const bucket = (rate: number | undefined) => (rate === undefined ? undefined : new Bucket(rate, now));
    return new Client(key, bucket(this.requestsPerSecond), bucket(this.bytesPerSecond));
  }
}
