import { definePipelines, PipelineError, processor } from '@otelier/core';
import { expect, test } from 'vitest';
import { claudeCode, memoryExporter, memoryReceiver, testPipeline } from '../index.js';

const hidePrompts = () =>
  processor('hide-prompts', { logRecord: (record) => void record.attributes.set('prompt', 'hidden') });
const onlyErrors = () =>
  processor('only-errors', { logRecord: (record) => record.attributes.is('event.name', 'api_error') });

test('a list of processors runs for the signals that all of them handle', async () => {
  await using run = await testPipeline([hidePrompts()]);
  expect(await run.send(claudeCode.userPrompt({ prompt: 'secret' }))).toEqual({ refused: 0, refusal: '' });
  const [record] = run.received.logs[0]!.records();
  expect(record!.attributes.get('prompt')).toBe('hidden');
  await expect(run.send(claudeCode.tokenUsage())).rejects.toThrow('[unsupported]');
});

test('one pipeline of a file, or the whole file, runs without its own ends', async () => {
  const mustNotStart = { ...memoryReceiver(), start: () => Promise.reject(new Error('started')) };
  const mustNotSend = memoryExporter();
  const config = definePipelines({
    logs: { events: { receivers: [mustNotStart], processors: [onlyErrors()], exporters: [mustNotSend] } },
    metrics: { usage: { receivers: [mustNotStart], exporters: [mustNotSend] } },
  });
  for (const testable of [config, config.logs.events]) {
    await using run = await testPipeline(testable);
    await run.send(claudeCode.logs([{ event: 'user_prompt' }, { event: 'api_error' }, { event: 'tool_result' }]));
    const events = run.received.logs.flatMap((batch) =>
      [...batch.records()].map((record) => record.attributes.get('event.name')),
    );
    expect(events).toEqual(['api_error']);
  }
  await using run = await testPipeline(config);
  await run.send(claudeCode.tokenUsage({ input: 5 }));
  expect(run.received.metrics).toHaveLength(1);
  expect(mustNotSend.attempts).toBe(0);
});

test('the sender hears what the exporter says, and not before', async () => {
  await using run = await testPipeline([hidePrompts()]);
  run.exporter.refuse(1, new PipelineError('overloaded', 'come back', { retryAfterMs: 5 }));
  await expect(run.send(claudeCode.userPrompt())).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 5 });
  expect(run.refusals).toEqual(['[overloaded] come back']);

  const release = run.exporter.hold();
  let told = false;
  const sent = run.send(claudeCode.userPrompt()).then(() => {
    told = true;
  });
  await run.clock.advance(1000);
  expect(told).toBe(false);
  release();
  await sent;
  expect(run.received.logs).toHaveLength(1);
});

test('bytes and JSON go the same way as batches', async () => {
  await using run = await testPipeline([hidePrompts()]);
  const batch = claudeCode.userPrompt();
  await run.sendBytes('logs', batch.bytes());
  await run.sendBytes('logs', Buffer.from(batch.toJson()), 'json');
  expect(run.received.logs.map(({ count }) => count)).toEqual([1, 1]);
  expect(run.received.logs[0]!.bytes().equals(run.received.logs[1]!.bytes())).toBe(true);
});

test('the end balances the books and says who does not', async () => {
  const run = await testPipeline([onlyErrors()]);
  await run.send(claudeCode.logs([{ event: 'user_prompt' }, { event: 'api_error' }]));
  await run.end();
  const account = Object.values(run.accounts()).find(({ name }) => name === 'only-errors');
  expect(account).toMatchObject({ in: 2, out: 1, dropped: { filtered: 1 }, held: 0 });
});
