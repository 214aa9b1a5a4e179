import { type Exporter, exporterStage, PipelineError } from '@otelier/core';
import { buildLogs, buildMetrics, buildTraces, type LogsBatch } from '@otelier/otlp';
import { claudeCode, memoryExporter, processorContract, testPipeline } from '@otelier/testing';
import { describe, expect, test } from 'vitest';
import { quarantine, validate, validateResource } from './validate-resource.js';

const good = { 'team.id': 'platform' };
const bad = { 'org.name': 'My Company' };

const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

const spans = (...resources: Record<string, string>[]) =>
  buildTraces(resources.map((attributes) => ({ resource: { attributes }, spans: [{ ...ids, name: 's' }] })));
const logs = (...resources: Record<string, string>[]) =>
  buildLogs(resources.map((attributes) => ({ resource: { attributes }, records: [{ body: 'x' }, { body: 'y' }] })));
const teams = (batches: readonly LogsBatch[]) =>
  batches.map((batch) => [...batch.resourceLogs].map(({ resource }) => resource.attributes.toObject()));

describe('quarantine', () => {
  test('takes the resources that are bad, unchanged, and lets the others go on', async () => {
    const aside = memoryExporter();
    await using run = await testPipeline([validateResource({ onInvalid: quarantine(aside) })]);
    expect(await run.send(logs(good, bad, good, bad))).toEqual({ refused: 0, refusal: '' });
    expect(teams(run.received.logs)).toEqual([[good, good]]);
    expect(teams(aside.received.logs)).toEqual([[bad, bad]]);
    expect(run.collector.accounts()['logs/test/validate-resource']).toMatchObject({
      in: 8,
      out: 8,
      dropped: {},
      refused: {},
    });
    expect(run.collector.accounts()['logs/test/validate-resource/memory']).toMatchObject({
      kind: 'exporter',
      in: 4,
      out: 4,
    });
    expect(await run.collector.shutdown()).toMatchObject({ delivered: 8, dropped: 0, refused: 0, clean: true });
  });

  test('leaves a clean batch as the very bytes that came', async () => {
    const aside = memoryExporter();
    await using run = await testPipeline([validateResource({ onInvalid: quarantine(aside) })]);
    const batch = logs(good, good);
    const bytes = Buffer.from(batch.bytes());
    await run.send(batch);
    expect(run.received.logs[0]!.bytes().equals(bytes)).toBe(true);
    expect(aside.attempts).toBe(0);
  });

  test('of a batch that is bad altogether passes nothing on', async () => {
    const aside = memoryExporter();
    await using run = await testPipeline([validateResource({ required: ['team.id'], onMissing: quarantine(aside) })]);
    await run.send(logs(bad));
    expect(run.exporter.attempts).toBe(0);
    expect(teams(aside.received.logs)).toEqual([[bad]]);
  });

  test('works on metrics and traces alike', async () => {
    const aside = memoryExporter();
    await using run = await testPipeline([validateResource({ onInvalid: quarantine(aside) })]);
    const resource = (attributes: Record<string, string>) => ({ resource: { attributes } });
    const metrics = [{ name: 'm', gauge: { points: [{ value: 1 }] } }];
    await run.send(buildMetrics([good, bad].map((each) => ({ ...resource(each), metrics }))));
    await run.send(spans(bad, good));
    expect([run.received.metrics[0]!.count, aside.received.metrics[0]!.count]).toEqual([1, 1]);
    expect([run.received.traces[0]!.count, aside.received.traces[0]!.count]).toEqual([1, 1]);
    expect([...aside.received.traces[0]!.resourceSpans][0]!.resource.attributes.toObject()).toEqual(bad);
  });

  test('goes to different exporters by fault, outranks refusal, and stands beside repair', async () => {
    const [spaces, missing] = [memoryExporter(), memoryExporter()];
    await using run = await testPipeline([
      validateResource({
        required: ['team.id'],
        onInvalid: 'refuse',
        onMissing: quarantine(missing),
        policies: { space: quarantine(spaces), quote: 'repair', 'non-ascii': 'drop' },
      }),
    ]);
    const answer = await run.send(
      logs({ a: 'b c;d' }, { a: 'b' }, { 'team.id': '"x"', city: 'Zürich' }, { 'team.id': 'a;b' }),
    );
    expect(answer).toMatchObject({ refused: 2, refusal: expect.stringContaining('"team.id" holds a semicolon') });
    expect(teams(run.received.logs)).toEqual([[{ 'team.id': 'x' }]]);
    expect(teams(spaces.received.logs)).toEqual([[{ a: 'b c;d' }]]);
    expect(teams(missing.received.logs)).toEqual([[{ a: 'b' }]]);
  });

  test('is shown with the options of its exporter', () => {
    const aside = memoryExporter({ options: { path: 'aside' } });
    expect(
      validateResource({ onInvalid: quarantine(aside), policies: { escape: quarantine(memoryExporter()) } }).options,
    ).toMatchObject({
      onInvalid: { quarantine: { memory: { path: 'aside' } } },
      policies: { escape: { quarantine: 'memory' } },
    });
  });

  test('handles the signals that its exporter takes', () => {
    const onlyLogs: Exporter<'logs'> = exporterStage('only-logs', { logs: () => ({ consume: async () => {} }) });
    const processor = validateResource({ onInvalid: quarantine(onlyLogs) });
    expect(['logs', 'metrics', 'traces'].filter((signal) => signal in processor)).toEqual(['logs']);
  });

  test('starts, flushes and closes its exporter with the processor', async () => {
    const calls: string[] = [];
    const call = (name: string) => async () => void calls.push(name);
    const watched: Exporter<'logs'> = exporterStage('watched', {
      logs: () => ({ consume: call('consume'), start: call('start'), flush: call('flush'), close: call('close') }),
    });
    await using run = await testPipeline([validateResource({ onInvalid: quarantine(watched) })]);
    await run.send(logs(bad));
    await run.collector.shutdown();
    // A drain may flush more than once.
    expect([...new Set(calls)]).toEqual(['start', 'consume', 'flush', 'close']);
  });

  test('as a library call gives what it took out', () => {
    const aside = memoryExporter();
    const batch = logs(bad, good);
    const { quarantined } = validate(batch, { onInvalid: quarantine(aside), annotate: true });
    expect(teams([batch])).toEqual([[good]]);
    expect(quarantined.map(({ to }) => to.quarantine)).toEqual([aside]);
    expect(teams([quarantined[0]!.batch as LogsBatch])).toEqual([
      [{ ...bad, 'otelier.resource_findings': ['org.name space'] }],
    ]);
  });
});

