import { type Host, type Identity, PipelineError } from '@otelier/core';
import { tooLarge } from '../intake.js';
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

type Reason = 'client rate' | 'client share' | 'client bytes' | 'client requests' | 'budget' | 'too large';

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
  admit(client: Client, bytes: number, transport: Transport): Hold | PipelineError {
    const { admission, clock } = this.host;
    if (bytes > this.maxHeld) {
      this.refusals.request(transport, 'too large');
      return tooLarge('the body', this.maxHeld);
    }
    const now = clock.now();
    const { requestBucket, byteBucket } = client;
    const wait = Math.max(requestBucket?.wait(now) ?? 0, byteBucket?.wait(now) ?? 0);
    if (wait > 0) return this.refuse(transport, 'client rate', wait);
    if (client.requests >= this.maxRequests) return this.refuse(transport, 'client requests', retryAfterMs);
    const reason = this.shortage(client, bytes, now);
    if (reason !== undefined) return this.refuse(transport, reason, retryAfterMs);
    const lease = admission.acquire(bytes);
    if (lease === undefined) return this.refuse(transport, 'budget', retryAfterMs);
    requestBucket?.take(1);
    byteBucket?.take(bytes);
    this.clients.begin(client, now);
    client.held += bytes;
    return new Hold(this, client, transport, lease, bytes);
  }

  /** Whether a request may have more bytes; counts the refusal. */
  mayGrow({ client, transport }: Hold, more: number): boolean {
    const reason = this.shortage(client, more, this.host.clock.now());
    if (reason !== undefined) this.refusals.request(transport, reason);
    return reason === undefined;
  }

  /** A request of this client is done. */
  left(client: Client, bytes: number): void {
    client.held -= bytes;
    this.clients.end(client, this.host.clock.now());
  }

  private shortage(client: Client, more: number, now: number): Reason | undefined {
    if (client.held + more > this.maxHeld) return 'client bytes';
    const { admission } = this.host;
    const { limitBytes: limit, inFlightBytes: used } = admission;
    if ((used + more) * 2 <= limit) return undefined;
    const active = this.clients.activeWith(client, now);
    if (!isFair(more, client.held, used, limit, active)) return active > 1 ? 'client share' : 'budget';
    const isRoom = () => admission.inFlightBytes + more <= limit;
    return this.bodies.makeRoom(fairShare(limit, active), now, isRoom) ? undefined : 'budget';
  }

  private refuse(transport: Transport, reason: Reason, wait: number): PipelineError {
    this.refusals.request(transport, reason);
    return new PipelineError('overloaded', messages[reason], { retryAfterMs: wait });
  }
}

const messages: Readonly<Record<Reason, string>> = {
  'client rate': 'you send more than you may; send again later',
  'client share': 'too many bytes are in flight, and your part of them is used up; send again later',
  'client bytes': 'too many of your bytes are in flight; send again later',
  'client requests': 'too many of your requests are under way; send again later',
  budget: 'too many bytes are in flight; send again later',
  'too large': 'the body is too large',
};
