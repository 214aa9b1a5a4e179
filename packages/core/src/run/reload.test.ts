import { describe, expect, test } from 'vitest';
import { deferred, eventNames, logs, memory, pushed, silent, turn } from '../fakes/ends.js';
import {
  type Admission,
  type CollectorEvent,
  createCollector,
  type Exporter,
  exporterStage,
  PipelineError,
  type PipelinesConfig,
  processor,
  type Receiver,
  receiver,
} from '../index.js';

const config = (source: Receiver<'logs'>, end: Exporter<'logs'>, pipeline = 'events'): PipelinesConfig => ({
  logs: { [pipeline]: { receivers: [source], exporters: [end] } },
});

describe('reload', () => {
  test.each([
    ['the same object', undefined],
    ['an equal key', 'door:4317'],
  ])('hands over a receiver that is %s: it goes on, into the new pipelines', async (_, key) => {
    const [old, next] = [memory(undefined, 'old'), memory(undefined, 'next')];
    const source = pushed('door', key);
    const again = key === undefined ? source : pushed('door', key);
    const collector = createCollector(config(source.receiver, old.exporter), { logger: silent });
    const events: CollectorEvent['type'][] = [];
    await collector.start();
    collector.events$.subscribe(({ type }) => events.push(type));
    await source.send(logs(1, 'before'));
    await collector.reload(config(again.receiver, next.exporter));
    await source.send(logs(1, 'after'));
    expect([old.got, next.got].map((got) => got.map(eventNames))).toEqual([[['before-0']], [['after-0']]]);
    expect(source.calls).toEqual(['start']);
    expect(events).toEqual(['started', 'reloaded']);
    expect(collector.accounts()['receivers/door/logs']).toMatchObject({ in: 2, out: 2 });
    await collector.shutdown();
    expect(source.calls).toEqual(['start', 'stop', 'close']);
  });

  test('lets batches that are in flight finish where they began', async () => {
    const slow = deferred();
    const [old, next] = [memory(() => slow.promise, 'old'), memory(undefined, 'next')];
    const source = pushed();
    const collector = createCollector(config(source.receiver, old.exporter), { logger: silent });
    await collector.start();
    const first = source.send(logs(1, 'first'));
    const reloaded = collector.reload(config(source.receiver, next.exporter));
    await turn();
    await source.send(logs(1, 'second'));
    expect([old.got.length, next.got.length]).toEqual([0, 1]);
    slow.resolve();
    await Promise.all([first, reloaded]);
    expect(old.got.length).toBe(1);
    await collector.shutdown();
  });

  test('puts other limits in force; what is in flight stays', async () => {
    let admission: Admission | undefined;
    const door = receiver('door', ['logs'], async (_, host) => {
      admission = host.admission;
      return { stop: async () => {}, close: async () => {} };
    });
    const limited = (limits: NonNullable<PipelinesConfig['limits']>) => ({
      ...config(door, memory().exporter),
      limits,
    });
    const collector = createCollector(limited({ inFlight: '1KiB' }), { logger: silent });
    await collector.start();
    const lease = admission?.acquire(1000, 'traces');
    await collector.reload(limited({ inFlight: '2KiB', priority: ['logs', 'metrics', 'traces'] }));
    expect([admission?.limitBytes, admission?.inFlightBytes]).toEqual([2048, 1000]);
    expect([admission?.acquire(25, 'traces'), admission?.acquire(25, 'logs')]).toEqual([undefined, expect.anything()]);
    lease?.release();
    expect(admission?.inFlightBytes).toBe(25);
    await collector.shutdown();
  });

  test('sums the accounts of an id over reloads', async () => {
    const source = pushed();
    const end = memory();
    const same = (): PipelinesConfig => config(source.receiver, end.exporter);
    const collector = createCollector(same(), { logger: silent });
    await collector.start();
    for (let i = 0; i < 3; i++) {
      await source.send(logs(2));
      await collector.reload(same());
    }
    await source.send(logs(2));
    expect(collector.accounts()['logs/events/memory']).toMatchObject({ in: 8, out: 8, held: 0 });
    expect(await collector.shutdown()).toMatchObject({ delivered: 8 });
  });

  test('that fails to check or to start leaves the old graph running', async () => {
    const [source, end] = [pushed(), memory()];
    const closed: string[] = [];
    const fine = exporterStage('fine', {
      logs: () => ({ consume: async () => {}, close: async () => void closed.push('fine') }),
    });
    const bad = receiver('bad', ['logs'], async () =>
      Promise.reject(new PipelineError('unavailable', 'port is taken')),
    );
    const collector = createCollector(config(source.receiver, end.exporter), { logger: silent });
    await collector.start();
    await expect(collector.reload({ logs: {} })).rejects.toThrow('at least one pipeline');
    await expect(collector.reload(config(bad, fine))).rejects.toThrow('receivers/bad did not start');
    expect(closed).toEqual(['fine']);
    await source.send(logs(1));
    expect([end.got.length, collector.state]).toEqual([1, 'running']);
    await collector.shutdown();
  });

  test('stops receivers that the new file does not have and starts its new ones', async () => {
    const [a, b, end] = [pushed('a'), pushed('b'), memory()];
    const collector = createCollector(config(a.receiver, end.exporter), { logger: silent });
    await collector.start();
    await collector.reload(config(b.receiver, end.exporter, 'renamed'));
    expect([a.calls, b.calls]).toEqual([['start', 'stop', 'close'], ['start']]);
    await b.send(logs(1));
    expect(end.got.length).toBe(1);
    await collector.shutdown();
  });

  test('gives inputs their new pipeline', async () => {
    const [source, end] = [pushed(), memory()];
    const collector = createCollector(config(source.receiver, end.exporter), { logger: silent });
    await collector.start();
    const input = collector.input('logs', 'events');
    const dropAll = processor('drop-all', { logRecord: () => false });
    await collector.reload({
      logs: { events: { receivers: [source.receiver], processors: [dropAll], exporters: [end.exporter] } },
    });
    await input(logs(1), collector.flow());
    expect(end.got.length).toBe(0);
    await collector.reload(config(source.receiver, end.exporter, 'renamed'));
    await expect(input(logs(1), collector.flow())).rejects.toThrow('there is no pipeline logs/events');
    await collector.shutdown();
  });

  test.each([
    ['another dataDir', { dataDir: './elsewhere' }, 'dataDir: expected no dataDir as when the collector started'],
    [
      'another place for its own metrics',
      { telemetry: { metrics: { endpoint: 'http://127.0.0.1:4318/v1/metrics' } } },
      'telemetry.metrics: expected what it was when the collector started',
    ],
  ] as const)('refuses what only a start can put in force: %s', async (_, more, message) => {
    const source = pushed();
    const file = config(source.receiver, memory().exporter);
    const collector = createCollector(file, { logger: silent });
    await collector.start();
    await expect(collector.reload({ ...file, ...more })).rejects.toThrow(message);
    expect(collector.config).toBe(file);
    await collector.shutdown();
  });

  test('is refused when the collector does not run', async () => {
    const [source, end] = [pushed(), memory()];
    const collector = createCollector(config(source.receiver, end.exporter), { logger: silent });
    await expect(collector.reload(config(source.receiver, end.exporter))).rejects.toThrow('the collector is created');
  });
});
