import { claudeCode, memoryStore, processorContract, testPipeline } from '@otelier/testing';
import { LogsBatch } from 'otelier';
import { describe, expect, test } from 'vitest';
import { countEvents } from './count-events.js';
import { dropBelow } from './drop-below.js';
import { mergeWindow } from './merge-window.js';
import config from './pipeline.config.js';
import { splitLarge } from './split-large.js';
import { teamFromHeader } from './team-from-header.js';

function logsWithSeverities(...severities: number[]): LogsBatch {
  const logRecords = severities.map((severityNumber) => ({
    severityNumber,
    body: { stringValue: `s${severityNumber}` },
  }));
  return LogsBatch.fromJson(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }));
}

describe('function form', () => {
  test('dropBelow drops what is less severe, and counts it', async () => {
    await using run = await testPipeline([dropBelow(9)]);
    await run.send(logsWithSeverities(5, 9, 17));
    expect([...run.received.logs[0]!.records()].map(({ body }) => body)).toEqual(['s9', 's17']);
    await run.end();
    const account = Object.values(run.accounts()).find(({ name }) => name === 'drop-below');
    expect(account).toMatchObject({ in: 3, out: 2, dropped: { filtered: 1 } });
  });

  test('teamFromHeader writes what the sender said about itself', async () => {
    await using run = await testPipeline([teamFromHeader('x-team')]);
    await run.send(claudeCode.tokenUsage(), { peer: { headers: { 'x-team': 'platform' } } });
    const [point] = run.received.metrics[0]!.points();
    expect(point!.resource.attributes.get('team.id')).toBe('platform');
  });
});

describe('RxJS form', () => {
  test('mergeWindow merges what came in its window, and all senders wait for it', async () => {
    await using run = await testPipeline([mergeWindow(20)]);
    const answers = await Promise.all([run.send(claudeCode.userPrompt()), run.send(claudeCode.apiRequest())]);
    expect(answers).toHaveLength(2);
    expect(run.received.logs.map(({ count }) => count)).toEqual([2]);
  });

  test('all of them hear of a failure', async () => {
    await using run = await testPipeline([mergeWindow(20)]);
    run.exporter.refuse(1);
    const outcomes = await Promise.allSettled([run.send(claudeCode.userPrompt()), run.send(claudeCode.apiRequest())]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

describe('stage form', () => {
  test('splitLarge passes on parts in order', async () => {
    await using run = await testPipeline([splitLarge(2)]);
    await run.send(logsWithSeverities(1, 2, 3, 4, 5));
    expect(run.received.logs.map(({ count }) => count)).toEqual([2, 2, 1]);
  });
});

describe('stage with state', () => {
  test('countEvents goes on after a crash, and counts what is sent again once', async () => {
    const store = memoryStore();
    const prompt = (n: number) => claudeCode.logs([{ event: 'user_prompt', prompt: `${n}` }]);
    const first = await testPipeline([countEvents()], { store });
    const [one, two] = [prompt(1), prompt(2)];
    await first.send(one.fork());
    await first.clock.advance(1000);
    await using second = await testPipeline([countEvents()], { store: store.crash() });
    await second.send(one.fork());
    await second.send(two);
    const counts = second.received.logs.flatMap((batch) =>
      [...batch.records()].map(({ attributes }) => attributes.get('event.count')),
    );
    expect(counts).toEqual([2]);
  });
});

test.each([
  ['count-events', () => countEvents()],
  ['drop-below', () => dropBelow(9)],
  ['team-from-header', () => teamFromHeader('x-team')],
  ['merge-window', () => mergeWindow(20)],
  ['split-large', () => splitLarge(2)],
] as const)('%s keeps the promises of a processor', async (_, make) => {
  await processorContract(make);
});

test('the pipeline file wires them together', async () => {
  await using run = await testPipeline(config);
  await run.send(logsWithSeverities(5, 9), { peer: { headers: { 'x-team': 'core' } } });
  const [record] = run.received.logs[0]!.records();
  expect(record!.body).toBe('s9');
  expect(record!.resource.attributes.get('team.id')).toBe('core');
});
