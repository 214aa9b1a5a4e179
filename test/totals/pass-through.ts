import { PipelineError, type Processor, type Stateful, stage } from '@otelier/core';
import { MetricsBatch } from '@otelier/otlp';
import {
  type Delivery,
  type FakeClock,
  type Fleet,
  fakeClock,
  type MemoryStore,
  memoryExporter,
  memoryReceiver,
  memoryStore,
  type TestPipeline,
  testPipeline,
} from '@otelier/testing';

/** An end of the collector, after which another goes on from its store. */
export interface End {
  /** When: the share of the deliveries that have been sent by then, in thousandths. */
  readonly at: number;
  /** `stop` drains it; `crash` is what `kill -9` does. */
  readonly how: 'stop' | 'crash';
  /** How many turns of the event loop after the sending of those that are under way. */
  readonly turns: number;
}

/** What happens to the pipeline while it works. */
export interface Trouble {
  /** How many requests come side by side. */
  readonly atOnce: number;
  readonly ends: readonly End[];
  /** A stage of somebody else among the stateful ones, so that what they did to a batch has to be undone. */
  readonly neighbour: Neighbour;
}

/** A stage that fails. */
export interface Neighbour {
  /** Behind how many of the processors it stands. */
  readonly behind: number;
  /** At which batches it fails: the share of the deliveries that have reached it by then, in thousandths. */
  readonly at: readonly number[];
  /** `later`: some turns of the event loop after it got the batch; `done`: when the batch has been passed on and delivered. */
  readonly how: 'now' | 'later' | 'done';
}

type Processors = () => readonly Processor<'metrics'>[];

/** Sends every delivery through `processors` and gives back what an exporter got; the senders repeat what was refused or not answered until it is taken. */
export async function passThrough(
  processors: Processors,
  fleet: Fleet,
  deliveries: readonly Delivery[],
  { atOnce, ends, neighbour }: Trouble,
): Promise<readonly MetricsBatch[]> {
  // The real store on a disk is what the fault test kills; here thousands of ends have to be quick.
  const fails = failing(neighbour, deliveries.length);
  const withNeighbour: Processors = () => processors().toSpliced(neighbour.behind, 0, fails);
  const collector = new Mortal(withNeighbour, fleet.startAt, ends.length > 0 ? memoryStore() : undefined);
  const left = ends.map(({ at, ...end }) => ({ ...end, before: Math.floor((at * deliveries.length) / 1000) }));
  left.sort((a, b) => a.before - b.before);
  for (let i = 0; i < deliveries.length; i += atOnce) {
    const together = deliveries.slice(i, i + atOnce);
    await collector.reach(Math.max(...together.map(({ request }) => request.at)));
    const sending = Promise.all(together.map((delivery) => collector.send(delivery)));
    while (left.length > 0 && left[0]!.before < i + atOnce) {
      const { how, turns } = left.shift()!;
      await someTurns(turns);
      await collector.end(how);
    }
    await collector.passTime(sending);
  }
  return collector.leave();
}

const stateless: Stateful = { restore() {}, save() {}, undo() {}, snapshot() {} };

/** One for all collectors after each other, so that each of its failures happens once. */
function failing({ at, how }: Neighbour, deliveries: number): Processor<'metrics'> {
  const left = new Set(at.map((share) => Math.floor((share * deliveries) / 1000)));
  let batches = 0;
  return stage(
    'neighbour',
    {
      metrics: (next) => ({
        state: stateless,
        async consume(batch, flow) {
          const fails = left.delete(batches++);
          if (fails && how === 'later') await someTurns(2);
          if (!fails || how === 'done') await next(batch, flow);
          if (fails) throw new PipelineError('unavailable', 'the neighbour was told to fail');
        },
      }),
    },
    { stateful: true },
  );
}

/** A collector between its start and its end. */
interface Life {
  readonly run: TestPipeline;
  readonly clock: FakeClock;
  /** Resolves when it has ended. */
  readonly over: Promise<'over'>;
  readonly end: () => void;
}

/** A collector that ends and begins again on what its predecessor has committed. */
class Mortal {
  private readonly out: MetricsBatch[] = [];
  private readonly processors: Processors;
  private store: MemoryStore | undefined;
  private life: Promise<Life>;

  constructor(processors: Processors, startAt: number, store: MemoryStore | undefined) {
    this.processors = processors;
    this.store = store;
    this.life = this.begin(startAt);
  }

  /** Moves the clock to a time, unless it is past that. */
  async reach(time: number): Promise<void> {
    const { clock } = await this.life;
    if (time > clock.now()) await clock.advance(time - clock.now());
  }

  /** Ends the collector and begins the next. */
  async end(how: End['how']): Promise<void> {
    const life = await this.life;
    this.life = this.finish(life, how).then(() => this.begin(life.clock.now()));
    await this.life;
  }

  /** Waits for what is delivered late, stops, and gives back all that came out. */
  async leave(): Promise<readonly MetricsBatch[]> {
    const life = await this.life;
    await life.clock.advance(300_000);
    await this.finish(life, 'stop');
    // Refusals that no batch has used up meet what goes out last: it stays in the store, for the next one.
    if (this.store !== undefined) await this.finish(await this.begin(life.clock.now()), 'stop');
    return this.out;
  }

  /** Resolves when the request was taken, or will come again. */
  async send({ request, outcome }: Delivery): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const { run, clock, over } = await this.life;
      if (outcome === 'refused') run.exporter.refuse(1);
      try {
        const answer = await Promise.race([run.send(MetricsBatch.parse(Buffer.from(request.bytes))), over]);
        if (answer !== 'over' || outcome === 'refused') return;
      } catch (error) {
        if (!(error as PipelineError).retryable || attempt === 500) throw error;
        if (outcome === 'refused') return;
      }
      await Promise.race([new Promise<void>((resolve) => clock.after(1_000, resolve)), over]);
    }
  }

  /** Lets time pass, as far as anybody waits for that, until `work` is done. */
  async passTime(work: Promise<unknown>): Promise<void> {
    let done = false;
    const settled = work.finally(() => {
      done = true;
    });
    settled.catch(() => {});
    for (let turn = 0; !done; turn++) {
      if (turn < 4) await someTurns(1);
      else await (await this.life).clock.advance(1_000);
    }
    await settled;
  }

  private async begin(now: number): Promise<Life> {
    // A clock of its own: for a collector that is dead no time passes.
    const clock = fakeClock(now);
    const { store } = this;
    let end = (): void => {};
    const over = new Promise<'over'>((resolve) => {
      end = () => resolve('over');
    });
    const usage = { receivers: [memoryReceiver()], processors: this.processors(), exporters: [memoryExporter()] };
    const run = await testPipeline({ metrics: { usage } }, { clock, ...(store === undefined ? {} : { store }) });
    return { run, clock, over, end };
  }

  private async finish({ run, end }: Life, how: End['how']): Promise<void> {
    if (how === 'stop') await run.end();
    else this.store = this.store!.crash();
    // What a dead collector's backend is sent after this does not count.
    this.out.push(...run.received.metrics);
    end();
  }
}

async function someTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
