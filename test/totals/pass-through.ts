import type { PipelineError, Processor } from '@otelier/core';
import { MetricsBatch } from '@otelier/otlp';
import {
  type Delivery,
  type Fleet,
  fakeClock,
  memoryExporter,
  memoryReceiver,
  memoryStore,
  type TestPipeline,
  testPipeline,
} from '@otelier/testing';

/** What happens to the pipeline while it works. */
export interface Trouble {
  /** How many requests come side by side. */
  readonly atOnce: number;
  /** How often the collector is stopped and another goes on from the disk, spread over the day. */
  readonly restarts: number;
}

/** Sends every delivery through `processors` and gives back what an exporter got; the senders repeat what was refused until it is taken. */
export async function passThrough(
  processors: () => readonly Processor<'metrics'>[],
  fleet: Fleet,
  deliveries: readonly Delivery[],
  { atOnce, restarts }: Trouble,
): Promise<readonly MetricsBatch[]> {
  const clock = fakeClock(fleet.startAt);
  // The real store on a disk is what the fault test kills; here thousands of restarts have to be quick.
  const store = restarts > 0 ? memoryStore() : undefined;
  const out: MetricsBatch[] = [];
  const begin = (): Promise<TestPipeline> => {
    const usage = { receivers: [memoryReceiver()], processors: processors(), exporters: [memoryExporter()] };
    return testPipeline({ metrics: { usage } }, { clock, ...(store === undefined ? {} : { store }) });
  };
  let run = await begin();
  const end = async (): Promise<void> => {
    await run.end();
    out.push(...run.received.metrics);
  };
  const send = async ({ request, outcome }: Delivery): Promise<void> => {
    if (outcome === 'refused') run.exporter.refuse(1);
    for (let attempt = 1; ; attempt++) {
      try {
        await run.send(MetricsBatch.parse(Buffer.from(request.bytes)));
        return;
      } catch (error) {
        if (!(error as PipelineError).retryable || attempt === 500) throw error;
        if (outcome === 'refused') return;
        await clock.advance(1_000);
      }
    }
  };
  const every = Math.ceil(deliveries.length / (restarts + 1));
  for (let i = 0; i < deliveries.length; i += atOnce) {
    if (i > 0 && i % every < atOnce) {
      await end();
      run = await begin();
    }
    const together = deliveries.slice(i, i + atOnce);
    const at = Math.max(...together.map(({ request }) => request.at));
    if (at > clock.now()) await clock.advance(at - clock.now());
    await Promise.all(together.map(send));
  }
  // What was refused last is delivered when its time has come.
  await clock.advance(300_000);
  await end();
  return out;
}
