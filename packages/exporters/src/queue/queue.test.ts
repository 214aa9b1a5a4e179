import { ConfigError, type Exporter, PipelineError, exporter, exporterStage } from '@otelier/core';
import type { LogsBatch } from '@otelier/otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodies, logs, startLogs, testFlow, testHost } from '../../test/host.js';
import { fakeClock } from '../../test/clock.js';
import { type QueueOptions, queue } from './queue.js';
import { Room } from './room.js';

/** A backend that answers when it is told to. */
function slowBackend() {
  const delivered: unknown[] = [];
  const waiting: { batch: LogsBatch; resolve(): void; reject(error: unknown): void }[] = [];
  const inner = exporter('backend', {
    logs: (batch: LogsBatch, flow) =>
      new Promise<void>((resolve, reject) => {
        flow.signal.addEventListener('abort', () => reject(new PipelineError('deadline', 'cut off')));
        waiting.push({ batch, resolve, reject });
      }).then(() => void delivered.push(...bodies(batch))),
  });
  /** Lets the oldest delivery end, well or with an error. */
  const answer = async (error?: PipelineError) => {
    const next = waiting.shift();
    if (next === undefined) throw new Error('nothing is being sent');
    if (error === undefined) next.resolve();
    else next.reject(error);
    await turn();
  };
  return { inner, delivered, waiting, answer };
}

/** Everything that can go on has gone on. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function running(options: QueueOptions = {}) {
  const backend = slowBackend();
  const clock = fakeClock();
  const host = testHost({ clock });
  const stage = await startLogs(queue(backend.inner, { workers: 1, ...options }), host);
  /** What was dropped, by reason. */
  const dropped = () => {
    const sums: Record<string, number> = {};
    for (const { drops } of host.flows) for (const [reason, count] of Object.entries(drops)) sums[reason] = (sums[reason] ?? 0) + count;
    return sums;
  };
  return { ...backend, stage, host, clock, dropped };
}

/** Room for that many batches like this one. */
const bytesOf = (batches: number, batch = logs(1)) => `${batches * batch.size}B` as const;

