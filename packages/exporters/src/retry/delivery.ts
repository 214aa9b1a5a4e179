import { type AnyBatch, type Flow, type Host, PipelineError, type Stage } from '@otelier/core';
import { AttemptFlow } from '../attempt-flow.js';
import { countOf, UndeliveredPartsError, withoutCode } from '../parts.js';
import { type Backoff, pauseMs } from './backoff.js';
import type { DeadLetter } from './dead-letter.js';
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
  /** Parts that nobody takes, not told to the flow yet: when there is nothing else, they are the batch's own failure. */
  declare private readonly refusals: { readonly count: number; readonly error: PipelineError }[];
  /** Whether anything of the batch has been delivered or put away, so that the batch as a whole must not be sent again. */
  declare private settled: boolean;
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
    this.refusals = [];
    this.settled = false;
    this.attempts = 0;
    this.failures = 0;
    this.bisections = 0;
  }

  /** @throws {PipelineError} when the time is up, or when the whole batch was refused for good. */
  async run(): Promise<void> {
    for (let part = this.todo[0]; part !== undefined; part = this.todo[0]) {
      const error =
        part.refusedBy === undefined ? await this.send(part.batch) : await this.putAway(part.batch, part.refusedBy);
      if (error === undefined) {
        this.todo.shift();
        this.failures = 0;
      } else if (error.retryable) await this.pause(error);
      else this.split(part.batch, error);
      if (this.todo.length > 0 && this.flow.signal.aborted) throw this.gaveUp(error ?? senderLeft());
    }
    const [first] = this.refusals;
    if (first !== undefined && !this.settled) throw first.error;
    this.tellRefusals();
  }

  private async send(batch: B): Promise<PipelineError | undefined> {
    const attempt = new AttemptFlow(this.flow);
    this.attempts++;
    try {
      await this.tools.inner.consume(batch.fork() as B, attempt);
      attempt.settle();
      this.settled = true;
      return undefined;
    } catch (caught) {
      const error = PipelineError.from(caught);
      attempt.fail(error);
      this.keepUndelivered(error, undefined);
      return error;
    }
  }

  private async putAway(batch: B, why: PipelineError): Promise<PipelineError | undefined> {
    try {
      const left = (await this.tools.deadLetter?.take(batch, why, this.flow)) ?? batch.count;
      if (left > 0) this.refusals.push({ count: left, error: why });
      if (left < batch.count) this.settled = true;
      return undefined;
    } catch (caught) {
      const error = PipelineError.from(caught);
      this.keepUndelivered(error, why);
      return error;
    }
  }

  /** Of a part that was delivered in part, only the rest stays. */
  private keepUndelivered(error: PipelineError, refusedBy: PipelineError | undefined): void {
    if (!(error instanceof UndeliveredPartsError)) return;
    const left = error.undelivered as readonly B[];
    this.settled = true;
    this.todo.splice(0, 1, ...left.map((batch) => (refusedBy === undefined ? { batch } : { batch, refusedBy })));
  }

  /** The part at the front was refused for good: its halves are tried if that may save something, else it is given up. */
  private split(batch: B, error: PipelineError): void {
    if (batch.count > 1 && this.mayHelp(error)) {
      const halves = batch.fork().split({ maxCount: Math.ceil(batch.count / 2) }) as B[];
      if (halves.length > 1) {
        this.todo.splice(0, 1, ...halves.map((half) => ({ batch: half })));
        return;
      }
    }
    this.todo.shift();
    if (this.tools.deadLetter === undefined) this.refusals.push({ count: batch.count, error });
    else this.todo.unshift({ batch, refusedBy: error });
  }

  /** A batch may be too large as a whole; any other fault of the data is looked for only if there is a place to put what is found. */
  private mayHelp({ code }: PipelineError): boolean {
    if (code === 'too-large') return true;
    if (this.tools.deadLetter === undefined || (code !== 'rejected' && code !== 'internal')) return false;
    return this.bisections++ < this.tools.policy.maxBisections;
  }

  private async pause(error: PipelineError): Promise<void> {
    const { policy, host, sleepers } = this.tools;
    const ms = pauseMs(policy, ++this.failures, error.retryAfterMs, Math.random());
    const over = this.elapsedMs() + ms > policy.maxElapsedMs;
    if (over || !(await sleepers.sleep(ms, error.retryAfterMs ?? 0, this.flow.signal))) throw this.gaveUp(error);
    host.note(this.todo[0]?.batch.count ?? 0, 'tried again');
  }

  private elapsedMs(): number {
    return this.tools.host.clock.now() - this.beganAt;
  }

  private gaveUp(error: PipelineError): PipelineError {
    const { attempts, todo } = this;
    const message = `gave up after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} in ${this.elapsedMs()} ms: ${withoutCode(error)}`;
    const { retryAfterMs } = error;
    const options = { cause: error, ...(retryAfterMs !== undefined && { retryAfterMs }) };
    const plain = new PipelineError(error.retryable ? error.code : 'deadline', message, options);
    const left = todo.map(({ batch }) => batch);
    if (!this.settled && this.refusals.length === 0 && countOf(left) === this.whole.count) return plain;
    this.tellRefusals();
    return new UndeliveredPartsError(plain, left);
  }

  private tellRefusals(): void {
    for (const { count, error } of this.refusals) this.flow.refuse(count, error.code);
  }
}

function senderLeft(): PipelineError {
  return new PipelineError('deadline', 'the sender gave up before all parts were sent');
}
