import { createCollector, type Exporter, exporter, type Flow, PipelineError, type Signal } from '@otelier/core';
import type { LogsBatch } from '@otelier/otlp';
import { assertConservation, memoryReceiver } from '@otelier/testing';
import fc from 'fast-check';
import { UndeliveredPartsError } from '../src/parts.js';
import { fakeClock } from './clock.js';
import { bodies, logs, memoryLog } from './host.js';

/** What a backend does with one request, beside what it does with its data. */
export type Fault = 'none' | 'unavailable' | 'overloaded' | 'deadline' | 'partial' | 'wavering' | 'hang';

/** How a backend treats its requests. */
export interface BackendPlan {
  /** What goes wrong with the first requests, one after another; afterwards nothing does. */
  readonly faults?: readonly Fault[];
  /** Records, by number, that have a request refused for good. */
  readonly poison?: readonly number[];
  /** Records that a request may have at most. */
  readonly limit?: number;
}

/** A backend that keeps honest books: what it says is what it did. */
export interface Backend {
  readonly exporter: Exporter<'logs'>;
  /** Bodies of the records that it has stored, as often as it has. */
  readonly stored: string[];
  /** Bodies of the records that it left out of a request that it took. */
  readonly leftOut: string[];
  readonly requests: string[][];
  /** Called when a request hangs. */
  onHang: () => void;
}

/** Makes a {@link Backend}. */
export function backend(plan: BackendPlan = {}, name = 'backend'): Backend {
  const faults = [...(plan.faults ?? [])];
  const poison = new Set((plan.poison ?? []).map((number) => `record ${number}`));
  const consume = async (batch: LogsBatch, flow: Flow): Promise<void> => {
    const records = bodies(batch) as string[];
    made.requests.push(records);
    const fault = faults.shift() ?? 'none';
    // An answer takes its time: others may come in between.
    await Promise.resolve();
    if (fault === 'hang') await untilAborted(flow.signal, () => made.onHang());
    if (fault === 'unavailable' || fault === 'deadline') throw new PipelineError(fault, `${name} is down`);
    // A part is refused, and then the whole request fails: it will all come again.
    if (fault === 'wavering') flow.refuse(1, 'rejected by backend');
    if (fault === 'wavering') throw new PipelineError('unavailable', `${name} went down`);
    if (fault === 'overloaded') throw new PipelineError(fault, `${name} is busy`, { retryAfterMs: 2000 });
    if (records.length > (plan.limit ?? Number.POSITIVE_INFINITY))
      throw new PipelineError('too-large', `${name} says 413`);
    if (records.some((record) => poison.has(record))) throw new PipelineError('rejected', `${name} says 400`);
    const taken = fault === 'partial' ? records.filter((_, i) => i % 3 !== 0) : records;
    made.stored.push(...taken);
    if (taken.length === records.length) return;
    made.leftOut.push(...records.filter((record) => !taken.includes(record)));
    flow.refuse(records.length - taken.length, 'rejected by backend');
  };
  const made: Backend = {
    exporter: exporter(name, { logs: consume }),
    stored: [],
    leftOut: [],
    requests: [],
    onHang() {},
  };
  return made;
}

function untilAborted(signal: AbortSignal, onHang: () => void): Promise<never> {
  return new Promise((_, reject) => {
    const leave = () => reject(new PipelineError('deadline', 'the sender gave up'));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    onHang();
  });
}

/** Faults as they come. */
export function anyFaults(maxLength: number): fc.Arbitrary<Fault[]> {
  const kinds = ['none', 'unavailable', 'overloaded', 'deadline', 'partial', 'wavering'] as const;
  const most = { arbitrary: fc.constantFrom<Fault>(...kinds), weight: 20 };
  return fc.array(fc.oneof(most, { arbitrary: fc.constant<Fault>('hang'), weight: 1 }), { maxLength });
}

/** What became of a request, as its sender sees it. */
export interface Outcome {
  /** Items that the sender was told are refused, of a request that was taken. */
  readonly refused: number;
  readonly refusal: string;
  readonly error: PipelineError | undefined;
  /** Bodies of the records that the error leaves to be sent again, or to be given up. */
  readonly left: string[];
  readonly accounts: ReturnType<ReturnType<typeof createCollector>['accounts']>;
}

/**
 * Sends a batch, or so many records, as one request through an exporter in a collector whose clock runs as fast as it can, until it has an outcome. The sender
 * gives up when one of `backends` hangs. All accounts must balance.
 */
export async function sendThrough(
  subject: Exporter<Signal> | Exporter<'logs'>,
  records: number | LogsBatch,
  backends: readonly Backend[],
): Promise<Outcome> {
  const clock = fakeClock();
  const receiver = memoryReceiver();
  const sender = new AbortController();
  for (const each of backends) each.onHang = () => setImmediate(() => sender.abort());
  const { logger } = memoryLog();
  const collector = createCollector(
    { logs: { test: { receivers: [receiver], exporters: [subject as Exporter<Signal>] } } },
    { clock, logger },
  );
  await collector.start();
  const batch = typeof records === 'number' ? logs(records) : records;
  let over = false;
  let told = { refused: 0, refusal: '' };
  let error: PipelineError | undefined;
  const sent = receiver
    .send(batch.fork(), { signal: sender.signal })
    .then(
      (answer) => {
        told = answer;
      },
      (thrown: unknown) => {
        error = PipelineError.from(thrown);
      },
    )
    .finally(() => {
      over = true;
    });
  while (!over) await clock.advance(60_000);
  await sent;
  let closed = false;
  const closing = collector.shutdown().finally(() => {
    closed = true;
  });
  while (!closed) await clock.advance(60_000);
  await closing;
  const accounts = collector.accounts();
  assertConservation(accounts);
  const undelivered = error instanceof UndeliveredPartsError ? error.undelivered : [batch];
  const left = error === undefined ? [] : undelivered.flatMap((part) => bodies(part as LogsBatch) as string[]);
  return { ...told, error, left, accounts };
}
