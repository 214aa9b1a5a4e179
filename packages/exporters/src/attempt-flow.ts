import type { Flow, Peer } from '@otelier/core';
import { UndeliveredPartsError } from './parts.js';

/**
 * The flow of one attempt at a batch that may be followed by others: what is refused counts only once the attempt has come to stay.
 *
 * What an exporter inside another refuses was not delivered by the outer one either, so it goes through the outer one's account.
 */
export class AttemptFlow implements Flow {
  /** Items refused in this attempt so far. */
  declare refused: number;
  declare private readonly outer: Flow;
  declare private refusals: Map<string, number> | undefined;

  constructor(outer: Flow) {
    this.refused = 0;
    this.outer = outer;
    this.refusals = undefined;
  }

  get signal(): AbortSignal {
    return this.outer.signal;
  }

  get peer(): Peer | undefined {
    return this.outer.peer;
  }

  refuse(count: number, reason: string): void {
    this.refused += count;
    this.refusals ??= new Map();
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + count);
  }

  /** What was refused, by reason, and not settled. */
  get unsettled(): Iterable<readonly [reason: string, count: number]> {
    return this.refusals ?? [];
  }

  drop(count: number, reason: string): void {
    this.outer.drop(count, reason);
  }

  add(count: number, reason: string): void {
    this.outer.add(count, reason);
  }

  /** The attempt ended well: the sender hears of what it refused. */
  settle(): void {
    if (this.refusals === undefined) return;
    for (const [reason, count] of this.refusals) this.outer.refuse(count, reason);
    this.refusals = undefined;
  }

  /** The attempt failed: what it refused counts if a part of the batch needs no other attempt, and is void if all of it will be sent again. */
  fail(error: unknown): void {
    if (error instanceof UndeliveredPartsError) this.settle();
  }
}
