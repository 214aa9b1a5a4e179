import type { Lease } from '@otelier/core';
import type { Transport } from '../refusals.js';
import type { Client } from './client.js';
import type { Limits } from './limits.js';

/** What a request that was let in holds: a place among its client's requests, and bytes of the budget. */
export class Hold implements Lease {
  declare readonly client: Client;
  declare readonly transport: Transport;
  declare private readonly limits: Limits;
  declare private readonly lease: Lease;
  declare private bytes: number;
  declare private isReleased: boolean;

  constructor(limits: Limits, client: Client, transport: Transport, lease: Lease, bytes: number) {
    this.client = client;
    this.transport = transport;
    this.limits = limits;
    this.lease = lease;
    this.bytes = bytes;
    this.isReleased = false;
  }

  /** Asks for more bytes; false when its client may not have them now, which is counted. */
  grow(more: number): boolean {
    if (this.isReleased || !this.limits.grow(this, this.lease, more)) return false;
    this.bytes += more;
    this.client.held += more;
    return true;
  }

  /** Counts bytes as sent whose number was not known when the request was let in. */
  charge(bytes: number): void {
    this.client.byteBucket?.take(bytes);
  }

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.lease.release();
    this.limits.left(this.client, this.bytes);
  }
}
