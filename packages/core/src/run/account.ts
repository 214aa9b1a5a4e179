import type { Signal } from '../signal.js';
import type { ComponentKind } from './account-data.js';
import type { Face } from './face.js';
import { Tally } from './tally.js';

/** Records a duration in seconds. */
export interface Timer {
  record(seconds: number, attributes?: { [name: string]: string }): void;
}

/** Hears of what a component refuses and drops: events and logs. */
export type Witness = (account: Account, what: 'refused' | 'dropped', count: number, reason: string) => void;

/**
 * The running account of one component and signal.
 *
 * `held` is the sum of what open calls have left, minus `spent`: items that left by a flow of the component's own (a merged batch)
 * and that the calls which brought them have not yet written off.
 */
export class Account {
  declare readonly id: string;
  declare readonly kind: ComponentKind;
  declare readonly name: string;
  declare readonly signal: Signal;
  declare readonly pipeline: string | undefined;
  declare readonly witness: Witness | undefined;
  declare in: number;
  declare out: number;
  declare held: number;
  declare readonly added: Tally;
  declare readonly dropped: Tally;
  declare readonly refused: Tally;
  declare readonly failed: Tally;
  /** What happened to items that stayed, by reason: no part of the balance. */
  declare readonly noted: Tally;
  /** Items that were acknowledged by a queue and then dropped. */
  declare lost: number;
  /** Items that a queue has acknowledged and holds. */
  declare kept: number;
  declare spent: number;
  /** The account that hands over what it keeps, while it does. */
  declare predecessor: Account | undefined;
  /** Accounts of components inside this one, as in `queue(retry(otlpExporter()))`. */
  declare readonly inner: Account[];
  /** Records how long calls take, while somebody observes. */
  declare timer: Timer | undefined;
  declare closed: boolean;
  #attributes: { [name: string]: string } | undefined;

  constructor(
    id: string,
    kind: ComponentKind,
    name: string,
    signal: Signal,
    pipeline: string | undefined,
    witness?: Witness | undefined,
  ) {
    this.id = id;
    this.kind = kind;
    this.name = name;
    this.signal = signal;
    this.pipeline = pipeline;
    this.witness = witness;
    this.in = 0;
    this.out = 0;
    this.held = 0;
    this.added = new Tally();
    this.dropped = new Tally();
    this.refused = new Tally();
    this.failed = new Tally();
    this.noted = new Tally();
    this.lost = 0;
    this.kept = 0;
    this.spent = 0;
    this.predecessor = undefined;
    this.inner = [];
    this.timer = undefined;
    this.closed = false;
  }

  /** The component's id, without the signal that tells a receiver's accounts apart. */
  get component(): string {
    const suffix = `/${this.signal}`;
    return this.kind === 'receiver' && this.id.endsWith(suffix) ? this.id.slice(0, -suffix.length) : this.id;
  }

