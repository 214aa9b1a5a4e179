import { PipelineError, type Processor } from '@otelier/core';
import { buildMetrics, type MetricData, MetricsBatch } from '@otelier/otlp';
import { type FakeClock, fakeClock, type TestPipeline, testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { noon } from './fleet.js';

/** How requests come. */
export const ways = ['one at a time', 'side by side'] as const;

/** What becomes of a request: how often the exporter says no before it says yes, and after how many others the sender repeats it, if it does. */
export const fate = fc.record({
  refusals: fc.constantFrom(0, 0, 1, 3),
  code: fc.constantFrom('unavailable' as const, 'overloaded' as const),
  repeats: fc.boolean(),
  late: fc.nat(5),
  /** Whether the clock goes on behind it, so that the outbox tries by itself. */
  pause: fc.boolean(),
});
export type Fate = typeof fate extends fc.Arbitrary<infer F> ? F : never;

/** Senders of one pipeline of one processor, whose exporter refuses. */
export class Senders {
  private readonly run: TestPipeline;
  private readonly clock: FakeClock;
  private readonly how: (typeof ways)[number];
  private readonly again: { readonly bytes: Buffer; readonly due: number }[] = [];
  private waiting: Promise<void>[] = [];
  private open: (() => void) | undefined;
  private sent = 0;

  private constructor(run: TestPipeline, clock: FakeClock, how: (typeof ways)[number]) {
    this.run = run;
    this.clock = clock;
    this.how = how;
  }

  static async of(processor: Processor<'metrics'>, how: (typeof ways)[number]): Promise<Senders> {
    const clock = fakeClock(noon);
    return new Senders(await testPipeline([processor], { clock }), clock, how);
  }

  /** Sends one metric. */
  async send(metric: MetricData, { refusals, code, repeats, late, pause }: Fate): Promise<void> {
    const bytes = Buffer.from(buildMetrics([{ metrics: [metric] }]).bytes());
    const n = this.sent++;
    if (this.how === 'side by side') this.open ??= this.run.exporter.hold();
    if (refusals > 0) this.run.exporter.refuse(refusals, new PipelineError(code, 'no'));
    this.post(bytes, repeats ? n + late : undefined);
    for (const old of this.again.filter(({ due }) => due <= n)) {
      this.again.splice(this.again.indexOf(old), 1);
      this.post(old.bytes, n);
    }
    if (this.how === 'one at a time' || n % 3 === 0) await this.settled();
    if (pause) await this.clock.advance(10_000);
  }

  /** Everything that came out, once all is delivered. */
  async received(): Promise<readonly MetricsBatch[]> {
    await this.settled();
    while (this.again.length > 0) {
      this.post(this.again.shift()!.bytes, 0);
      await this.settled();
    }
    await this.clock.advance(300_000);
    await this.run.end();
    return this.run.received.metrics;
  }

  /** `due`: when to send it again if it is refused; never, when the outbox has to do. */
  private post(bytes: Buffer, due: number | undefined): void {
    const done = this.run.send(MetricsBatch.parse(Buffer.from(bytes))).then(
      () => {},
      (error: PipelineError) => {
        if (!error.retryable) throw error;
        if (due !== undefined) this.again.push({ bytes, due });
      },
    );
    this.waiting.push(done);
  }

  private async settled(): Promise<void> {
    this.open?.();
    this.open = undefined;
    const { waiting } = this;
    this.waiting = [];
    let done = false;
    const all = Promise.all(waiting).finally(() => {
      done = true;
    });
    all.catch(() => {});
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!done) await this.clock.advance(1_000);
    }
    await all;
  }
}
