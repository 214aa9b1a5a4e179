import { type AnyBatch, type Flow, type Host, PipelineError, type Stage } from '@otelier/core';
import { AttemptFlow } from '../attempt-flow.js';
import { UndeliveredPartsError } from '../parts.js';

/** The resource attribute that says why a batch is in the dead letter: code and message of the refusal. */
export const reasonAttribute = 'otelier.dead_letter.reason';

/** Takes what will never be delivered, with the reason, so that somebody can look at it and replay it. */
export class DeadLetter<B extends AnyBatch> {
  readonly stage: Stage<B>;
  private readonly host: Host;

  constructor(stage: Stage<B>, host: Host) {
    this.stage = stage;
    this.host = host;
  }

  /**
   * Puts a part away that was refused with `why`; counts what it takes as dropped. Answers what of the part could not be put away for good.
   *
   * @throws {PipelineError} that is retryable: the part, or what an {@link UndeliveredPartsError} has of it, may be put away later.
   */
  async take(part: B, why: PipelineError, flow: Flow): Promise<readonly B[]> {
    const attempt = new AttemptFlow(flow);
    try {
      await this.stage.consume(withReason(part.fork() as B, why), attempt);
      attempt.settle();
      this.count(part.count - attempt.refused, why, flow);
      return [];
    } catch (caught) {
      const error = PipelineError.from(caught);
      attempt.fail(error);
      if (error instanceof UndeliveredPartsError) this.count(part.count - error.count - attempt.refused, why, flow);
      if (error.retryable) throw error;
      this.host.logger.error({ code: error.code, items: part.count }, 'the dead letter did not take what was refused');
      return [part];
    }
  }

  private count(items: number, why: PipelineError, flow: Flow): void {
    if (items > 0) flow.drop(items, `dead letter: ${why.code}`);
  }
}

function withReason<B extends AnyBatch>(part: B, why: PipelineError): B {
  for (const { resource } of holdersOf(part)) resource.attributes.set(reasonAttribute, why.message);
  return part;
}

function holdersOf(batch: AnyBatch) {
  if (batch.signal === 'logs') return batch.resourceLogs;
  return batch.signal === 'metrics' ? batch.resourceMetrics : batch.resourceSpans;
}
