import { describe, expect, test } from 'vitest';
import { deferred, eventNames, logs, logsCollector, memory, pushed, silent, turn } from '../fakes/ends.js';
import { createCollector, PipelineError, type PipelineErrorCode, processor } from '../index.js';

const failing = (code: PipelineErrorCode, retryAfterMs?: number) => async (): Promise<void> => {
  throw new PipelineError(code, 'backend', retryAfterMs === undefined ? {} : { retryAfterMs });
};

describe('several exporters', () => {
  test('are tried at once, and all are awaited', async () => {
    const [slow, fast] = [deferred(), memory(undefined, 'fast')];
    const collector = logsCollector([], [memory(() => slow.promise, 'slow').exporter, fast.exporter]);
    await collector.start();
    let answered = false;
    const sent = collector
      .input('logs')(logs(1), collector.flow())
      .then(() => {
        answered = true;
      });
    await turn();
    expect([fast.got.length, answered]).toEqual([1, false]);
    slow.resolve();
    await sent;
    await collector.shutdown();
  });

  test.each<[PipelineErrorCode, PipelineErrorCode, PipelineErrorCode]>([
    ['rejected', 'unavailable', 'unavailable'],
    ['overloaded', 'rejected', 'overloaded'],
    ['rejected', 'internal', 'rejected'],
  ])('of which one fails with %s and one with %s: the sender hears %s', async (first, second, told) => {
    const ok = memory();
    const ends = [memory(failing(first), 'first').exporter, ok.exporter, memory(failing(second), 'second').exporter];
    const collector = logsCollector([], ends);
    await collector.start();
    await expect(collector.input('logs')(logs(2), collector.flow())).rejects.toMatchObject({ code: told });
    expect(ok.got.length).toBe(1);
    expect(collector.accounts()['inputs/logs']).toMatchObject({ out: 2, failed: { [told]: 2 } });
    await collector.shutdown();
  });

  test('of which two ask to come back later: the sender is told the longer wait', async () => {
    const ends = [
      memory(failing('overloaded', 100), 'first').exporter,
      memory(failing('overloaded', 900), 'second').exporter,
    ];
    const collector = logsCollector([], ends);
    await collector.start();
    await expect(collector.input('logs')(logs(1), collector.flow())).rejects.toMatchObject({ retryAfterMs: 900 });
    await collector.shutdown();
  });
});

test('a receiver in two pipelines runs once; what one pipeline edits the other does not see', async () => {
  const [source, edited, plain] = [pushed(), memory(undefined, 'edited'), memory(undefined, 'plain')];
  const rename = processor('rename', { logRecord: (record) => void (record.eventName = 'renamed') });
  const collector = createCollector(
    {
      logs: {
        a: { receivers: [source.receiver], processors: [rename], exporters: [edited.exporter] },
        b: { receivers: [source.receiver], exporters: [plain.exporter] },
      },
    },
    { logger: silent },
  );
  await collector.start();
  await source.send(logs(1));
  expect([eventNames(edited.got[0]!), eventNames(plain.got[0]!)]).toEqual([['renamed'], ['event-0']]);
  expect(source.calls).toEqual(['start']);
  await collector.shutdown();
});

test('an exporter in two pipelines of a signal runs once', async () => {
  const { exporter: end } = memory();
  const [a, b] = [pushed('a'), pushed('b')];
  const pipelines = {
    a: { receivers: [a.receiver], exporters: [end] },
    b: { receivers: [b.receiver], exporters: [end] },
  };
  const collector = createCollector({ logs: pipelines }, { logger: silent });
  await collector.start();
  await Promise.all([a.send(logs(1)), b.send(logs(2))]);
  expect(collector.accounts()['logs/a/memory']).toMatchObject({ in: 3, out: 3 });
  await collector.shutdown();
});