describe('queue', () => {
  test('says yes before the backend does, and delivers in order', async () => {
    const { stage, answer, delivered, waiting } = await running();
    for (let i = 0; i < 3; i++) await stage.consume(logs(2, undefined, i * 2), testFlow());
    expect(delivered).toEqual([]);
    await turn();
    expect(waiting).toHaveLength(1);
    for (let i = 0; i < 3; i++) await answer();
    expect(delivered).toEqual(bodies(logs(6)));
  });

  test('sends as many at a time as it has workers', async () => {
    const { stage, waiting, answer } = await running({ workers: 3 });
    for (let i = 0; i < 5; i++) await stage.consume(logs(1), testFlow());
    await turn();
    expect(waiting).toHaveLength(3);
    await answer();
    expect(waiting).toHaveLength(3);
    await answer();
    await answer();
    expect(waiting).toHaveLength(2);
  });

  test('keeps the order of metrics unless told otherwise', async () => {
    let active = 0;
    let most = 0;
    const inner = exporterStage<'metrics'>('backend', {
      metrics: () => ({
        async consume() {
          most = Math.max(most, ++active);
          await turn();
          active--;
        },
      }),
    });
    const stage = queue(inner).metrics(testHost({ signal: 'metrics' }));
    const { buildMetrics } = await import('@otelier/otlp');
    const batch = () => buildMetrics([{ metrics: [{ name: 'm', gauge: { points: [{ value: 1 }] } }] }]);
    await Promise.all(Array.from({ length: 8 }, () => stage.consume(batch(), testFlow())));
    await stage.flush?.();
    expect(most).toBe(1);
  });

  test('carries on who sent a batch, but not that they hang up', async () => {
    const seen: unknown[] = [];
    const inner = exporter('backend', { logs: async (_batch: LogsBatch, flow) => void seen.push(flow.peer, flow.signal.aborted) });
    const stage = await startLogs(queue(inner));
    const sender = new AbortController();
    await stage.consume(logs(1), testFlow({ signal: sender.signal, peer: { address: 'a:1' } }));
    sender.abort();
    await stage.flush?.();
    expect(seen).toEqual([{ address: 'a:1' }, false]);
  });

  test('drops what the backend refuses, by reason, and logs it without a flood', async () => {
    const { stage, answer, clock, host, dropped } = await running();
    for (let i = 0; i < 4; i++) await stage.consume(logs(5), testFlow());
    await turn();
    await answer(new PipelineError('rejected', 'backend answered 400'));
    await answer(new PipelineError('unavailable', 'backend answered 503'));
    await answer(new PipelineError('unavailable', 'backend answered 503'));
    expect(dropped()).toEqual({ rejected: 5, unavailable: 10 });
    expect(host.log).toMatchObject([{ level: 'error', fields: { batches: 1, items: 5, error: '[rejected] backend answered 400' } }]);
    await clock.advance(10_000);
    await answer(new PipelineError('rejected', 'again'));
    expect(host.log[1]).toMatchObject({ fields: { batches: 3, items: 15 } });
  });

  test('has one visible size in batches', async () => {
    const { stage } = await running({ maxBatches: 2 });
    await stage.consume(logs(1), testFlow());
    await stage.consume(logs(1), testFlow());
    await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({ code: 'overloaded' });
  });

  test('keeps what the inner exporter accepts', () => {
    const inner = exporterStage<'metrics'>('backend', { metrics: () => ({ consume: async () => {} }) }, { accepts: 'cumulative' });
    const wrapped: Exporter<'metrics'> = queue(inner);
    expect(wrapped).toMatchObject({ name: 'queue', accepts: 'cumulative', options: { whenFull: 'refuse', exporter: 'backend' } });
  });

  test('refuses wrong options', () => {
    const { inner } = slowBackend();
    expect(() => queue(inner, { maxBytes: '5 elephants' as '5B' })).toThrow(ConfigError);
    expect(() => queue(inner, { whenFull: 'panic' as 'wait' })).toThrow(/^queue: whenFull/);
    expect(() => queue(inner, { workers: 0 })).toThrow(/^queue: workers: expected at least 1/);
    expect(() => queue(inner, { dir: './x' } as QueueOptions)).toThrow(/^queue: dir/);
  });
});

describe('a full queue', () => {
  test('refuses: the sender is told when to come back', async () => {
    const { stage, answer } = await running({ maxBytes: bytesOf(2) });
    await stage.consume(logs(1), testFlow());
    await stage.consume(logs(1), testFlow());
    await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1000 });
    await turn();
    await answer();
    await stage.consume(logs(1), testFlow());
  });

  test('drop-oldest: drops what waits longest, not what is being sent', async () => {
    const { stage, answer, delivered, dropped } = await running({ maxBytes: bytesOf(3), whenFull: 'drop-oldest' });
    await stage.consume(logs(1, undefined, 0), testFlow());
    await turn();
    for (let i = 1; i < 6; i++) await stage.consume(logs(1, undefined, i), testFlow());
    for (let i = 0; i < 3; i++) await answer();
    expect(delivered).toEqual(['record 0', 'record 4', 'record 5']);
    expect(dropped()).toEqual({ 'queue full': 3 });
  });

  test('wait: the sender waits for room, in order', async () => {
    const { stage, answer, delivered } = await running({ maxBytes: bytesOf(1), whenFull: 'wait' });
    const accepted: number[] = [];
    const all = [0, 1, 2].map((i) => stage.consume(logs(1, undefined, i), testFlow()).then(() => accepted.push(i)));
    await turn();
    expect(accepted).toEqual([0]);
    await answer();
    expect(accepted).toEqual([0, 1]);
    await answer();
    await answer();
    await Promise.all(all);
    expect(delivered).toEqual(bodies(logs(3)));
  });

  test('wait: a sender who gives up leaves the line', async () => {
    const { stage, answer, delivered } = await running({ maxBytes: bytesOf(1), whenFull: 'wait' });
    await stage.consume(logs(1, undefined, 0), testFlow());
    const sender = new AbortController();
    const second = stage.consume(logs(1, undefined, 1), testFlow({ signal: sender.signal })).catch((error: unknown) => error);
    const third = stage.consume(logs(1, undefined, 2), testFlow());
    sender.abort();
    expect(await second).toMatchObject({ code: 'deadline' });
    await turn();
    await answer();
    await third;
    await answer();
    expect(delivered).toEqual(['record 0', 'record 2']);
  });

  test.each(['refuse', 'drop-oldest', 'wait'] as const)('%s: a batch that could never fit is too large', async (whenFull) => {
    const { stage, dropped } = await running({ maxBytes: bytesOf(2), whenFull });
    await stage.consume(logs(1), testFlow());
    await expect(stage.consume(logs(100), testFlow())).rejects.toMatchObject({ code: 'too-large' });
    expect(dropped()).toEqual({});
  });
});

