import { type Host, type Identity, type Lease, PipelineError, type Signal } from '@otelier/core';
import { overloaded, tooLarge } from '../intake.js';
import type { Refusals, Transport } from '../refusals.js';
import { Bodies } from './bodies.js';
import { addressKey, type Client } from './client.js';
import { Clients } from './clients.js';
import { Connections } from './connections.js';
import { fairShare, isFair } from './fair-share.js';
import { Hold } from './hold.js';
import type { LimitsSettings } from './limits-settings.js';

/** How many clients are told apart. */
const maxClients = 10_000;
/** When to come back if that depends on others. */
const retryAfterMs = 1000;

/** Why a client is refused, but for its rate: always the same errors, since finding out where one was made takes most of the time of a refusal. */
const shortages = {
  'client share': later('too many bytes are in flight, and your part of them is used up'),
  'client bytes': later('too many of your bytes are in flight'),
  'client requests': later('too many of your requests are under way'),
} as const;

type Shortage = keyof typeof shortages;

/** What each client of a receiver may have, and what the whole of them: asked before a body is read. */
export class Limits {
  declare readonly connections: Connections;
  declare readonly bodies: Bodies;
  /** Whether clients are told apart by their verified identity. */
  declare readonly byIdentity: boolean;
  declare private readonly clients: Clients;
  declare private readonly host: Host;
  declare private readonly refusals: Refusals;
  declare private readonly maxHeld: number;
  declare private readonly maxRequests: number;

  constructor(settings: LimitsSettings, host: Host, refusals: Refusals, hasIdentities: boolean) {
    this.host = host;
    this.refusals = refusals;
    this.byIdentity = hasIdentities && settings.by !== 'address';
    this.clients = new Clients(maxClients, settings.requestsPerSecond, settings.bytesPerSecond);
    this.connections = new Connections(settings.connections, settings.connectionsPerAddress, refusals);
    this.bodies = new Bodies();
    this.maxHeld = settings.inFlight ?? Number.POSITIVE_INFINITY;
    this.maxRequests = settings.requests ?? Number.POSITIVE_INFINITY;
  }

  /** The client at an address; kept while a connection counts among its `connections`. */
  clientAt(address: string | undefined): Client {
    return this.clients.of(addressKey(address), this.host.clock.now());
  }

  clientOf(identity: Identity): Client {
    return this.clients.of(identity.key, this.host.clock.now());
  }

  /** Lets a request of so many bytes in, 0 when their number is not known; otherwise what to answer, which is counted. */
  admit(client: Client, bytes: number, transport: Transport, signal?: Signal): Hold | PipelineError {
    if (bytes > this.maxHeld) {
      this.refusals.request(transport, 'too large');
      return tooLarge('the body', this.maxHeld);
    }
    const now = this.host.clock.now();
    const lease = this.refusal(client, bytes, transport, now) ?? this.lease(bytes, transport, signal);
    if (lease instanceof PipelineError) return lease;
    client.requestBucket?.take(1);
    client.byteBucket?.take(bytes);
    this.clients.begin(client, now);
    client.held += bytes;
    return new Hold(this, client, transport, lease, bytes);
  }

  /**
   * Says what to answer to a request of about so many bytes if it cannot be let in now, which is counted; undefined when it can.
   *
   * It takes nothing: a request that may come asks by {@link admit} when its length is known.
   */
  look(client: Client, bytes: number, transport: Transport, signal: Signal): PipelineError | undefined {
    const about = Math.min(bytes, this.maxHeld);
    const refusal = this.refusal(client, about, transport, this.host.clock.now());
    if (refusal !== undefined) return refusal;
    const lease = this.lease(about, transport, signal);
    if (lease instanceof PipelineError) return lease;
    lease.release();
    return undefined;
  }

  private refusal(client: Client, bytes: number, transport: Transport, now: number): PipelineError | undefined {
    const wait = Math.max(client.requestBucket?.wait(now) ?? 0, client.byteBucket?.wait(now) ?? 0);
    if (wait > 0) {
      this.refusals.request(transport, 'client rate');
      return later('you send more than you may', wait);
    }
    const reason = client.requests >= this.maxRequests ? 'client requests' : this.shortage(client, bytes, now);
    return reason && this.refuse(transport, reason);
  }

  private lease(bytes: number, transport: Transport, signal: Signal | undefined): Lease | PipelineError {
    const lease = this.host.admission.acquire(bytes, signal);
    if (lease !== undefined) return lease;
    this.refusals.request(transport, 'budget');
    return overloaded();
  }

  /** Whether a request gets more bytes of `lease`; counts the refusal. */
  grow({ client, transport }: Hold, lease: Lease, more: number): boolean {
    const reason = this.shortage(client, more, this.host.clock.now());
    if (reason !== undefined) {
      this.refuse(transport, reason);
      return false;
    }
    const has = lease.grow(more);
    if (!has) this.refusals.request(transport, 'budget');
    return has;
  }

  /** A request of this client is done. */
  left(client: Client, bytes: number): void {
    client.held -= bytes;
    this.clients.end(client, this.host.clock.now());
  }

  /** What a client lacks by rules of the receiver. Whether there is room at all is the budget's to say, and to count. */
  private shortage(client: Client, more: number, now: number): Shortage | undefined {
    if (client.held + more > this.maxHeld) return 'client bytes';
    const { admission } = this.host;
    const { usableBytes: limit, inFlightBytes: used } = admission;
    if ((used + more) * 2 <= limit) return undefined;
    const active = this.clients.activeWith(client, now);
    if (active > 1 && !isFair(more, client.held, used, limit, active)) return 'client share';
    this.bodies.makeRoom(fairShare(limit, active), now, () => admission.inFlightBytes + more <= limit);
    return undefined;
  }

  private refuse(transport: Transport, reason: Shortage): PipelineError {
    this.refusals.request(transport, reason);
    this.host.admission.turnAway(reason);
    return shortages[reason];
  }
}

function later(why: string, wait: number = retryAfterMs): PipelineError {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return new PipelineError('overloaded', `${why}; send again later`, { retryAfterMs: wait });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
