import { afterEach, describe, expect, test } from 'vitest';
import { deferred, logs, logsCollector, ManualClock, memory, pushed, silent, turn } from '../fakes/ends.js';
import {
  type Collector,
  createCollector,
  exporterStage,
  type Kept,
  keep,
  PipelineError,
  type QueueRoom,
  receiver,
  stage,
  tellRoom,
} from '../index.js';
import type { StateStore } from '../store/state-store.js';

const collectors: { readonly collector: Collector; readonly clock: ManualClock | undefined }[] = [];
afterEach(async () => {
  for (const { collector, clock } of collectors.splice(0)) {
    const stopped = collector.shutdown({ deadline: '0s' });
    while (clock !== undefined && collector.state !== 'stopped') {
      clock.advance(1000);
      await turn();
    }
    await stopped;
  }
});

function kept(collector: Collector, clock?: ManualClock): Collector {
  collectors.push({ collector, clock });
  return collector;
}

/** Moves time on as a running process would see it: second by second. */
function pass(clock: ManualClock, seconds: number): void {
  for (let second = 0; second < seconds; second++) clock.advance(1000);
}

const given = (collector: Collector, count: number): Promise<void> =>
  collector
    .input('logs')(logs(count), collector.flow())
    .catch(() => {});

describe('a collector is ready', () => {
  test('only while it runs', async () => {
    const starting = deferred();
    const draining = deferred();
    const end = exporterStage('end', {
      logs: () => ({ start: () => starting.promise, consume: async () => {}, flush: () => draining.promise }),
    });
    const collector = kept(logsCollector([], [end]));
    expect(collector.health()).toMatchObject({ live: true, ready: false, reasons: ['the collector is created'] });
    const started = collector.start();
    expect(collector.health()).toMatchObject({ ready: false, reasons: ['the collector is starting'] });
    starting.resolve();
    await started;
    expect(collector.health()).toEqual({
      ...{ live: true, ready: true, reasons: [], degraded: [], endpoint: undefined },
      pipelines: { 'logs/events': { ready: true, held: 0, stalled: [], degraded: [] } },
    });
    const stopped = collector.shutdown();
    await turn();
    expect(collector.health()).toMatchObject({ ready: false, reasons: ['the collector is draining'] });
    draining.resolve();
    await stopped;
    expect(collector.health()).toMatchObject({ live: true, ready: false, reasons: ['the collector is stopped'] });
  });

  test('not when a receiver has failed', async () => {
    const fate = deferred();
    const reads = receiver('reads', ['logs'], async () => ({
      done: fate.promise,
      stop: async () => {},
      close: async () => {},
    }));
    const config = { logs: { events: { receivers: [reads], exporters: [memory().exporter] } } };
    const collector = kept(createCollector(config, { logger: silent }));
    await collector.start();
    expect(collector.health().ready).toBe(true);
    fate.reject(new Error('the disk is gone'));
    await turn();
    expect(collector.health()).toMatchObject({ ready: false, reasons: ['receivers/reads has failed'] });
  });
});

