import { type AnyBatch, type Flow, type Host, PipelineError } from '@otelier/core';
import { AttemptFlow } from '../attempt-flow.js';
import { Health, type HealthPolicy } from '../health.js';
import { markedAs } from '../marks.js';
import { endDelivery, graver, leftFor, mayGoElsewhere, type RefusedPart } from '../parts.js';
import type { RunningMember, SeveralStage } from '../several.js';

interface Target<B> extends RunningMember<B> {
  readonly health: Health;
}

/** The running form of `failover()`. */
export class FailoverStage<B extends AnyBatch> implements SeveralStage<B> {
  private readonly targets: readonly Target<B>[];
  private readonly host: Host;

  constructor(members: readonly RunningMember<B>[], host: Host, policy: HealthPolicy) {
    this.targets = members.map(({ name, stage }) => ({ name, stage, health: new Health(name, policy, host) }));
    this.host = host;
  }

  readonly consume = async (batch: B, flow: Flow): Promise<void> => {
    const refused: RefusedPart<B>[] = [];
    let left = batch;
    let failure: PipelineError | undefined;
    for (const target of this.candidates()) {
      const error = await this.send(target, markedAs(left.fork() as B, batch), flow);
      if (error === undefined) {
        if (target !== this.targets[0]) this.host.note(left.count, `sent to ${target.name}`);
        return endDelivery(batch, flow, { left: [], failure: undefined, refused });
      }
      // What has arrived there must not be sent to the next.
      const { elsewhere, why, refused: parts } = leftFor(left, error);
      refused.push(...parts);
      if (elsewhere === undefined) return endDelivery(batch, flow, { left: [], failure: undefined, refused });
      left = elsewhere;
      failure = graver(failure, why);
      if (flow.signal.aborted || !mayGoElsewhere(why)) {
        failure = why;
        break;
      }
    }
    failure ??= this.allBusy();
    if (failure.retryable) endDelivery(batch, flow, { left: [left], failure, refused });
    else
      endDelivery(batch, flow, {
        left: [],
        failure: undefined,
        refused: [...refused, { batch: left, error: failure }],
      });
  };

  private async send({ stage, health }: Target<B>, batch: B, flow: Flow): Promise<PipelineError | undefined> {
    const attempt = new AttemptFlow(flow);
    health.begin();
    try {
      await stage.consume(batch, attempt);
      health.answered();
      attempt.settle();
      return undefined;
    } catch (caught) {
      const error = PipelineError.from(caught);
      attempt.fail(error);
      if (flow.signal.aborted) health.unknown();
      else if (mayGoElsewhere(error)) health.failed(error);
      else health.answered();
      return error;
    }
  }

  /** In order, those that are up or due for a look; if none is, all that have not asked to be left alone: better a slow answer than none. */
  private candidates(): readonly Target<B>[] {
    const open = this.targets.filter(({ health }) => health.open);
    return open.length > 0 ? open : this.targets.filter(({ health }) => health.patienceMs === 0);
  }

  private allBusy(): PipelineError {
    const retryAfterMs = Math.min(...this.targets.map(({ health }) => health.patienceMs));
    return new PipelineError('overloaded', `${this.host.id}: every exporter has asked for patience`, { retryAfterMs });
  }
}
