import { isIPv6 } from 'node:net';
import type { Bucket } from './bucket.js';

/** What is known of one client: what it holds now, and what it may still send. */
export class Client {
  declare readonly key: string;
  /** Bytes of the byte budget that its requests hold. */
  declare held: number;
  /** Requests that were let in and are not answered. */
  declare requests: number;
  /** Connections that know it. */
  declare connections: number;
  /** The time slot in which it was last counted as active without a request under way. */
  declare slot: number;
  declare readonly requestBucket: Bucket | undefined;
  declare readonly byteBucket: Bucket | undefined;

  constructor(key: string, requestBucket: Bucket | undefined, byteBucket: Bucket | undefined) {
    this.key = key;
    this.held = 0;
    this.requests = 0;
    this.connections = 0;
    this.slot = Number.NEGATIVE_INFINITY;
    this.requestBucket = requestBucket;
    this.byteBucket = byteBucket;
  }

  /** Whether a new one in its place would be no different. */
  isForgettable(now: number): boolean {
    if (this.requests > 0 || this.connections > 0) return false;
    return this.requestBucket?.isFull(now) !== false && this.byteBucket?.isFull(now) !== false;
  }
}

/** The key of clients that are told apart by address: IPv4 whole, IPv6 by its /64, which is what one subscriber has. */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return '';
  const plain = address.toLowerCase().replace(/%.*$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  if (mapped !== null) return mapped[1] as string;
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  // The last group may be written as IPv4, which stands for two.
  const after =
    tail === undefined || tail === '' ? [] : tail.split(':').flatMap((g) => (g.includes('.') ? [g, g] : [g]));
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after].slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