describe('a stalled pipeline is not ready', () => {
  test('when an exporter answers nothing for 30 s, and is again with the first answer', async () => {
    const clock = new ManualClock();
    const answer = deferred();
    const collector = kept(logsCollector([], [memory(() => answer.promise).exporter], { clock }), clock);
    await collector.start();
    const sent = given(collector, 3);
    pass(clock, 29);
    expect(collector.health().ready).toBe(true);
    pass(clock, 5);
    expect(collector.health()).toMatchObject({
      ready: false,
      pipelines: { 'logs/events': { ready: false, held: 3, stalled: [{ id: 'logs/events/memory', held: 3 }] } },
    });
    expect(collector.health().reasons).toEqual([
      expect.stringMatching(/^logs\/events\/memory is stalled: it holds 3 items, and none has left it for 3\d s$/),
    ]);
    answer.resolve();
    await sent;
    expect(collector.health()).toMatchObject({ ready: true, reasons: [] });
  });

  test('but not while some of what it holds ends, however long the rest waits', async () => {
    const clock = new ManualClock();
    let calls = 0;
    const never = new Promise<void>(() => {});
    const end = memory(() => (++calls === 1 ? never : Promise.resolve()));
    const collector = kept(logsCollector([], [end.exporter], { clock }), clock);
    await collector.start();
    void given(collector, 1);
    for (let round = 0; round < 20; round++) {
      pass(clock, 10);
      await given(collector, 1);
      expect(collector.health().ready).toBe(true);
    }
  });

  test('not after a long quiet time either: what matters is how long it has been busy', async () => {
    const clock = new ManualClock();
    const collector = kept(logsCollector([], [memory(() => new Promise(() => {})).exporter], { clock }), clock);
    await collector.start();
    pass(clock, 3600);
    void given(collector, 1);
    pass(clock, 20);
    expect(collector.health().ready).toBe(true);
  });

  test('after `health.stalledAfter`, and only the pipeline that it is', async () => {
    const clock = new ManualClock();
    const [first, second] = [pushed('first'), pushed('second')];
    const stuck = memory(() => new Promise(() => {}), 'stuck');
    const config = {
      health: { stalledAfter: '2m' as const },
      logs: {
        bad: { receivers: [first.receiver], exporters: [stuck.exporter] },
        good: { receivers: [second.receiver], exporters: [memory().exporter] },
      },
    };
    const collector = kept(createCollector(config, { logger: silent, clock }), clock);
    await collector.start();
    void first.send(logs(1)).catch(() => {});
    await second.send(logs(1));
    pass(clock, 119);
    expect(collector.health().ready).toBe(true);
    pass(clock, 15);
    const { ready, pipelines } = collector.health();
    expect(ready).toBe(false);
    expect(pipelines).toMatchObject({ 'logs/bad': { ready: false }, 'logs/good': { ready: true, held: 0 } });
  });

  test('also by a call that nothing ends although nothing is held', async () => {
    const clock = new ManualClock();
    const passesAndHangs = stage('hangs', {
      logs: (next) => ({
        consume: async (batch, flow) => {
          await next(batch, flow);
          await new Promise(() => {});
        },
      }),
    });
    const collector = kept(logsCollector([passesAndHangs], [memory().exporter], { clock }), clock);
    await collector.start();
    void given(collector, 2);
    await turn();
    pass(clock, 40);
    expect(collector.health().reasons).toEqual([
      expect.stringMatching(/^1 batch is under way, and none has ended for \d+ s$/),
    ]);
  });

  test('a clock that is set back makes nothing look stalled', async () => {
    const clock = new ManualClock();
    const collector = kept(logsCollector([], [memory(() => new Promise(() => {})).exporter], { clock }), clock);
    await collector.start();
    void given(collector, 1);
    pass(clock, 10);
    clock.time -= 3_600_000;
    expect(collector.health().ready).toBe(true);
    expect(collector.health().ready).toBe(true);
  });
});

describe('what cannot take more is not ready', () => {
  test('a store that takes no writes, until it does, although nobody sends anything meanwhile', async () => {
    const clock = new ManualClock();
    let full = false;
    const store: StateStore = {
      get: () => undefined,
      keys: () => [],
      entries: () => [],
      commit: async () => {
        if (full) throw new Error('no space left on device');
      },
      close: async () => {},
    };
    const writes = exporterStage('writes', {
      logs: (host) => ({
        consume: async () => {
          const own = await host.openStore();
          await own?.commit([[Buffer.from('a'), Buffer.from('b')]]).catch((cause: unknown) => {
            throw new PipelineError('unavailable', 'the disk takes no writes', { cause });
          });
        },
      }),
    });
    const collector = kept(logsCollector([], [writes], { clock, store }), clock);
    await collector.start();
    await given(collector, 1);
    expect(collector.health().ready).toBe(true);
    full = true;
    await given(collector, 1);
    expect(collector.health()).toMatchObject({ ready: false, reasons: ['the given store does not take writes'] });
    pass(clock, 60);
    await turn();
    expect(collector.health().ready).toBe(false);
    full = false;
    await turn();
    pass(clock, 5);
    await turn();
    expect(collector.health().ready).toBe(true);
  });

  test('a queue that is full', async () => {
    let bytes = 94;
    const queue = exporterStage('queue', {
      logs: (host) => {
        const stop = tellRoom(host, () => ({ bytes, maxBytes: 100, batches: 1 }));
        return { consume: async () => {}, close: async () => stop() };
      },
    });
    const collector = kept(logsCollector([], [queue]));
    await collector.start();
    expect(collector.health().ready).toBe(true);
    bytes = 95;
    expect(collector.health()).toMatchObject({
      ...{ ready: false, reasons: ['logs/events/queue is full'] },
      pipelines: { 'logs/events': { ready: false, stalled: [] } },
    });
    await collector.shutdown();
    expect(collector.health().reasons).toEqual(['the collector is stopped']);
  });
});

