import type { LogsBatch } from '@otelier/otlp';
import { describe, expect, test } from 'vitest';
import { deferred, logs, logsCollector, ManualClock, memory, pushed, silent, turn } from '../fakes/ends.js';
import {
  type CollectorEvent,
  type CollectorState,
  createCollector,
  exporterStage,
  type Kept,
  keep,
  PipelineError,
  type Processor,
  receiver,
  stage,
} from '../index.js';

function recorded(name: string, calls: string[], failing?: 'start' | 'close'): Processor<'logs'> {
  const call = async (what: string): Promise<void> => {
    calls.push(`${name} ${what}`);
    if (what === failing) throw new Error('disk is full');
  };
  return stage(name, {
    logs: (next) => ({
      consume: next,
      start: () => call('start'),
      flush: () => call('flush'),
      close: () => call('close'),
    }),
  });
}

/** Holds batches until it is flushed. */
function holding(name: string): Processor<'logs'> {
  return stage(name, {
    logs: (next) => {
      let held: (() => void)[] = [];
      return {
        consume: (batch, flow) => new Promise<void>((resolve) => held.push(() => resolve(next(batch, flow)))),
        flush: async () => {
          const released = held;
          held = [];
          for (const release of released) release();
        },
      };
    },
  });
}

describe('start', () => {
  test('goes from the end of the stream to its beginning, and shutdown from the beginning to the end', async () => {
    const calls: string[] = [];
    const source = receiver('source', ['logs'], async () => {
      calls.push('source start');
      return { stop: async () => void calls.push('source stop'), close: async () => void calls.push('source close') };
    });
    const end = exporterStage('end', {
      logs: () => ({
        consume: async () => {},
        start: async () => void calls.push('end start'),
        close: async () => void calls.push('end close'),
      }),
    });
    const processors = [recorded('first', calls), recorded('second', calls)];
    const collector = createCollector(
      { logs: { events: { receivers: [source], processors, exporters: [end] } } },
      { logger: silent },
    );
    const states: CollectorState[] = [];
    collector.state$.subscribe((state) => states.push(state));
    await collector.start();
    expect(calls.splice(0)).toEqual(['end start', 'second start', 'first start', 'source start']);
    await collector.shutdown();
    expect(calls).toEqual([
      'source stop',
      'first flush',
      'second flush',
      'source close',
      'first close',
      'second close',
      'end close',
    ]);
    expect(states).toEqual(['created', 'starting', 'running', 'draining', 'stopped']);
  });

  test('that fails names the component and closes what was started', async () => {
    const calls: string[] = [];
    const collector = logsCollector(
      [recorded('fine', calls), recorded('broken', calls, 'start'), recorded('last', calls)],
      [memory().exporter],
    );
    await expect(collector.start()).rejects.toThrow('logs/events/broken did not start: disk is full');
    expect(calls).toEqual(['last start', 'broken start', 'broken close', 'last close']);
    expect(collector.state).toBe('stopped');
  });

  test('of a receiver that fails closes everything else', async () => {
    const calls: string[] = [];
    const good = pushed('good');
    const bad = receiver('bad', ['logs'], async () =>
      Promise.reject(new PipelineError('unavailable', 'port 4317 is taken')),
    );
    const pipeline = {
      receivers: [good.receiver, bad],
      processors: [recorded('fine', calls)],
      exporters: [memory().exporter],
    };
    const collector = createCollector({ logs: { events: pipeline } }, { logger: silent });
    await expect(collector.start()).rejects.toThrow('receivers/bad did not start: port 4317 is taken');
    expect(good.calls).toEqual(['start', 'stop', 'close']);
    expect(calls.at(-1)).toBe('fine close');
  });
});