  /** Attributes under which telemetry observes this account. */
  get attributes(): { [name: string]: string } {
    return (this.#attributes ??= { [this.kind]: this.component, 'otel.signal': this.signal });
  }

  /** A call that began at `since` (of `performance.now()`) is over. */
  timed(since: number): void {
    this.timer?.record((performance.now() - since) / 1000, this.attributes);
  }

  /** A call brings `count` items; its face starts with as many left. */
  enter(count: number): void {
    if (this.closed) return;
    this.in += count;
    this.held += count;
  }

  /** Items leave by `face`, whose call they came by unless it has fewer left. */
  emit(face: Face, count: number): void {
    if (this.closed) return;
    this.#take(face, count);
    this.out += count;
  }

  drop(face: Face, count: number, reason: string): void {
    if (this.closed) return;
    this.#take(face, count);
    this.dropped.add(reason, count);
    this.witness?.(this, 'dropped', count, reason);
  }

  refuse(face: Face, count: number, reason: string): void {
    if (this.closed) return;
    this.#take(face, count);
    this.refused.add(reason, count);
    this.witness?.(this, 'refused', count, reason);
  }

  add(face: Face, count: number, reason: string): void {
    if (this.closed) return;
    face.left += count;
    this.held += count;
    this.added.add(reason, count);
  }

  /** The call is over and went well: what it left unexplained was delivered (exporters) or filtered (processors). */
  settle(face: Face): void {
    const left = this.#writeOff(face);
    if (left === 0) return;
    if (this.kind === 'exporter') {
      this.out += left;
    } else {
      this.dropped.add('filtered', left);
      this.witness?.(this, 'dropped', left, 'filtered');
    }
  }

  /** The call is over and failed: what it had not passed on was refused here. */
  fail(face: Face, code: string): void {
    const left = this.#writeOff(face);
    if (left === 0) return;
    this.refused.add(code, left);
    this.witness?.(this, 'refused', left, code);
  }

  /** A whole batch leaves at once, with `count` items: the difference to what the call had left is `filtered` or `made`. */
  pass(face: Face, count: number): void {
    if (this.closed) return;
    const { left } = face;
    face.left = 0;
    this.held -= left;
    this.out += count;
    if (left > count) {
      this.dropped.add('filtered', left - count);
      this.witness?.(this, 'dropped', left - count, 'filtered');
    } else if (left < count) {
      this.added.add('made', count - left);
    }
  }

  /** The deadline has passed: what is held is given back, and nothing is counted any more. Answers how many items that were. */
  giveUp(code: string): number {
    let inside = 0;
    for (const inner of this.inner) inside += inner.giveUp(code);
    // An exporter holds what the one inside it holds; a processor has passed that on.
    if (this.kind === 'exporter') inside = 0;
    if (this.closed) return inside;
    this.closed = true;
    const given = Math.max(this.held - this.kept, 0);
    if (given === 0) return inside;
    this.held -= given;
    this.refused.add(code, given);
    this.witness?.(this, 'refused', given, code);
    return given + inside;
  }

  /** A queue acknowledges `count` items and keeps them; `recovered` when they come from an earlier run or graph instead of a call. */
  keep(count: number, recovered: boolean): void {
    if (this.closed) return;
    if (recovered && this.predecessor !== undefined) {
      this.predecessor.moveKept(count, this);
      return;
    }
    this.kept += count;
    if (recovered) {
      this.held += count;
      this.added.add('recovered', count);
    } else {
      // The call that brought them ends with nothing left.
      this.spent += count;
    }
  }

  /** A queue acknowledges `count` items of the call of `face`, whatever else is going on here. */
  keepFrom(face: Face, count: number): void {
    if (this.closed) return;
    const rest = takeFrom(face, count);
    this.kept += count;
    this.spent += rest;
  }

  /** Kept items come to their end: delivered, or dropped for a reason and thereby lost. */
  unkeep(all: number, reason: string | undefined): void {
    // What has gone over to another graph is not this one's to count.
    const count = Math.min(all, this.kept);
    // A queue drops what it still holds when it closes, which is after the deadline: those items are lost, not kept.
    const covered = this.closed ? 0 : Math.min(count, this.spent);
    const left = count - covered;
    this.kept -= count;
    this.spent -= covered;
    this.held -= left;
    if (reason === undefined) {
      this.out += left;
      return;
    }
    this.lost += left;
    this.dropped.add(reason, left);
    this.witness?.(this, 'dropped', left, reason);
  }

  /** Items that were passed on come back: the outbox keeps them until it has delivered them. */
  takeBack(count: number): void {
    this.added.add('returned', count);
    this.held += count;
    this.kept += count;
  }

  /** Kept items that were passed on by a flow of the component's own were taken back before that was final. */
  keepOn(count: number): void {
    if (this.closed) return;
    const covered = Math.min(count, this.spent);
    this.spent -= covered;
    this.held += covered;
    this.added.add('returned', covered);
  }

  /** Kept items move to the same component of another graph. */
  moveKept(count: number, to: Account): void {
    this.held -= count;
    this.kept -= count;
    to.held += count;
    to.kept += count;
  }

  /** Gives up `face`'s claims; answers what of them nobody has explained. */
  #writeOff(face: Face): number {
    if (this.closed) return 0;
    const covered = Math.min(face.left, this.spent);
    const left = face.left - covered;
    this.spent -= covered;
    this.held -= left;
    face.left = 0;
    return left;
  }

  #take(face: Face, count: number): void {
    let rest = takeFrom(face, count);
    if (rest > 0 && face.from !== undefined) {
      for (const source of face.from) {
        // Flows of another component have nothing to do with what is held here.
        if (rest > 0 && source.account === this) rest = takeFrom(source, rest);
      }
    }
    this.held -= count - rest;
    if (rest === 0) return;
    const covered = Math.min(rest, this.held);
    this.held -= covered;
    this.spent += covered;
    const made = rest - covered;
    if (made === 0) return;
    if (this.kind === 'receiver') this.in += made;
    else this.added.add('made', made);
  }
}

function takeFrom(face: Face, count: number): number {
  const own = Math.min(face.left, count);
  face.left -= own;
  return count - own;
}
