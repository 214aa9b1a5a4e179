import type { AnyBatch, Lease, Peer } from '@otelier/core';
import { countOf } from '../parts.js';

const none: readonly (readonly [reason: string, count: number])[] = [];

/** A batch in the queue; its bytes may be on disk only. */
export class Entry<B extends AnyBatch> {
  /** Its place in the line. */
  declare readonly seq: number;
  declare readonly count: number;
  /** Protobuf bytes. */
  declare readonly bytes: number;
  /** When it was accepted, in milliseconds since 1970. */
  declare readonly storedAt: number;
  /** Which others it must not overtake; see {@link laneOf}. */
  declare readonly lane: number;
  /** CRC-32 of its bytes; 0 while it is in memory alone. */
  declare checksum: number;
  /** Whether its key ends in a checksum. */
  declare isKeyChecked: boolean;
  /** Whether it is on disk, or on its way there. */
  declare stored: boolean;
  /** Undefined when the bytes have to be read from disk. */
  declare batch: B | undefined;
  /** On the collector's byte budget, while it is in memory only. */
  declare lease: Lease | undefined;
  declare peer: Peer | undefined;
  /** What is left of it, once some of its parts have been delivered. */
  declare parts: readonly B[] | undefined;
  /** Items that will not be delivered while others have been or may be, by reason. */
  declare private losses: Map<string, number> | undefined;
  /** How often it has failed for a reason that may pass. */
  declare attempts: number;
  /** `gone`: delivered, or dropped. */
  declare state: 'waiting' | 'sending' | 'gone';
  /** Entries before it that are not gone, and those that wait for this one. */
  declare blockers: number;
  declare followers: Entry<B>[] | undefined;

  constructor(
    seq: number,
    count: number,
    bytes: number,
    storedAt: number,
    lane: number,
    checksum: number,
    stored: boolean,
  ) {
    this.seq = seq;
    this.count = count;
    this.bytes = bytes;
    this.storedAt = storedAt;
    this.lane = lane;
    this.checksum = checksum;
    this.isKeyChecked = true;
    this.stored = stored;
    this.batch = undefined;
    this.lease = undefined;
    this.peer = undefined;
    this.parts = undefined;
    this.losses = undefined;
    this.attempts = 0;
    this.state = 'waiting';
    this.blockers = 0;
    this.followers = undefined;
  }

  /** Items that have neither been delivered nor lost. */
  get left(): number {
    return this.parts === undefined ? this.count : countOf(this.parts);
  }

  /** Items that were delivered of it, when nothing is left. */
  get delivered(): number {
    let count = this.count;
    for (const [, lost] of this.lost) count -= lost;
    return count;
  }

  /** Items that will not be delivered, by reason. */
  get lost(): Iterable<readonly [reason: string, count: number]> {
    return this.losses ?? none;
  }

  /** So many items of it will not be delivered; not more than there are, whatever an exporter says that it has refused. */
  lose(count: number, reason: string): void {
    const some = Math.min(count, this.delivered);
    if (some === 0) return;
    this.losses ??= new Map();
    this.losses.set(reason, (this.losses.get(reason) ?? 0) + some);
  }

  /** What is left of it will not be delivered. */
  loseRest(reason: string): void {
    const { left } = this;
    if (left > 0) this.lose(left, reason);
    this.parts = [];
  }
}
