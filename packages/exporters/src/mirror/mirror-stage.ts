import { type AnyBatch, type Flow, type Host, PipelineError } from '@otelier/core';
import { AttemptFlow } from '../attempt-flow.js';
import { markedAs } from '../marks.js';
import { UndeliveredPartsError } from '../parts.js';
import type { RunningMember, SeveralStage } from '../several.js';

interface Copy<B> extends RunningMember<B> {
  /** Protobuf bytes on their way there. */
  bytes: number;
}

/** A batch on its way to a copy. */
interface Letter<B> {
  readonly copy: Copy<B>;
  readonly count: number;
  readonly size: number;
}

/** The running form of `mirror()`: the first member is the primary. */
export class MirrorStage<B extends AnyBatch> implements SeveralStage<B> {
  private readonly primary: RunningMember<B>;
  private readonly copies: readonly Copy<B>[];
  private readonly host: Host;
  private readonly maxBytes: number;
  private readonly closing: AbortController = new AbortController();
  private readonly underway: Set<Letter<B>> = new Set();
  private readonly idlers: (() => void)[] = [];

  constructor([primary, ...copies]: readonly RunningMember<B>[], host: Host, maxBytes: number) {
    // A mirror has a primary by its signature.
    this.primary = primary as RunningMember<B>;
    this.copies = copies.map(({ name, stage }) => ({ name, stage, bytes: 0 }));
    this.host = host;
    this.maxBytes = maxBytes;
  }

  readonly consume = async (batch: B, flow: Flow): Promise<void> => {
    const attempt = new AttemptFlow(flow);
    const { peer } = flow;
    try {
      await this.primary.stage.consume(markedAs(batch.fork() as B, batch), attempt);
    } catch (error) {
      attempt.fail(error);
      // Which records these were is not known, so that no copy can be made of them alone.
      const sent = error instanceof UndeliveredPartsError ? batch.count - error.count : 0;
      if (sent > 0) for (const copy of this.copies) this.note(copy, sent, 'delivered in part');
      throw error;
    }
    attempt.settle();
    for (const copy of this.copies) this.start(copy, batch, peer);
  };

  private start(copy: Copy<B>, batch: B, peer: Flow['peer']): void {
    const { size, count } = batch;
    if (count === 0) return;
    // One batch may go whatever its size; otherwise one over the limit could never be copied.
    if (this.closing.signal.aborted) this.note(copy, count, 'closed');
    else if (copy.bytes > 0 && copy.bytes + size > this.maxBytes) this.note(copy, count, 'too much under way');
    else void this.send({ copy, count, size }, batch.fork() as B, peer);
  }

  private async send(letter: Letter<B>, batch: B, peer: Flow['peer']): Promise<void> {
    const { copy, count, size } = letter;
    copy.bytes += size;
    this.underway.add(letter);
    // What a copy refuses is none of the sender's business.
    const flow = this.host.flow({ signal: this.closing.signal, peer });
    try {
      await copy.stage.consume(batch, flow);
      if (flow.refused > 0) this.note(copy, flow.refused, 'refused');
    } catch (caught) {
      const error = PipelineError.from(caught);
      const lost = error instanceof UndeliveredPartsError ? error.count + flow.refused : count;
      // What the close has cut off is counted there.
      if (this.underway.has(letter)) this.note(copy, lost, error.code);
    }
    copy.bytes -= size;
    this.underway.delete(letter);
    if (this.underway.size === 0) for (const idle of this.idlers.splice(0)) idle();
  }

  private note(copy: Copy<B>, count: number, reason: string): void {
    this.host.note(count, `not copied to ${copy.name}: ${reason}`);
  }

  /** Resolves when every copy that is under way has come to its end. */
  async flush(): Promise<void> {
    await Promise.all(this.copies.map(({ stage }) => stage.flush?.()));
    if (this.underway.size === 0) return;
    await new Promise<void>((resolve) => this.idlers.push(resolve));
    // A queue inside a copy may have got it only now.
    await Promise.all(this.copies.map(({ stage }) => stage.flush?.()));
  }

  /** Cuts off the copies that are under way. */
  async close(): Promise<void> {
    for (const { copy, count } of this.underway) this.note(copy, count, 'closed');
    this.underway.clear();
    this.closing.abort();
    for (const idle of this.idlers.splice(0)) idle();
  }
}
