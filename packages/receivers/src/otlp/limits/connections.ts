import type { Socket } from 'node:net';
import type { Refusals, Transport } from '../refusals.js';
import { addressKey } from './client.js';

/**
 * Counts the connections of all doors and refuses those beyond the bounds.
 *
 * The last eighth of them is shared out: there an address may have no more than its part, so that one that opens as many as it can leaves room for others.
 */
export class Connections {
  declare private readonly max: number;
  declare private readonly perAddress: number;
  declare private readonly refusals: Refusals;
  /** Never longer than there are connections. */
  declare private readonly byAddress: Map<string, number>;
  declare private count: number;

  constructor(max: number, perAddress: number | undefined, refusals: Refusals) {
    this.max = max;
    this.perAddress = perAddress ?? Number.POSITIVE_INFINITY;
    this.refusals = refusals;
    this.byAddress = new Map();
    this.count = 0;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.count;
  }

  /** False when there is one too many, which is closed at once. */
  enter(socket: Socket, transport: Transport): boolean {
    const key = addressKey(socket.remoteAddress);
    const held = this.byAddress.get(key) ?? 0;
    const reason = this.refusal(held);
    if (reason !== undefined) {
      this.refusals.connection(transport, reason);
      // Not an orderly end, which would keep the port's memory of it.
      socket.resetAndDestroy();
      return false;
    }
    this.count++;
    this.byAddress.set(key, held + 1);
    socket.once('close', () => this.leave(key));
    return true;
  }

  private refusal(held: number): string | undefined {
    if (this.count >= this.max) return 'too many connections';
    if (held >= this.perAddress) return 'too many connections of one address';
    if (this.count * 8 < this.max * 7) return undefined;
    const addresses = this.byAddress.size + (held === 0 ? 1 : 0);
    const share = Math.max(1, Math.floor(this.max / (8 * addresses)));
    return held < share ? undefined : 'too many connections of one address';
  }

  private leave(key: string): void {
    this.count--;
    const held = (this.byAddress.get(key) as number) - 1;
    if (held > 0) this.byAddress.set(key, held);
    else this.byAddress.delete(key);
  }
}