describe('when the quarantine exporter fails', () => {
  test('for now, the batch is refused for now before any of it is delivered, and nothing is lost', async () => {
    const aside = memoryExporter();
    await using run = await testPipeline([validateResource({ onInvalid: quarantine(aside) })]);
    aside.refuse(1, new PipelineError('overloaded', 'full', { retryAfterMs: 7000 }));
    await expect(run.send(logs(good, bad))).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 7000 });
    expect(run.exporter.attempts).toBe(0);
    await run.send(logs(good, bad));
    expect([run.received.logs[0]!.count, aside.received.logs[0]!.count]).toEqual([2, 2]);
  });

  test.each(['unauthenticated', 'unsupported', 'internal'] as const)(
    'by a mistake of ours (%s), the sender is to come back',
    async (code) => {
      const aside = memoryExporter();
      await using run = await testPipeline([validateResource({ onInvalid: quarantine(aside) })]);
      aside.refuse(1, new PipelineError(code, 'no'));
      await expect(run.send(logs(good, bad))).rejects.toMatchObject({
        code: 'unavailable',
        message: `[unavailable] quarantine with memory failed (${code})`,
      });
      expect(run.exporter.attempts).toBe(0);
    },
  );

  test('since it will never take these items, what is good is delivered and the sender is told', async () => {
    const aside = memoryExporter();
    await using run = await testPipeline([validateResource({ onInvalid: quarantine(aside) })]);
    aside.refuse(1, new PipelineError('rejected', 'not these'));
    await expect(run.send(logs(good, bad))).rejects.toMatchObject({ code: 'rejected' });
    expect(teams(run.received.logs)).toEqual([[good]]);
    expect(run.collector.accounts()['logs/test/validate-resource/memory']).toMatchObject({
      in: 2,
      refused: { rejected: 2 },
    });
  });

  test('a failure behind the processor, which may pass, is told instead', async () => {
    const aside = memoryExporter();
    await using run = await testPipeline([validateResource({ onInvalid: quarantine(aside) })]);
    aside.refuse(1, new PipelineError('rejected', 'not these'));
    run.exporter.refuse(1);
    await expect(run.send(logs(good, bad))).rejects.toMatchObject({ code: 'unavailable' });
  });
});

test.each([
  ['report', () => validateResource({ required: ['team.id'] })],
  ['repair', () => validateResource({ onInvalid: 'repair', annotate: true })],
  ['drop', () => validateResource({ onInvalid: 'drop', exempt: [] })],
  ['refuse', () => validateResource({ onInvalid: 'refuse', exempt: [] })],
  [
    'quarantine',
    () => validateResource({ onInvalid: quarantine(memoryExporter()), required: ['team.id'], onMissing: 'ignore' }),
  ],
] as const)('the processor contract holds with %s', async (_, make) => {
  await processorContract(make);
  await processorContract(make, {
    batches: () => [
      logs(good, bad, { ...good, a: '"b c"' }),
      claudeCode.userPrompt(),
      claudeCode.tokenUsage(),
      spans(bad, good),
    ],
  });
});
