import { buildLogs, buildMetrics, buildTraces, type LogsBatch } from '@otelier/otlp';
import { describe, expect, test } from 'vitest';
import { eventNames, logs, logsCollector, memory } from '../fakes/ends.js';
import { type Flow, type Host, PipelineError, type Processor, processor } from '../index.js';

const flow: Flow = { signal: new AbortController().signal, refuse() {}, drop() {}, add() {} };

async function through(processors: readonly Processor<'logs'>[], batch: LogsBatch) {
  const end = memory();
  const collector = logsCollector(processors, [end.exporter]);
  await collector.start();
  const requested = collector.flow();
  const outcome = await collector
    .input('logs')(batch, requested)
    .then(
      () => 'delivered',
      (error: PipelineError) => error.code,
    );
  await collector.shutdown();
  return { outcome, got: end.got, requested, accounts: collector.accounts() };
}

describe('neighbouring hooks', () => {
  test('each see the edits of those before them', async () => {
    const append = (text: string) =>
      processor(`append-${text}`, { logRecord: (record) => void (record.eventName += text) });
    const { got } = await through([append('a'), append('b'), append('c')], logs(2, 'x'));
    expect(eventNames(got[0]!)).toEqual(['x-0abc', 'x-1abc']);
  });

  test('do not see what one before them dropped, and each is accounted for by itself', async () => {
    const seen: string[] = [];
    const dropZero = processor('drop-zero', { logRecord: (record) => record.eventName !== 'x-0' });
    const refuseOne = processor('refuse-one', {
      logRecord: (record, face) => {
        seen.push(record.eventName);
        if (record.eventName !== 'x-1') return true;
        face.refuse(1, 'is one');
        return false;
      },
    });
    const { got, requested, accounts } = await through([dropZero, refuseOne], logs(3, 'x'));
    expect(seen).toEqual(['x-1', 'x-2']);
    expect(eventNames(got[0]!)).toEqual(['x-2']);
    expect(accounts['logs/events/drop-zero']).toMatchObject({ in: 3, out: 2, dropped: { filtered: 1 }, refused: {} });
    expect(accounts['logs/events/refuse-one']).toMatchObject({ in: 2, out: 1, dropped: {}, refused: { 'is one': 1 } });
    expect([requested.refused, requested.refusal]).toEqual([1, 'is one (1)']);
  });

  test('a resource hook that follows an item hook runs after it, as written', async () => {
    const order: string[] = [];
    const first = processor('first', { logRecord: () => void order.push('item of first') });
    const second = processor('second', { resource: () => void order.push('resource of second') });
    await through([first, second], logs(1));
    expect(order).toEqual(['item of first', 'resource of second']);
  });

  test('a resource that is dropped takes its items with it', async () => {
    const batch = buildLogs([
      { resource: { attributes: { keep: false } }, records: [{ eventName: 'a' }, { eventName: 'b' }] },
      { resource: { attributes: { keep: true } }, records: [{ eventName: 'c' }] },
    ]);
    const keep = processor('keep', { resource: (resource) => resource.attributes.get('keep') === true });
    const { got, accounts } = await through([keep], batch);
    expect(eventNames(got[0]!)).toEqual(['c']);
    expect([...got[0]!.resourceLogs].length).toBe(1);
    expect(accounts['logs/events/keep']).toMatchObject({ in: 3, out: 1, dropped: { filtered: 2 } });
  });

  test('a batch of which nothing is left ends there, acknowledged', async () => {
    const { outcome, got } = await through([processor('drop-all', { logRecord: () => false })], logs(3));
    expect([outcome, got.length]).toEqual(['delivered', 0]);
  });

  test('a hook that throws refuses the whole batch, under its own name', async () => {
    const dropZero = processor('drop-zero', { logRecord: (record) => record.eventName !== 'x-0' });
    const throws = processor('throws', {
      logRecord: (record) => {
        if (record.eventName === 'x-2') throw new PipelineError('rejected', 'is two');
      },
    });
    const { outcome, got, accounts } = await through(
      [dropZero, throws, processor('after', { logRecord: () => {} })],
      logs(4, 'x'),
    );
    expect([outcome, got.length]).toEqual(['rejected', 0]);
    expect(accounts['logs/events/drop-zero']).toMatchObject({ in: 4, out: 3 });
    expect(accounts['logs/events/throws']).toMatchObject({ in: 3, out: 0, refused: { rejected: 3 }, held: 0 });
    expect(accounts['logs/events/after']).toMatchObject({ in: 0, out: 0 });
  });
});

// A processor is also a library call, without any collector.
const host = {} as Host;

test('hooks run over data points', async () => {
  const batch = buildMetrics([{ metrics: [{ name: 'a', gauge: { points: [{ value: 1 }, { value: 2 }] } }] }]);
  let seen = 0;
  await processor('count', { dataPoint: () => ++seen < 2 })
    .metrics(async (out) => expect(out.count).toBe(1), host)
    .consume(batch, flow);
  expect(seen).toBe(2);
});

test('hooks run over spans', async () => {
  const batch = buildTraces([
    { spans: ['a', 'b'].map((name) => ({ name, traceId: '1'.repeat(32), spanId: '2'.repeat(16) })) },
  ]);
  const names: string[] = [];
  await processor('name', { span: (span) => void names.push(span.name) })
    .traces(async () => {}, host)
    .consume(batch, flow);
  expect(names).toEqual(['a', 'b']);
});