describe('the end', () => {
  test('flush delivers everything held', async () => {
    const { stage, answer, delivered } = await running();
    for (let i = 0; i < 3; i++) await stage.consume(logs(1, undefined, i), testFlow());
    let flushed = false;
    const flush = stage.flush?.().then(() => {
      flushed = true;
    });
    await turn();
    await answer();
    await answer();
    expect(flushed).toBe(false);
    await answer();
    await flush;
    expect(delivered).toEqual(bodies(logs(3)));
  });

  test('close counts and logs what is lost, also what was being sent', async () => {
    const { stage, dropped, host } = await running();
    for (let i = 0; i < 3; i++) await stage.consume(logs(2), testFlow());
    await turn();
    await stage.close?.();
    await turn();
    expect(dropped()).toEqual({ closed: 6 });
    expect(host.log.at(-1)).toMatchObject({ level: 'error', fields: { batches: 3, items: 6, bytes: 3 * logs(2).size } });
  });

  test('close lets waiting senders go with an error', async () => {
    const { stage } = await running({ maxBytes: bytesOf(1), whenFull: 'wait' });
    await stage.consume(logs(1), testFlow());
    const second = stage.consume(logs(1), testFlow()).catch((error: unknown) => error);
    await stage.close?.();
    expect(await second).toMatchObject({ code: 'unavailable' });
  });
});

describe('conservation', () => {
  test('accepted = delivered + dropped, whatever happens in which order', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constantFrom('deliver' as const, 'fail' as const, 'hang up' as const) }),
    );
    const options = fc.record({ workers: fc.integer({ min: 1, max: 3 }), whenFull: fc.constantFrom('refuse' as const, 'drop-oldest' as const, 'wait' as const) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), options, fc.boolean(), async (steps, chosen, drain) => {
        const { stage, answer, waiting, delivered, dropped } = await running({ maxBytes: bytesOf(4, logs(2)), ...chosen });
        const outcomes: Promise<number>[] = [];
        const senders: AbortController[] = [];
        for (const one of steps) {
          if (one.do === 'send') {
            const sender = new AbortController();
            senders.push(sender);
            const sent = stage.consume(logs(one.count), testFlow({ signal: sender.signal }));
            outcomes.push(sent.then(() => one.count, () => 0));
          } else if (one.do === 'hang up') senders.shift()?.abort();
          else if (waiting.length > 0) await answer(one.do === 'fail' ? new PipelineError('rejected', 'no') : undefined);
          await turn();
        }
        while (drain && waiting.length > 0) await answer();
        await stage.close?.();
        await turn();
        const accepted = (await Promise.all(outcomes)).reduce((sum, count) => sum + count, 0);
        const lost = Object.values(dropped()).reduce((sum, count) => sum + count, 0);
        expect(delivered.length + lost).toBe(accepted);
      }),
      { numRuns: 100 },
    );
  });

  test('room never holds more than it has, nor loses any', async () => {
    const never = new AbortController().signal;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 10 }), { maxLength: 50 }), async (sizes) => {
        const room = new Room(20, 5);
        const inside: number[] = [];
        const all = sizes.map(async (bytes) => {
          await room.wait(bytes, never);
          inside.push(bytes);
          expect(room.bytes).toBeLessThanOrEqual(20);
          expect(room.batches).toBeLessThanOrEqual(5);
          await turn();
          room.give(bytes);
        });
        await Promise.all(all);
        expect(inside).toEqual(sizes);
        expect([room.bytes, room.batches]).toEqual([0, 0]);
      }),
    );
  });
});
