import { type AnyBatch, type Flow, type Host, PipelineError } from '@otelier/core';
import { AttemptFlow } from '../attempt-flow.js';
import { Health, type HealthPolicy } from '../health.js';
import { markedAs } from '../marks.js';
import { endDelivery, graver, joined, leftFor, mayGoElsewhere, type RefusedPart } from '../parts.js';
import type { RunningMember, SeveralStage } from '../several.js';
import type { Keys } from './keys.js';
import { Rendezvous } from './rendezvous.js';

interface Target<B> extends RunningMember<B> {
  readonly health: Health;
}

/** One batch on its way, and what is left of it so far. */
interface Trip<B extends AnyBatch> {
  readonly batch: B;
  readonly flow: Flow;
  readonly left: B[];
  failure: PipelineError | undefined;
  readonly refused: RefusedPart<B>[];
}

/** The running form of `loadBalance()`. */
export class LoadBalanceStage<B extends AnyBatch> implements SeveralStage<B> {
  private readonly targets: readonly Target<B>[];
  private readonly rendezvous: Rendezvous;
  private readonly keys: Keys;
  private readonly host: Host;
  /** Whether what a target cannot take goes to its neighbours. */
  private readonly spill: boolean;

  constructor(
    members: readonly RunningMember<B>[],
    host: Host,
    of: { readonly keys: Keys; readonly spill: boolean; readonly health: HealthPolicy },
  ) {
    this.targets = members.map(({ name, stage }) => ({ name, stage, health: new Health(name, of.health, host) }));
    this.rendezvous = new Rendezvous(members.map(({ name }) => name));
    this.keys = of.keys;
    this.host = host;
    this.spill = of.spill;
  }

  readonly consume = async (batch: B, flow: Flow): Promise<void> => {
    if (batch.count === 0) return;
    const trip: Trip<B> = { batch, flow, left: [], failure: undefined, refused: [] };
    await this.deliver(batch, trip, new Uint8Array(this.targets.length), undefined);
    // Shares that were delivered must not be sent again: who tries again around this gets the others only, as one batch.
    const { failure, refused } = trip;
    endDelivery(batch, flow, { left: trip.left.length > 0 ? [joined(trip.left)] : [], failure, refused });
  };

  /** Sends each share of a batch to its target among those that have not failed it; `why` is the last failure, if there were any. */
  private async deliver(batch: B, trip: Trip<B>, failed: Uint8Array, why: PipelineError | undefined): Promise<void> {
    const shares = this.shares(batch, this.spill ? this.passedOver(failed) : failed);
    if (shares.length === 0) giveUp(batch, why ?? this.allBusy(), trip);
    await Promise.all(shares.map(({ to, share }) => this.send(to, share, trip, failed)));
  }

  private async send(to: number, share: B, trip: Trip<B>, failed: Uint8Array): Promise<void> {
    const { stage, health, name } = this.targets[to] as Target<B>;
    // The other shares may be tried again sooner; this one waits for as long as its target has asked.
    if (health.patienceMs > 0) return giveUp(share, this.busy(name, health.patienceMs), trip);
    const attempt = new AttemptFlow(trip.flow);
    health.begin();
    try {
      await stage.consume(markedAs(share.fork() as B, trip.batch), attempt);
      health.answered();
      attempt.settle();
    } catch (caught) {
      const error = PipelineError.from(caught);
      attempt.fail(error);
      const { elsewhere, why, refused } = leftFor(share, error);
      const final = trip.flow.signal.aborted || !mayGoElsewhere(why);
      if (trip.flow.signal.aborted) health.unknown();
      else if (final) health.answered();
      else health.failed(error);
      trip.refused.push(...refused);
      if (elsewhere === undefined) return;
      if (final || !this.spill) return giveUp(elsewhere, why, trip);
      this.host.note(elsewhere.count, `spilled from ${name}`);
      const without = failed.slice();
      without[to] = 1;
      await this.deliver(elsewhere, trip, without, why);
    }
  }

  private shares(batch: B, excluded: Uint8Array): { to: number; share: B }[] {
    const { count } = batch;
    const keys = new Int32Array(count);
    this.keys.fill(batch, keys);
    const chosen = new Int32Array(count);
    let only = true;
    for (let i = 0; i < count; i++) {
      chosen[i] = this.rendezvous.pick(keys[i] as number, excluded);
      only &&= chosen[i] === chosen[0];
    }
    const first = chosen[0] as number;
    if (first < 0) return [];
    // Mostly a batch is of one sender, and goes as the bytes that came.
    if (only) return [{ to: first, share: batch }];
    return [...new Set(chosen)].map((to) => ({ to, share: shareOf(batch, chosen, to) }));
  }

  /** Those that have failed this batch, and those that are down; if no other is left, only those that have failed it or asked for patience. */
  private passedOver(failed: Uint8Array): Uint8Array {
    const over = failed.slice();
    for (const [i, { health }] of this.targets.entries()) if (!health.open) over[i] = 1;
    if (over.includes(0)) return over;
    over.set(failed);
    for (const [i, { health }] of this.targets.entries()) if (health.patienceMs > 0) over[i] = 1;
    return over;
  }

  private allBusy(): PipelineError {
    return this.busy('every exporter', Math.min(...this.targets.map(({ health }) => health.patienceMs)));
  }

  private busy(who: string, retryAfterMs: number): PipelineError {
    return new PipelineError('overloaded', `${this.host.id}: ${who} has asked for patience`, { retryAfterMs });
  }
}

function shareOf<B extends AnyBatch>(batch: B, chosen: Int32Array, to: number): B {
  const share = batch.fork() as B;
  let i = 0;
  share.filter(() => chosen[i++] === to);
  share.prune();
  return share;
}

function giveUp<B extends AnyBatch>(batch: B, error: PipelineError, trip: Trip<B>): void {
  if (error.retryable) {
    trip.left.push(batch);
    trip.failure = graver(trip.failure, error);
  } else trip.refused.push({ batch, error });
}
