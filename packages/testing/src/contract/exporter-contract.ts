import { type AnyBatch, createCollector, type Exporter, PipelineError, type Signal } from '@otelier/core';
import { claudeCode } from '../claude-code/claude-code.js';
import { memoryReceiver } from '../memory/memory-receiver.js';
import { assertConservation } from './conservation.js';
import { broken, isOpen } from './failure.js';

/** An exporter together with the backend that it sends to, as a test stands it up. */
export interface ExporterUnderTest {
  readonly exporter: Exporter<never>;
  /** What the backend does with the requests that come from now on: takes them, keeps them waiting, refuses for now or for good. */
  answer(how: 'take' | 'wait' | 'unavailable' | 'reject'): void;
  /** Items that the backend has taken so far. */
  taken(): number;
  close?(): Promise<void>;
}

/**
 * Checks what every exporter promises: a delivery ends well only after the backend has taken the batch; what the backend refuses
 * is told as an error, retryable if it may pass; when the sender gives up, so does the exporter; every item is accounted for.
 *
 * @throws {Error} that names the rule.
 */
export async function exporterContract(make: () => ExporterUnderTest | Promise<ExporterUnderTest>): Promise<void> {
  for (const check of [endsAfterTheBackend, tellsRefusals, givesUpWithTheSender]) {
    const subject = await make();
    const { exporter } = subject;
    const signal: Signal = 'logs' in exporter ? 'logs' : 'metrics' in exporter ? 'metrics' : 'traces';
    if (signal === 'traces') throw new TypeError('exporterContract: expected an exporter for logs or metrics');
    const receiver = memoryReceiver();
    const pipeline = { check: { receivers: [receiver], exporters: [exporter as unknown as Exporter<Signal>] } };
    const collector = createCollector({ [signal]: pipeline, telemetry: { logLevel: 'silent' } });
    await collector.start();
    try {
      const batch = (): AnyBatch => (signal === 'logs' ? claudeCode.userPrompt() : claudeCode.sessionCount());
      await check(exporter.name, subject, (abort) =>
        receiver.send(batch(), abort === undefined ? {} : { signal: abort }),
      );
    } finally {
      await collector.shutdown({ deadline: '1s' });
      await subject.close?.();
    }
    assertConservation(collector.accounts());
  }
}

type Send = (signal?: AbortSignal) => Promise<unknown>;

async function endsAfterTheBackend(who: string, subject: ExporterUnderTest, send: Send): Promise<void> {
  subject.answer('wait');
  const sent = send();
  if (!(await isOpen(sent))) throw broken(who, 'a delivery ends when the backend has answered', 'it ended before');
  subject.answer('take');
  await sent;
  if (subject.taken() !== 1)
    throw broken(who, 'what is told as delivered was taken', `the backend took ${subject.taken()} of 1 items`);
}

async function tellsRefusals(who: string, subject: ExporterUnderTest, send: Send): Promise<void> {
  for (const [how, retryable] of [
    ['unavailable', true],
    ['reject', false],
  ] as const) {
    subject.answer(how);
    const told = await send().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(told instanceof PipelineError))
      throw broken(who, 'a refusal is told as a PipelineError', `got ${String(told)} for '${how}'`);
    if (told.retryable !== retryable) {
      throw broken(who, `'${how}' is ${retryable ? '' : 'not '}retryable`, `the error was ${told.code}`);
    }
  }
}

async function givesUpWithTheSender(who: string, subject: ExporterUnderTest, send: Send): Promise<void> {
  subject.answer('wait');
  const sender = new AbortController();
  const sent = send(sender.signal).then(
    () => undefined,
    (error: unknown) => PipelineError.from(error),
  );
  await isOpen(sent);
  sender.abort();
  const told = await sent;
  if (told === undefined) throw broken(who, 'it gives up when the sender does', 'the delivery ended well');
}
