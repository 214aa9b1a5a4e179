import { type AnyBatch, type Flow, type Host, PipelineError, type Stage } from '@otelier/core';
import { AttemptFlow } from '../attempt-flow.js';
import { seenBy } from '../kept-for.js';
import { isKeptByCaller, markedAs, wantingParts } from '../marks.js';
import { endDelivery, type RefusedPart, UndeliveredPartsError, withoutCode } from '../parts.js';
import { type Backoff, pauseMs } from './backoff.js';
import { type DeadLetter, withoutReason } from './dead-letter.js';
import type { Sleepers } from './sleepers.js';

/** How long and how often. */
export interface RetryPolicy extends Backoff {
  readonly maxElapsedMs: number;
  readonly maxBisections: number;
}

/** What a delivery works with; the same for all batches of a stage. */
export interface RetryTools<B extends AnyBatch> {
  readonly inner: Stage<B>;
  readonly deadLetter: DeadLetter<B> | undefined;
  readonly host: Host;
  readonly policy: RetryPolicy;
  readonly sleepers: Sleepers;
}

/** A part of the batch that has no outcome yet. */
interface Part<B> {
  readonly batch: B;
  /** Why the backend refused it for good; it still has to go to the dead letter. */
  readonly refusedBy?: PipelineError;
}

/** One batch on its way to its outcome, in as many parts and attempts as that takes. Parts keep their order. */
export class Delivery<B extends AnyBatch> {
  declare private readonly tools: RetryTools<B>;
  declare private readonly flow: Flow;
  declare private readonly whole: B;
  declare private readonly beganAt: number;
  /** In order; the first is the next to be tried. */
  declare private readonly todo: Part<B>[];
  /** Parts that nobody takes, not told to anybody yet: when there is nothing else, they are the batch's own failure. */
  declare private readonly refused: RefusedPart<B>[];
  declare private attempts: number;
  /** Failures in a row that may pass. */
  declare private failures: number;
  declare private bisections: number;

  constructor(batch: B, flow: Flow, tools: RetryTools<B>) {
    this.tools = tools;
    this.flow = flow;
    this.whole = batch;
    this.beganAt = tools.host.clock.now();
    this.todo = [{ batch }];
    this.refused = [];
    this.attempts = 0;
    this.failures = 0;
    this.bisections = 0;
  }

  /** @throws {PipelineError} when the time is up, or when the whole batch was refused for good. */
  async run(): Promise<void> {
    for (let part = this.todo[0]; part !== undefined; part = this.todo[0]) {
      const error = await this.next(part);
      if (error === undefined) this.failures = 0;
      else if (error.retryable) await this.pause(error);
      if (this.todo.length > 0 && this.flow.signal.aborted) this.giveUp(error ?? senderLeft());
    }
    endDelivery(this.whole, this.flow, { left: [], failure: undefined, refused: this.refused });
  }

  /** Gives the first part its outcome, or replaces it by what is left of it. */
  private async next({ batch, refusedBy }: Part<B>): Promise<PipelineError | undefined> {
    try {
      if (refusedBy === undefined) await this.send(batch);
      else await this.putAway(batch, refusedBy);
      this.todo.shift();
      return undefined;
    } catch (caught) {
      const error = seenBy(this.whole, caught);
      this.todo.splice(0, 1, ...this.after(error, batch, refusedBy));
      return error;
    }
  }

  private async send(batch: B): Promise<void> {
    const attempt = new AttemptFlow(this.flow);
    this.attempts++;
    try {
      await this.tools.inner.consume(wantingParts(markedAs(batch.fork() as B, this.whole)), attempt);
      attempt.settle();
    } catch (error) {
      attempt.fail(error);
      throw error;
    }
  }

  private async putAway(batch: B, why: PipelineError): Promise<void> {
    // Whoever has a part to put away has a dead letter.
    const outcome = await this.tools.deadLetter!.take(batch, why, this.flow, this.whole);
    for (const part of outcome.refused) this.refused.push({ batch: part, error: why });
    if (outcome.failure !== undefined) throw new UndeliveredPartsError(outcome.failure, outcome.left);
  }

  /** What stays to be done of a part after an error: all of it, or the parts that the error names. */
  private after(error: PipelineError, batch: B, refusedBy: PipelineError | undefined): Part<B>[] {
    const todo = (left: B): Part<B> => (refusedBy === undefined ? { batch: left } : { batch: left, refusedBy });
    if (!(error instanceof UndeliveredPartsError))
      return error.retryable ? [todo(batch)] : this.afterRefusal(batch, error);
    const refused = (error.refused as readonly RefusedPart<B>[]).flatMap((part) =>
      this.afterRefusal(part.batch, part.error),
    );
    return [...refused, ...(error.undelivered as readonly B[]).map(todo)];
  }

  /** A part was refused for good: its halves are tried if that may save something, else it is put away or given up. */
  private afterRefusal(batch: B, error: PipelineError): Part<B>[] {
    if (batch.count > 1 && this.mayHelp(error)) {
      const halves = batch.fork().split({ maxCount: Math.ceil(batch.count / 2) }) as B[];
      if (halves.length > 1) return halves.map((half) => ({ batch: half }));
    }
    if (this.tools.deadLetter !== undefined) return [{ batch, refusedBy: error }];
    this.refused.push({ batch, error });
    return [];
  }

  /** A batch may be too large as a whole; any other fault of the data is looked for only if there is a place to put what is found. */
  private mayHelp({ code }: PipelineError): boolean {
    if (code === 'too-large') return true;
    if (this.tools.deadLetter === undefined || (code !== 'rejected' && code !== 'internal')) return false;
    return this.bisections++ < this.tools.policy.maxBisections;
  }

  private async pause(error: PipelineError): Promise<void> {
    if (isKeptByCaller(this.whole)) this.giveUp(error);
    const { policy, host, sleepers } = this.tools;
    const ms = pauseMs(policy, ++this.failures, error.retryAfterMs, Math.random());
    const over = this.elapsedMs() + ms > policy.maxElapsedMs;
    if (over || !(await sleepers.sleep(ms, error.retryAfterMs ?? 0, this.flow.signal))) this.giveUp(error);
    host.note(this.todo[0]?.batch.count ?? 0, 'tried again');
  }

  private elapsedMs(): number {
    return this.tools.host.clock.now() - this.beganAt;
  }

  private giveUp(error: PipelineError): never {
    if (isKeptByCaller(this.whole) && error.retryable) this.leave(error);
    const { attempts } = this;
    const message = `gave up after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} in ${this.elapsedMs()} ms: ${withoutCode(error)}`;
    const { retryAfterMs } = error;
    const options = { cause: error, ...(retryAfterMs !== undefined && { retryAfterMs }) };
    this.leave(new PipelineError(error.retryable ? error.code : 'deadline', message, options));
  }

  private leave(failure: PipelineError): never {
    endDelivery(this.whole, this.flow, { left: this.todo.map(leftOf), failure, refused: this.refused });
    throw failure;
  }
}

/** What came, without what is written on it for the dead letter. */
function leftOf<B extends AnyBatch>({ batch, refusedBy }: Part<B>): B {
  return refusedBy === undefined ? batch : withoutReason(batch);
}

function senderLeft(): PipelineError {
  return new PipelineError('deadline', 'the sender gave up before all parts were sent');
}
