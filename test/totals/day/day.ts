import { createCollector, type Exporter, exporter, type Processor } from '@otelier/core';
import { MetricsBatch } from '@otelier/otlp';
import { cumulativeToDelta, deltaToCumulative, dropAttributes, transform } from '@otelier/processors';
import { type Fleet, fakeClock, memoryReceiver, SeriesBook, simulateFleet } from '@otelier/testing';

/** What the documentation drops: the attributes that make a series per session. */
export const dropped: readonly string[] = ['session.id', 'user.account_uuid'];

/** A way from Claude Code to a dashboard. */
export interface Variant {
  readonly name: string;
  readonly temporality: 'delta' | 'cumulative';
  readonly processors: () => readonly Processor<'metrics'>[];
  /** Whether its dashboard shows the truth. */
  readonly exact: boolean;
}

/** The ways that people take, and ours. */
export const variants: readonly Variant[] = [
  { name: 'delta, stored as it is sent', temporality: 'delta', processors: () => [], exact: false },
  { name: 'cumulative, a series per session', temporality: 'cumulative', processors: () => [], exact: false },
  {
    name: 'cumulative, session.id deleted',
    temporality: 'cumulative',
    processors: () => [
      transform({
        dataPoint: (point) => {
          for (const name of dropped) point.attributes.delete(name);
        },
      }),
    ],
    exact: false,
  },
  {
    name: 'delta, dropAttributes, deltaToCumulative',
    temporality: 'delta',
    processors: () => [dropAttributes(dropped), deltaToCumulative()],
    exact: true,
  },
  {
    name: 'cumulative, through all three',
    temporality: 'cumulative',
    processors: () => [cumulativeToDelta(), dropAttributes(dropped), deltaToCumulative()],
    exact: true,
  },
];

/** A day of a fleet that exports every minute, as Claude Code does unless told otherwise. */
export function simulateDay(
  users: number,
  sessions: number,
  temporality: 'delta' | 'cumulative',
  seed: number,
  startAt: number,
): Fleet {
  return simulateFleet({ users, sessions, temporality, seed, startAt, exportInterval: [60_000, 60_000] });
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** Sends a day through processors in order of time, to real or made exporters. */
export async function throughPipeline(
  fleet: Fleet,
  processors: readonly Processor<'metrics'>[],
  exporters: readonly Exporter<'metrics'>[],
  progress: (done: number, of: number) => void = () => {},
): Promise<void> {
  const clock = fakeClock(fleet.startAt);
  const receiver = memoryReceiver();
  const usage = { receivers: [receiver], processors, exporters };
  const collector = createCollector({ metrics: { usage } }, { clock, logger: quiet });
  await collector.start();
  for (const { at, bytes, index } of fleet.requests) {
    if (at > clock.now()) await clock.advance(at - clock.now());
    // Processors edit what they own; the fleet's bytes are needed again.
    await receiver.send(MetricsBatch.parse(Buffer.from(bytes)));
    if (index % 200 === 0) progress(index, fleet.requests.length);
  }
  progress(fleet.requests.length, fleet.requests.length);
  await collector.shutdown();
}

/** What a backend has after a day on one of the ways. */
export async function seriesOf(
  fleet: Fleet,
  { processors }: Variant,
  progress?: (done: number, of: number) => void,
): Promise<SeriesBook> {
  const book = new SeriesBook();
  const backend = exporter('backend', { metrics: async (batch) => book.add(batch) });
  await throughPipeline(fleet, processors(), [backend], progress);
  return book;
}
