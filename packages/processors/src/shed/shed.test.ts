import {
  type Admission,
  createCollector,
  definePipelines,
  type Processor,
  type Signal,
  stage,
  tellRoom,
} from '@otelier/core';
import { buildLogs, buildMetrics, buildTraces, type LogsBatch } from '@otelier/otlp';
import { assertConservation, claudeCode, memoryExporter, memoryReceiver } from '@otelier/testing';
import fc from 'fast-check';
import { expect, expectTypeOf, test } from 'vitest';
import { claudeCode as catalogue } from '../catalogue/catalogue.js';
import { eventName } from '../filter/event-name.js';
import { claudeCodeLevels, shed } from './shed.js';

const kept = ['api_request', 'api_error', 'api_refusal', 'api_retries_exhausted', 'internal_error', 'safety_event'];
const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const events = (names: readonly string[]) =>
  buildLogs([{ records: names.map((name) => ({ attributes: { 'event.name': name } })) }]);
const names = (batches: readonly LogsBatch[]) => batches.flatMap((batch) => Array.from(batch.records(), eventName));

const budget = 1024 ** 2;

/** A collector with the processor, and a hand on its byte budget. */
async function withBudget(...processors: Processor<Signal>[]) {
  let admission: Admission | undefined;
  const look = stage('look', {
    logs: (next, host) => {
      admission = host.admission;
      return { consume: next };
    },
  });
  const receiver = memoryReceiver();
  const exporter = memoryExporter();
  const of = <S extends Signal>(signal: S) => ({
    some: { receivers: [receiver], processors: processors.filter((each) => signal in each), exporters: [exporter] },
  });
  const collector = createCollector(
    definePipelines({
      limits: { inFlight: `${budget}B` },
      logs: { some: { ...of('logs').some, processors: [look, ...of('logs').some.processors] } },
      metrics: of('metrics'),
      traces: of('traces'),
    }),
    { logger: { debug() {}, info() {}, warn() {}, error() {} } },
  );
  await collector.start();
  const fill = (share: number) => (admission as Admission).hold(Math.round(budget * share));
  return { collector, receiver, exporter, fill, [Symbol.asyncDispose]: () => collector.shutdown().then(() => {}) };
}

test.each([
  [0.2, ['hook_execution_start', 'tool_result', 'user_prompt', ...kept, 'other']],
  [0.6, ['tool_result', 'user_prompt', ...kept, 'other']],
  [0.8, ['user_prompt', ...kept, 'other']],
  [0.9, [...kept, 'other']],
])('at %f of the budget the least important events go first', async (share, left) => {
  await using run = await withBudget(shed() as Processor<Signal>);
  run.fill(share);
  const sent = ['hook_execution_start', 'tool_result', 'user_prompt', ...kept, 'other'];
  await run.receiver.send(events(sent));
  expect(names(run.exporter.received.logs)).toEqual(left);
  const account = run.collector.accounts()['logs/some/shed'];
  const gone = sent.length - left.length;
  expect(account).toMatchObject({ in: sent.length, out: left.length, dropped: gone === 0 ? {} : { shed: gone } });
});

test('what has room is passed on as the very bytes that came', async () => {
  await using run = await withBudget(shed() as Processor<Signal>);
  const batch = claudeCode.userPrompt({ prompt: 'a' });
  const bytes = Buffer.from(batch.bytes());
  await run.receiver.send(batch);
  expect(run.exporter.received.logs[0]?.bytes().equals(bytes)).toBe(true);
});

test('metrics stay, and spans go as a level says', async () => {
  await using run = await withBudget(shed() as Processor<Signal>);
  run.fill(0.9);
  await run.receiver.send(claudeCode.tokenUsage());
  await run.receiver.send(buildTraces([{ spans: [{ ...ids, name: 'a' }] }]));
  expect([run.exporter.received.metrics.length, run.exporter.received.traces.length]).toEqual([1, 0]);
  expect(run.collector.accounts()['traces/some/shed']).toMatchObject({ in: 1, out: 0, dropped: { shed: 1 } });
});