describe('a queue that does not get rid of what it has taken', () => {
  /** A queue that keeps everything until it is told to deliver, and takes batches as slowly as `commit` wants. */
  function queue(room: Partial<QueueRoom>, commit: () => Promise<void> = async () => {}) {
    const held: { readonly items: Kept; readonly count: number }[] = [];
    const end = exporterStage('queue', {
      logs: (host) => {
        const items = keep(host, 0);
        const stop = tellRoom(host, () => ({ bytes: 10, maxBytes: 1000, batches: held.length, ...room }));
        return {
          consume: async (batch, flow) => {
            await commit();
            items.more(batch.count, flow);
            held.push({ items, count: batch.count });
          },
          close: async () => stop(),
        };
      },
    });
    return { end, deliver: () => held.splice(0).forEach(({ items, count }) => void items.delivered(count)) };
  }

  test('is degraded and ready while it has room, and says since when its backend fails', async () => {
    const clock = new ManualClock();
    const room: { failingSince?: number; oldestAt?: number; bytes?: number } = {};
    const { end, deliver } = queue(room);
    const collector = kept(logsCollector([], [end], { clock }), clock);
    await collector.start();
    room.oldestAt = clock.time;
    await given(collector, 3);
    pass(clock, 20);
    expect(collector.health()).toMatchObject({ ready: true, degraded: [] });
    room.failingSince = clock.time;
    pass(clock, 100);
    await given(collector, 2);
    expect(collector.health()).toMatchObject({
      ...{ ready: true, reasons: [] },
      degraded: [
        'logs/events/queue keeps 5 items, the oldest for 120 s: its backend has been failing for 100 s; it is 1 % full',
      ],
      pipelines: {
        'logs/events': {
          ...{ ready: true, held: 5, stalled: [] },
          degraded: [{ id: 'logs/events/queue', held: 5, failingMs: 100_000, oldestMs: 120_000, fill: 0.01 }],
        },
      },
    });
    room.bytes = 950;
    expect(collector.health()).toMatchObject({ ready: false, reasons: ['logs/events/queue is full'] });
    delete room.bytes;
    delete room.failingSince;
    deliver();
    expect(collector.health()).toMatchObject({ ready: true, degraded: [] });
  });

  test('is degraded also when its backend neither fails nor answers', async () => {
    const clock = new ManualClock();
    const { end, deliver } = queue({});
    const collector = kept(logsCollector([], [end], { clock }), clock);
    await collector.start();
    await given(collector, 1);
    pass(clock, 29);
    expect(collector.health().degraded).toEqual([]);
    pass(clock, 5);
    expect(collector.health()).toMatchObject({
      ...{ ready: true, degraded: [expect.stringContaining('its backend does not answer')] },
    });
    deliver();
    expect(collector.health().degraded).toEqual([]);
  });

  test('is stalled, and not ready, when the calls that bring batches to it do not end', async () => {
    const clock = new ManualClock();
    const collector = kept(logsCollector([], [queue({}, () => new Promise(() => {})).end], { clock }), clock);
    await collector.start();
    void given(collector, 4);
    pass(clock, 35);
    expect(collector.health()).toMatchObject({
      ...{ ready: false, pipelines: { 'logs/events': { ready: false, stalled: [{ held: 4 }] } } },
    });
  });
});
