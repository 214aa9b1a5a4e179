import { type AnyBatch, type Flow, type Host, PipelineError } from '@otelier/core';
import { AttemptFlow } from '../attempt-flow.js';
import { Health, type HealthPolicy } from '../health.js';
import { graver, joined, mayGoElsewhere, UndeliveredPartsError, withoutCode } from '../parts.js';
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
    let left = batch;
    let failure: PipelineError | undefined;
    for (const target of this.candidates()) {
      target.health.begin();
      const attempt = new AttemptFlow(flow);
      try {
        await target.stage.consume(left.fork() as B, attempt);
        target.health.answered();
        attempt.settle();
        if (target !== this.targets[0]) this.host.note(left.count, `sent to ${target.name}`);
        return;
      } catch (caught) {
        const error = PipelineError.from(caught);
        attempt.fail(error);
        // What has arrived there must not be sent to the next.
        if (error instanceof UndeliveredPartsError) left = joined(error.undelivered as readonly B[]);
        if (mayGoElsewhere(error) && !flow.signal.aborted) target.health.failed(error);
        else if (flow.signal.aborted) target.health.unknown();
        else target.health.answered();
        failure = graver(failure, error);
        if (!mayGoElsewhere(error) || flow.signal.aborted) {
          failure = error;
          break;
        }
      }
    }
    this.end(failure ?? this.allBusy(), left, batch, flow);
  };

  /** In order, those that are up or due for a look; if none is, all that have not asked to be left alone: better a slow answer than none. */
  private candidates(): readonly Target<B>[] {
    const open = this.targets.filter(({ health }) => health.open);
    return open.length > 0 ? open : this.targets.filter(({ health }) => health.patienceMs === 0);
  }

  private allBusy(): PipelineError {
    const retryAfterMs = Math.min(...this.targets.map(({ health }) => health.patienceMs));
    return new PipelineError('overloaded', `${this.host.id}: every exporter has asked for patience`, { retryAfterMs });
  }

  private end(failure: PipelineError, left: B, batch: B, flow: Flow): void {
    if (left === batch) throw failure;
    if (failure.retryable) {
      const { retryAfterMs } = failure;
      const options = { cause: failure, ...(retryAfterMs !== undefined && { retryAfterMs }) };
      throw new UndeliveredPartsError(new PipelineError(failure.code, withoutCode(failure), options), [left]);
    }
    // A part has been delivered, so that the sender may not send the whole again.
    flow.refuse(left.count, failure.code);
  }
}