describe('shutdown', () => {
  test('delivers what stages hold, also when one after the other holds it', async () => {
    const end = memory();
    const collector = logsCollector([holding('first'), holding('second'), holding('third')], [end.exporter]);
    await collector.start();
    const sent = collector.input('logs')(logs(2), collector.flow());
    expect(await collector.shutdown()).toMatchObject({ delivered: 2, abandoned: 0, clean: true });
    await sent;
    expect(end.got.length).toBe(1);
  });

  test('gives back at the deadline what could not be delivered, and counts it', async () => {
    const clock = new ManualClock();
    const collector = logsCollector([], [memory(() => new Promise(() => {})).exporter], { clock });
    await collector.start();
    const sent = collector.input('logs')(logs(3), collector.flow());
    const refused = expect(sent).rejects.toMatchObject({ code: 'unavailable' });
    const stopped = collector.shutdown({ deadline: '10s' });
    await turn();
    expect(collector.state).toBe('draining');
    clock.advance(10_000);
    await refused;
    expect(await stopped).toMatchObject({ delivered: 0, refused: 3, abandoned: 3, clean: false });
    expect(collector.accounts()['logs/events/memory']).toMatchObject({ in: 3, refused: { unavailable: 3 }, held: 0 });
  });

  test('asked for again with a nearer deadline does not wait for the first', async () => {
    const clock = new ManualClock();
    const collector = logsCollector([], [memory(() => new Promise(() => {})).exporter], { clock });
    await collector.start();
    const sent = collector
      .input('logs')(logs(1), collector.flow())
      .catch(() => 'refused');
    const first = collector.shutdown({ deadline: '1h' });
    await turn();
    expect(collector.shutdown({ deadline: '0s' })).toBe(first);
    await turn();
    clock.advance(0);
    expect((await first).clean).toBe(false);
    expect(await sent).toBe('refused');
  });

  test('is safe before start and twice, and input is refused afterwards', async () => {
    const collector = logsCollector([], [memory().exporter]);
    const input = collector.input('logs');
    await expect(input(logs(1), collector.flow())).rejects.toMatchObject({ code: 'unavailable' });
    expect(collector.shutdown()).toBe(collector.shutdown());
    expect(await collector.shutdown()).toMatchObject({ delivered: 0, clean: true });
    await expect(input(logs(1), collector.flow())).rejects.toMatchObject({ code: 'unavailable' });
    await expect(collector.start()).rejects.toThrow('the collector has stopped');
  });

  test('does not wait for ever for a start that hangs', async () => {
    const clock = new ManualClock();
    const calls: string[] = [];
    const hangs = deferred();
    const stuck = stage('stuck', {
      logs: (next) => ({ consume: next, start: () => hangs.promise, close: async () => void calls.push('close') }),
    });
    const collector = logsCollector([stuck], [memory().exporter], { clock });
    const starting = collector.start();
    const refused = expect(starting).rejects.toThrow('was shut down while it started');
    const stopped = collector.shutdown({ deadline: '5s' });
    await turn();
    clock.advance(5000);
    expect(await stopped).toMatchObject({ delivered: 0 });
    expect(calls).toEqual(['close']);
    hangs.resolve();
    await refused;
    expect(collector.state).toBe('stopped');
  });

  test('closes the others when one fails to close, and says so', async () => {
    const calls: string[] = [];
    const collector = logsCollector([recorded('broken', calls, 'close'), recorded('fine', calls)], [memory().exporter]);
    await collector.start();
    expect(await collector.shutdown()).toMatchObject({ errors: ['logs/events/broken: disk is full'], clean: false });
    expect(calls.at(-1)).toBe('fine close');
  });

  test('does not wait for ever for a component that does not close', async () => {
    const clock = new ManualClock();
    const stuck = stage('stuck', { logs: (next) => ({ consume: next, close: () => new Promise(() => {}) }) });
    const collector = logsCollector([stuck], [memory().exporter], { clock });
    await collector.start();
    const stopped = collector.shutdown({ deadline: '5s' });
    await turn();
    clock.advance(5000);
    expect((await stopped).errors).toEqual(['logs/events/stuck: still closing at the deadline']);
  });

  test('reports what a queue had acknowledged and then dropped', async () => {
    let kept: Kept | undefined;
    const queue = exporterStage('queue', {
      logs: (host) => ({
        consume: async (batch) => {
          kept = keep(host, batch.count);
        },
        close: async () => kept?.drop(3, 'shutdown'),
      }),
    });
    const collector = logsCollector([], [queue]);
    await collector.start();
    await collector.input('logs')(logs(5), collector.flow());
    expect(collector.accounts()['logs/events/queue']).toMatchObject({ in: 5, out: 0, held: 5 });
    kept?.delivered(1);
    expect(await collector.shutdown()).toMatchObject({ delivered: 1, lost: 3, kept: 1, clean: false });
    expect(collector.accounts()['logs/events/queue']).toMatchObject({
      in: 5,
      out: 1,
      dropped: { shutdown: 3 },
      held: 1,
    });
  });
});

