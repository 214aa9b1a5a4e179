import { createCollector, PipelineError, type Receiver, type Signal, signals } from '@otelier/core';
import { memoryExporter } from '../memory/memory-exporter.js';
import { assertConservation } from './conservation.js';
import { broken, isOpen } from './failure.js';

/** A receiver together with a client of it, as a test stands them up. */
export interface ReceiverUnderTest {
  readonly receiver: Receiver<never>;
  /** Sends one request with one item to where the receiver listens, and tells what the answer meant. */
  send(endpoints: readonly string[]): Promise<'taken' | 'try again' | 'refused'>;
  close?(): Promise<void>;
}

/**
 * Checks what every receiver promises: a client is told yes only after delivery; what the pipeline refuses is told, and whether it may be
 * sent again; nothing that was told as taken is missing; a stopped receiver takes nothing.
 *
 * @throws {Error} that names the rule.
 */
export async function receiverContract(make: () => ReceiverUnderTest | Promise<ReceiverUnderTest>): Promise<void> {
  const subject = await make();
  const { receiver } = subject;
  const exporter = memoryExporter();
  const handled = signals.filter((signal) => signal in receiver.emits);
  const pipelines = handled.map((signal) => [
    signal,
    { check: { receivers: [receiver as unknown as Receiver<Signal>], exporters: [exporter] } },
  ]);
  const collector = createCollector({ ...Object.fromEntries(pipelines), telemetry: { logLevel: 'silent' } });
  await collector.start();
  const endpoints = Object.values(collector.endpoints()).flat();
  const who = receiver.name;
  const send = () => subject.send(endpoints);
  const expect = async (rule: string, wanted: string): Promise<void> => {
    const told = await send();
    if (told !== wanted) throw broken(who, rule, `the client was told '${told}'`);
  };
  try {
    const release = exporter.hold();
    const sent = send();
    sent.catch(() => {});
    await arrived(exporter);
    if (!(await isOpen(sent))) throw broken(who, 'a client is told yes only after delivery', 'it was told before');
    release();
    if ((await sent) !== 'taken') throw broken(who, 'a client is told of a delivery', `it was told '${await sent}'`);
    exporter.refuse(1, new PipelineError('unavailable', 'refused by the contract check'));
    await expect('an outage is told as one', 'try again');
    exporter.refuse(1, new PipelineError('rejected', 'refused by the contract check'));
    await expect('a refusal for good is told as one', 'refused');
    await expect('it goes on after a refusal', 'taken');
    const delivered = handled.reduce(
      (sum, signal) => sum + exporter.received[signal].reduce((n, batch) => n + batch.count, 0),
      0,
    );
    if (delivered !== 2) throw broken(who, 'what was told as taken arrived', `${delivered} of 2 items did`);
  } finally {
    await collector.shutdown({ deadline: '1s' });
    await subject.close?.();
  }
  assertConservation(collector.accounts());
  const late = await send().catch(() => 'no answer');
  if (late === 'taken') throw broken(who, 'a stopped receiver takes nothing', 'it took a request');
}

async function arrived(exporter: { readonly attempts: number }): Promise<void> {
  const before = performance.now();
  while (exporter.attempts === 0 && performance.now() - before < 5000)
    await new Promise((resolve) => setTimeout(resolve, 2));
}