test('metrics go when they are named', async () => {
  await using run = await withBudget(shed({ levels: [{ above: '10%', metrics: ['a*'] }] }) as Processor<Signal>);
  run.fill(0.5);
  const points = (name: string) => ({ name, gauge: { points: [{ value: 1 }, { value: 2 }] } });
  await run.receiver.send(buildMetrics([{ metrics: [points('ab'), points('b')] }]));
  expect(run.exporter.received.metrics.map(({ count }) => count)).toEqual([2]);
  expect(run.collector.accounts()['metrics/some/shed']).toMatchObject({ in: 4, out: 2, dropped: { shed: 2 } });
});

test('a queue that fills up counts as well', async () => {
  await using run = await withBudget(
    stage('room', {
      logs: (next, host) => {
        // As a queue of the pipeline tells it.
        tellRoom(host, () => ({ bytes: 9, maxBytes: 10, batches: 1 }));
        return { consume: next };
      },
    }) as unknown as Processor<Signal>,
    shed() as Processor<Signal>,
  );
  await run.receiver.send(events(['user_prompt', 'api_request']));
  expect(names(run.exporter.received.logs)).toEqual(['api_request']);
});

test('whatever comes and however full it is: in = out + dropped, and nothing more important goes before', async () => {
  const all = [...Object.keys(catalogue.events), 'of another client'];
  await using run = await withBudget(shed() as Processor<Signal>);
  const rank = (name: string) => {
    const at = claudeCodeLevels.findIndex((level) => level.events?.includes(name));
    return at < 0 ? claudeCodeLevels.length : at;
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...all), { minLength: 1, maxLength: 30 }),
      fc.nat(99),
      async (sent, full) => {
        const lease = run.fill(full / 100);
        const before = run.collector.accounts()['logs/some/shed']!;
        run.exporter.received.logs.length = 0;
        await run.receiver.send(events(sent));
        lease.release();
        const left = names(run.exporter.received.logs);
        const after = run.collector.accounts()['logs/some/shed']!;
        expect(left).toEqual(sent.filter((name) => left.includes(name)));
        const gone = sent.filter((name) => !left.includes(name));
        expect((after.dropped.shed ?? 0) - (before.dropped.shed ?? 0)).toBe(sent.length - left.length);
        for (const one of gone) for (const other of left) expect(rank(one)).toBeLessThan(rank(other));
        assertConservation(run.collector.accounts());
      },
    ),
    { numRuns: 200 },
  );
});

test('every event that the catalogue knows is in one default level, or is always kept', () => {
  const levels = claudeCodeLevels.flatMap((level) => level.events ?? []);
  expect([...levels, ...kept].toSorted()).toEqual(Object.keys(catalogue.events).toSorted());
});

test('fits into pipelines of the signals that its levels name', () => {
  expectTypeOf(shed()).toEqualTypeOf<Processor<'logs' | 'traces'>>();
  expectTypeOf(shed({ levels: [{ above: '60%', metrics: ['a'] }] })).toEqualTypeOf<Processor<'metrics'>>();
  expectTypeOf(
    shed({
      levels: [
        { above: '60%', spans: ['a'] },
        { above: '9%', events: ['b'] },
      ],
    }),
  ).toEqualTypeOf<Processor<'logs' | 'traces'>>();
  expect(Object.keys(shed())).not.toContain('metrics');
});

test.each([
  [{ levels: [] }, 'shed: levels: expected at least one level'],
  [{ levels: [{ above: '60%' }] }, 'shed: levels: expected events, metrics or spans in each level'],
  [{ levels: [{ above: '160%', events: ['a'] }] }, "shed: levels.0.above: expected a share from '0%' to '100%'"],
  [{ levels: [{ above: '60%', events: [] }] }, 'shed: levels.0.events: expected at least one name'],
  [{ keep: ['a'] }, 'shed: keep'],
])('refuses the options %j', (options, message) => {
  expect(() => shed(options as never)).toThrow(message);
});
