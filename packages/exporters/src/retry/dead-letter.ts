import type { AnyBatch, Flow, Host, PipelineError, Stage } from '@otelier/core';
import { AttemptFlow } from '../attempt-flow.js';
import { seenBy } from '../kept-for.js';
import { keptAs, wantingParts } from '../marks.js';
import { countOf, type Leftovers, type RefusedPart, UndeliveredPartsError } from '../parts.js';

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

  /** Puts a part of `whole` away that was refused with `why`; counts what it takes as dropped. Answers what it did not take. */
  async take(part: B, why: PipelineError, flow: Flow, whole: object): Promise<Leftovers<B, B>> {
    const attempt = new AttemptFlow(flow);
    try {
      await this.stage.consume(wantingParts(keptAs(withReason(part.fork() as B, why), whole)), attempt);
      attempt.settle();
      this.count(part.count - attempt.refused, why, flow);
      return { left: [], failure: undefined, refused: [] };
    } catch (caught) {
      const error = seenBy(whole, caught);
      attempt.fail(error);
      const outcome = leftovers(part, error);
      const items = countOf(outcome.left) + countOf(outcome.refused);
      if (error instanceof UndeliveredPartsError) this.count(part.count - items - attempt.refused, why, flow);
      const lost = countOf(outcome.refused);
      if (lost > 0) {
        const { code } = error;
        this.host.logger.error({ code, items: lost }, 'the dead letter did not take what was refused');
      }
      return outcome;
    }
  }

  private count(items: number, why: PipelineError, flow: Flow): void {
    if (items > 0) flow.drop(items, `dead letter: ${why.code}`);
  }
}

function leftovers<B extends AnyBatch>(part: B, error: PipelineError): Leftovers<B, B> {
  const failure = error.retryable ? error : undefined;
  if (!(error instanceof UndeliveredPartsError))
    return failure === undefined ? { left: [], failure, refused: [part] } : { left: [part], failure, refused: [] };
  const refused = (error.refused as readonly RefusedPart<B>[]).map(({ batch }) => batch);
  return { left: error.undelivered as readonly B[], failure, refused };
}

function withReason<B extends AnyBatch>(part: B, why: PipelineError): B {
  for (const { resource } of holdersOf(part)) resource.attributes.set(reasonAttribute, why.message);
  return part;
}

/** A batch as it was before it was on its way to the dead letter. */
export function withoutReason<B extends AnyBatch>(part: B): B {
  const plain = part.fork() as B;
  for (const { resource } of holdersOf(plain)) resource.attributes.delete(reasonAttribute);
  return plain;
}

function holdersOf(batch: AnyBatch) {
  if (batch.signal === 'logs') return batch.resourceLogs;
  return batch.signal === 'metrics' ? batch.resourceMetrics : batch.resourceSpans;
}