test('done resolves when every receiver that ends by itself has ended', async () => {
  const [one, two] = [deferred(), deferred()];
  const ending = (name: string, done: Promise<void>) =>
    receiver(name, ['logs'], async () => ({ done, stop: async () => {}, close: async () => {} }));
  const receivers = [ending('one', one.promise), ending('two', two.promise), pushed().receiver];
  const collector = createCollector(
    { logs: { events: { receivers, exporters: [memory().exporter] } } },
    { logger: silent },
  );
  let done = false;
  void collector.done.then(() => {
    done = true;
  });
  await collector.start();
  one.resolve();
  await turn();
  expect(done).toBe(false);
  two.resolve();
  await turn();
  expect(done).toBe(true);
  await collector.shutdown();
});

test('events$ tells what happens, tap$ shows what reaches the exporters', async () => {
  const refusing = memory(async () => Promise.reject(new PipelineError('rejected', 'no')));
  const collector = logsCollector([], [refusing.exporter]);
  const events: CollectorEvent[] = [];
  const tapped: LogsBatch[] = [];
  collector.events$.subscribe((event) => events.push(event));
  await collector.start();
  const input = collector.input('logs', 'events');
  await expect(input(logs(1), collector.flow())).rejects.toThrow();
  const watching = collector.tap$('logs/events').subscribe((batch) => tapped.push(batch));
  await expect(input(logs(2), collector.flow())).rejects.toThrow();
  watching.unsubscribe();
  await expect(input(logs(3), collector.flow())).rejects.toThrow();
  expect(tapped.map(({ count }) => count)).toEqual([2]);
  expect(events.slice(0, 3)).toEqual([
    { type: 'started', component: 'logs/events/memory' },
    { type: 'started', component: 'receivers/pushed' },
    { type: 'refused', component: 'logs/events/memory', count: 1, reason: 'rejected' },
  ]);
  expect(() => collector.tap$('logs/other')).toThrow('expected one of logs/events');
  expect(() => collector.input('logs', 'other')).toThrow('expected one of logs/events');
  await collector.shutdown();
});

test('graph() describes components and the ways between them as plain data', () => {
  const collector = logsCollector([holding('first'), holding('first')], [memory().exporter]);
  expect(collector.graph()).toEqual({
    nodes: [
      { id: 'receivers/pushed', kind: 'receiver', name: 'pushed', options: {} },
      { id: 'logs/events/first', kind: 'processor', name: 'first', options: {} },
      { id: 'logs/events/first#2', kind: 'processor', name: 'first', options: {} },
      { id: 'logs/events/memory', kind: 'exporter', name: 'memory', options: {} },
    ],
    edges: [
      { from: 'receivers/pushed', to: 'logs/events/first', signal: 'logs', pipeline: 'events' },
      { from: 'logs/events/first', to: 'logs/events/first#2', signal: 'logs', pipeline: 'events' },
      { from: 'logs/events/first#2', to: 'logs/events/memory', signal: 'logs', pipeline: 'events' },
    ],
  });
});

test('admission counts bytes against limits.inFlight', async () => {
  const results: unknown[] = [];
  const source = receiver('source', ['logs'], async (_, { admission }) => {
    const lease = admission.acquire(600);
    results.push(admission.acquire(600), lease?.grow(424), lease?.grow(1), admission.inFlightBytes);
    lease?.release();
    lease?.release();
    results.push(admission.inFlightBytes, admission.limitBytes);
    return { stop: async () => {}, close: async () => {} };
  });
  const config = {
    limits: { inFlight: '1KiB' as const },
    logs: { events: { receivers: [source], exporters: [memory().exporter] } },
  };
  const collector = createCollector(config, { logger: silent });
  await collector.start();
  expect(results).toEqual([undefined, true, false, 1024, 0, 1024]);
  await collector.shutdown();
});
