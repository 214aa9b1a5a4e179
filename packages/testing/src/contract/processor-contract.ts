import { type AnyBatch, PipelineError, type Processor, signals } from '@otelier/core';
import { claudeCode } from '../claude-code/claude-code.js';
import { testPipeline } from '../test-pipeline/test-pipeline.js';
import { broken, isOpen } from './failure.js';

/** What {@link processorContract} may be told. */
export interface ProcessorContractOptions {
  /** Batches to send instead of Claude Code's, one at least per signal that the processor handles. Made anew for every check. */
  readonly batches?: () => readonly AnyBatch[];
  /** How long, in milliseconds, the processor may hold what it got; on a fake clock, or real for one that uses timers of its own. Default 5000. */
  readonly mayHoldMs?: number;
}

/**
 * Checks what every processor promises, on the real engine with memory ends: every item is accounted for; a sender is told yes
 * only after what is left of its batch was delivered; a failure behind the processor reaches the sender; what is held is given up on
 * shutdown.
 *
 * @throws {Error} that names the rule and the signal.
 */
export async function processorContract(
  make: () => Processor<never>,
  options: ProcessorContractOptions = {},
): Promise<void> {
  const { batches = defaultBatches, mayHoldMs = 5000 } = options;
  const { name } = make();
  const handled = signals.filter((signal) => signal in make());
  for (const signal of handled) {
    const samples = (): AnyBatch[] => batches().filter((batch) => batch.signal === signal);
    if (samples().length === 0) {
      if (options.batches !== undefined)
        throw new TypeError(`processorContract: expected batches of ${signal}, got none`);
      continue;
    }
    const who = `${name} (${signal})`;
    await deliversBeforeYes(who, make, samples, mayHoldMs);
    await tellsFailures(who, make, samples, mayHoldMs);
    await givesUpOnShutdown(who, make, samples);
  }
}

type Make = () => Processor<never>;
type Samples = () => AnyBatch[];

async function deliversBeforeYes(who: string, make: Make, samples: Samples, mayHoldMs: number): Promise<void> {
  await using run = await testPipeline([make()]);
  for (const batch of samples()) {
    const attempts = run.exporter.attempts;
    const release = run.exporter.hold();
    const sent = run.send(batch);
    sent.catch(() => {});
    const reachedExporter = (): boolean => run.exporter.attempts > attempts;
    await run.clock.advance(mayHoldMs);
    await until(async () => reachedExporter() || !(await isOpen(sent)), mayHoldMs);
    if (reachedExporter() && !(await isOpen(sent))) {
      throw broken(
        who,
        'the sender is told yes only after delivery',
        'it was told while the exporter had not answered',
      );
    }
    release();
    await until(async () => !(await isOpen(sent)), mayHoldMs);
    if (await isOpen(sent)) throw broken(who, `a batch is settled within ${mayHoldMs} ms`, 'its sender still waits');
    await sent;
  }
  await run.end();
}

async function tellsFailures(who: string, make: Make, samples: Samples, mayHoldMs: number): Promise<void> {
  for (const code of ['unavailable', 'rejected'] as const) {
    await using run = await testPipeline([make()]);
    for (const batch of samples()) {
      const attempts = run.exporter.attempts;
      run.exporter.refuse(1_000, new PipelineError(code, 'refused by the contract check'));
      const sent = run.send(batch).then(
        () => undefined,
        (error: unknown) => PipelineError.from(error).code,
      );
      await run.clock.advance(mayHoldMs);
      const told = await sent;
      if (run.exporter.attempts > attempts && told !== code) {
        throw broken(
          who,
          'a failure behind it reaches the sender',
          `the exporter said ${code}, the sender heard ${told ?? 'yes'}`,
        );
      }
    }
  }
}

async function givesUpOnShutdown(who: string, make: Make, samples: Samples): Promise<void> {
  const run = await testPipeline([make()]);
  const sent = samples().map((batch) => run.send(batch));
  for (const each of sent) each.catch(() => {});
  await isOpen(Promise.resolve());
  await run.end();
  for (const each of sent) {
    if (await isOpen(each)) throw broken(who, 'a shutdown settles what is held', 'a sender still waits');
  }
  const account = Object.values(run.accounts()).find(({ kind }) => kind === 'processor');
  if (account !== undefined && account.held > 0)
    throw broken(who, 'nothing is held after a shutdown', `${account.held} items are`);
}

/** Waits in real time, for what a fake clock does not move. */
async function until(done: () => Promise<boolean>, ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (!(await done()) && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 2));
}

function defaultBatches(): AnyBatch[] {
  const logs = claudeCode.logs([
    { event: 'user_prompt', prompt: 'hello' },
    { event: 'api_request', inputTokens: 100 },
    { event: 'tool_result', parameters: { bash_command: 'ls' }, error: 'no' },
  ]);
  const metrics = (sessionId: string) =>
    claudeCode.metrics([{ metric: 'token.usage', input: 100, output: 10 }, { metric: 'cost.usage' }], { sessionId });
  return [logs, metrics('s-1'), metrics('s-2'), claudeCode.userPrompt()];
}
