import {
  type AccountData,
  ConfigError,
  createCollector,
  type Exporter,
  exporter,
  exporterStage,
  type Flow,
  PipelineError,
} from '@otelier/core';
import { buildLogs, buildMetrics, type LogsBatch } from '@otelier/otlp';
import { assertConservation, memoryReceiver, memoryStore } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fakeClock } from '../../test/clock.js';
import { bodies, logs, memoryLog, testFlow, testHost } from '../../test/host.js';
import { failover } from '../failover/failover.js';
import { retry } from '../retry/retry.js';
import { type QueueOptions, queue } from './queue.js';
import { Room } from './room.js';

/** A backend that answers when it is told to. */
function slowBackend() {
  const delivered: unknown[] = [];
  const flows: Flow[] = [];
  const waiting: { batch: LogsBatch; resolve(): void; reject(error: unknown): void }[] = [];
  const inner = exporter('backend', {
    logs: (batch: LogsBatch, flow) =>
      new Promise<void>((resolve, reject) => {
        flow.signal.addEventListener('abort', () => reject(new PipelineError('deadline', 'cut off')));
        flows.push(flow);
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
  return { inner, delivered, flows, waiting, answer };
}

/** Everything that can go on has gone on. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A collector whose one exporter is a queue around a slow backend. */
async function running(options: QueueOptions = {}, backend = slowBackend()) {
  const clock = fakeClock();
  const { logger, log } = memoryLog();
  const receiver = memoryReceiver();
  const pipeline = { receivers: [receiver], exporters: [queue(backend.inner, { workers: 1, ...options })] };
  const collector = createCollector({ logs: { test: pipeline } }, { clock, logger });
  await collector.start();
  const account = () => collector.accounts()['logs/test/queue'] as AccountData;
  const shutdown = async () => {
    const stopped = collector.shutdown({ deadline: '5s' });
    await clock.advance(5000);
    await clock.advance(5000);
    return stopped;
  };
  const errors = () => log.filter(({ level, message }) => level === 'error' && message.includes('queue'));
  const warnings = () => log.filter(({ level, message }) => level === 'warn' && message.includes('queue'));
  return { ...backend, send: receiver.send, account, shutdown, collector, clock, errors, warnings };
}

/** Room for that many batches like this one. */
const bytesOf = (batches: number, batch = logs(1)) => `${batches * batch.size}B` as const;

describe('queue', () => {
  test('says yes before the backend does, and delivers in order', async () => {
    const { send, answer, delivered, waiting } = await running();
    for (let i = 0; i < 3; i++) await send(logs(2, undefined, i * 2));
    expect(delivered).toEqual([]);
    await turn();
    expect(waiting).toHaveLength(1);
    for (let i = 0; i < 3; i++) await answer();
    expect(delivered).toEqual(bodies(logs(6)));
  });

  test('sends as many at a time as it has workers', async () => {
    const { send, waiting, answer } = await running({ workers: 3 });
    for (let i = 0; i < 5; i++) await send(logs(1));
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
    await stage.start?.();
    const batch = () => buildMetrics([{ metrics: [{ name: 'm', gauge: { points: [{ value: 1 }] } }] }]);
    await Promise.all(Array.from({ length: 8 }, () => stage.consume(batch(), testFlow())));
    await stage.flush?.();
    expect(most).toBe(1);
  });

  test('carries on who sent a batch, but not that they hang up', async () => {
    const { send, flows } = await running();
    const sender = new AbortController();
    await send(logs(1), { signal: sender.signal, peer: { address: 'a:1' } });
    sender.abort();
    await turn();
    expect(flows[0]?.peer).toEqual({ address: 'a:1' });
    expect(flows[0]?.signal.aborted).toBe(false);
  });

  test('drops what the backend refuses, by reason, and logs it without a flood', async () => {
    const { send, answer, clock, errors, account } = await running();
    for (let i = 0; i < 4; i++) await send(logs(5));
    await turn();
    await answer(new PipelineError('rejected', 'backend answered 400'));
    await answer(new PipelineError('too-large', 'backend answered 413'));
    await answer(new PipelineError('rejected', 'backend answered 400'));
    expect(account()).toMatchObject({ in: 20, out: 0, dropped: { rejected: 10, 'too-large': 5 }, held: 5 });
    expect(errors()).toMatchObject([
      { level: 'error', fields: { batches: 1, items: 5, error: '[rejected] backend answered 400' } },
    ]);
    await clock.advance(10_000);
    await answer(new PipelineError('rejected', 'again'));
    expect(errors()[1]).toMatchObject({ fields: { batches: 3, items: 15 } });
  });

  test.each(['unauthenticated', 'unsupported'] as const)(
    'keeps what the backend does not take from us, whatever it is (%s): also the rest of a batch',
    async (code) => {
      const answers = [
        new PipelineError(code, 'backend answered so'),
        new PipelineError('too-large', 'too many'),
        undefined,
        new PipelineError('unavailable', 'not now'),
        new PipelineError(code, 'backend answered so'),
        undefined,
      ];
      const inner = exporter('backend', {
        logs: async () => {
          const error = answers.shift();
          if (error !== undefined) throw error;
        },
      });
      const { send, clock, account, warnings } = await running({}, { ...slowBackend(), inner: retry(inner) });
      await send(logs(4));
      await turn();
      expect(account()).toMatchObject({ in: 4, out: 0, dropped: {}, held: 4 });
      expect(warnings()[0]?.fields).toMatchObject({ batches: 1, error: `[unavailable] ${code}: backend answered so` });
      for (let i = 0; i < 20; i++) await clock.advance(30_000);
      expect(answers).toEqual([]);
      expect(account()).toMatchObject({ in: 4, out: 4, dropped: {}, held: 0 });
    },
  );

  test('keeps what fails for a reason that may pass, sends nothing for as long as the backend asks, and then one at first', async () => {
    const { send, answer, waiting, clock, delivered, account } = await running({ workers: 2 });
    for (let i = 0; i < 4; i++) await send(logs(1, undefined, i));
    await turn();
    await answer(new PipelineError('unavailable', 'backend answered 503', { retryAfterMs: 60_000 }));
    await answer(new PipelineError('unavailable', 'backend answered 503'));
    await clock.advance(59_000);
    expect(waiting).toHaveLength(0);
    expect(account()).toMatchObject({ out: 0, held: 4, dropped: {}, noted: { 'kept: unavailable': 2 } });
    await clock.advance(1_000);
    expect(waiting).toHaveLength(1);
    await answer();
    expect(waiting).toHaveLength(2);
    for (let i = 0; i < 3; i++) await answer();
    expect([...delivered].sort()).toEqual(bodies(logs(4)));
    expect(account()).toMatchObject({ in: 4, out: 4, held: 0 });
  });

  test('a batch that never gets through holds nobody up', async () => {
    const { send, answer, waiting, clock, delivered } = await running({ workers: 1 });
    for (let i = 0; i < 4; i++) await send(logs(1, undefined, i));
    await turn();
    for (let round = 0; round < 100 && delivered.length < 3; round++) {
      const [first] = waiting;
      if (first === undefined) await clock.advance(1_000);
      else if (bodies(first.batch).includes('record 0')) await answer(new PipelineError('unavailable', 'not this one'));
      else await answer();
    }
    expect(delivered).toEqual(['record 1', 'record 2', 'record 3']);
  });

  test('order series: batches of one resource never overtake, others do not wait', async () => {
    const { send, answer, waiting, clock, delivered } = await running({ workers: 4, order: 'series' });
    const of = (name: string, body: string) =>
      buildLogs([{ resource: { attributes: { name } }, records: [{ timeUnixNano: 1n, body }] }]);
    for (const body of ['a1', 'a2', 'b1', 'b2']) await send(of(body[0] as string, body));
    await turn();
    expect(waiting.map(({ batch }) => bodies(batch)[0])).toEqual(['a1', 'b1']);
    await answer(new PipelineError('unavailable', 'not now'));
    await answer();
    while (delivered.length < 4) {
      if (waiting.length === 0) await clock.advance(1000);
      else await answer();
    }
    expect(delivered.filter((body) => `${body}`.startsWith('a'))).toEqual(['a1', 'a2']);
    expect(delivered.filter((body) => `${body}`.startsWith('b'))).toEqual(['b1', 'b2']);
  });

  test('sends only what is left of a batch of which the backend has taken parts', async () => {
    const seen: unknown[][] = [];
    const answers = [
      new PipelineError('too-large', 'too many'),
      undefined,
      new PipelineError('unavailable', 'not now'),
    ];
    const inner = exporter('backend', {
      logs: async (batch: LogsBatch) => {
        seen.push(bodies(batch));
        const error = answers.shift();
        if (error !== undefined) throw error;
      },
    });
    const { send, clock, account } = await running({}, { ...slowBackend(), inner: retry(inner, { maxElapsed: '0s' }) });
    await send(logs(4));
    await clock.advance(0);
    await clock.advance(1000);
    expect(seen).toEqual([
      bodies(logs(4)),
      bodies(logs(2)),
      bodies(logs(2, undefined, 2)),
      bodies(logs(2, undefined, 2)),
    ]);
    expect(account()).toMatchObject({ in: 4, out: 4, held: 0 });
  });

  test('a retry inside leaves the waiting to the queue, whose worker goes on with the next batch', async () => {
    const backend = slowBackend();
    const { send, answer, delivered, waiting, clock } = await running(
      { workers: 1 },
      { ...backend, inner: retry(backend.inner, { maxElapsed: '1h' }) },
    );
    for (let i = 0; i < 2; i++) await send(logs(1, undefined, i));
    await turn();
    await answer(new PipelineError('unavailable', 'not this one'));
    while (waiting.length === 0) await clock.advance(100);
    await answer();
    while (delivered.length < 2) {
      if (waiting.length === 0) await clock.advance(1000);
      else await answer();
    }
    expect(backend.flows).toHaveLength(3);
  });

  test('of a batch of which the rest is refused for good, only the rest is lost', async () => {
    const answers = [
      new PipelineError('too-large', 'too many'),
      undefined,
      new PipelineError('unavailable', 'not now'),
      new PipelineError('rejected', 'not these'),
    ];
    const inner = exporter('backend', {
      logs: async () => {
        const error = answers.shift();
        if (error !== undefined) throw error;
      },
    });
    const { send, clock, account } = await running({}, { ...slowBackend(), inner: retry(inner) });
    await send(logs(4));
    await clock.advance(0);
    await clock.advance(5000);
    expect(answers).toEqual([]);
    expect(account()).toMatchObject({ in: 4, out: 2, dropped: { rejected: 2 }, held: 0 });
  });

  test('maxAge: what has waited too long is dropped, counted and logged', async () => {
    const { send, answer, clock, account, errors, delivered } = await running({ maxAge: '1m' });
    for (let i = 0; i < 3; i++) await send(logs(1, undefined, i));
    await clock.advance(30_000);
    await send(logs(1, undefined, 3));
    await turn();
    await clock.advance(40_000);
    expect(account()).toMatchObject({ dropped: { expired: 2 }, held: 2 });
    expect(errors()).toMatchObject([{ fields: { batches: 1, items: 1, reason: 'expired' } }]);
    await answer();
    await answer();
    expect(delivered).toEqual(['record 0', 'record 3']);
  });

  test('counts what the backend rejects in part', async () => {
    const { send, answer, flows, account } = await running();
    await send(logs(5));
    await turn();
    flows[0]?.refuse(2, 'rejected by backend');
    await answer();
    expect(account()).toMatchObject({ in: 5, out: 3, dropped: { 'rejected by backend': 2 }, held: 0 });
  });

  test('has one visible size in batches', async () => {
    const { send } = await running({ maxBatches: 2 });
    await send(logs(1));
    await send(logs(1));
    await expect(send(logs(1))).rejects.toMatchObject({ code: 'overloaded' });
  });

  test('keeps what the inner exporter accepts', () => {
    const inner = exporterStage<'metrics'>(
      'backend',
      { metrics: () => ({ consume: async () => {} }) },
      { accepts: 'cumulative' },
    );
    const wrapped: Exporter<'metrics'> = queue(inner);
    expect(wrapped).toMatchObject({
      name: 'queue',
      accepts: 'cumulative',
      options: { whenFull: 'refuse', exporter: 'backend' },
    });
  });

  test('refuses wrong options', () => {
    const { inner } = slowBackend();
    expect(() => queue(inner, { maxBytes: '5 elephants' as '5B' })).toThrow(ConfigError);
    expect(() => queue(inner, { whenFull: 'panic' as 'wait' })).toThrow(/^queue: whenFull/);
    expect(() => queue(inner, { workers: 0 })).toThrow(/^queue: workers: expected at least 1/);
    expect(() => queue(inner, { dir: '' })).toThrow(/^queue: dir/);
    expect(() => queue(inner, { maxAge: 'soon' as '1s' })).toThrow(/^queue: maxAge/);
    expect(() => queue(inner, { order: 'random' as 'none' })).toThrow(/^queue: order/);
  });
});

describe('a full queue', () => {
  test('refuses: the sender is told when to come back', async () => {
    const { send, answer } = await running({ maxBytes: bytesOf(2) });
    await send(logs(1));
    await send(logs(1));
    await expect(send(logs(1))).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1000 });
    await turn();
    await answer();
    await send(logs(1));
  });

  test('drop-oldest: drops what waits longest, not what is being sent', async () => {
    const { send, answer, delivered, account } = await running({ maxBytes: bytesOf(3), whenFull: 'drop-oldest' });
    await send(logs(1, undefined, 0));
    await turn();
    for (let i = 1; i < 6; i++) await send(logs(1, undefined, i));
    for (let i = 0; i < 3; i++) await answer();
    expect(delivered).toEqual(['record 0', 'record 4', 'record 5']);
    expect(account().dropped).toEqual({ 'queue full': 3 });
  });

  test('wait: the sender waits for room, in order', async () => {
    const { send, answer, delivered } = await running({ maxBytes: bytesOf(1), whenFull: 'wait' });
    const accepted: number[] = [];
    const all = [0, 1, 2].map((i) => send(logs(1, undefined, i)).then(() => accepted.push(i)));
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
    const { send, answer, delivered } = await running({ maxBytes: bytesOf(1), whenFull: 'wait' });
    await send(logs(1, undefined, 0));
    const sender = new AbortController();
    const second = send(logs(1, undefined, 1), { signal: sender.signal }).catch((error: unknown) => error);
    const third = send(logs(1, undefined, 2));
    sender.abort();
    expect(await second).toMatchObject({ code: 'deadline' });
    await turn();
    await answer();
    await third;
    await answer();
    expect(delivered).toEqual(['record 0', 'record 2']);
  });

  test.each(['refuse', 'drop-oldest', 'wait'] as const)(
    '%s: a batch that could never fit is too large',
    async (whenFull) => {
      const { send, account } = await running({ maxBytes: bytesOf(2), whenFull });
      await send(logs(1));
      await expect(send(logs(100))).rejects.toMatchObject({ code: 'too-large' });
      expect(account().dropped).toEqual({});
    },
  );
});

describe('the end', () => {
  test('a shutdown delivers everything held', async () => {
    const { send, answer, delivered, collector } = await running();
    for (let i = 0; i < 3; i++) await send(logs(1, undefined, i));
    await turn();
    const stopped = collector.shutdown();
    for (let i = 0; i < 3; i++) await answer();
    expect(await stopped).toMatchObject({ delivered: 3, lost: 0, clean: true });
    expect(delivered).toEqual(bodies(logs(3)));
  });

  test('what is left at the deadline is counted as lost and logged, also what was being sent', async () => {
    const { send, shutdown, errors } = await running();
    for (let i = 0; i < 3; i++) await send(logs(2));
    await turn();
    expect(await shutdown()).toMatchObject({ delivered: 0, lost: 6, kept: 0, clean: false });
    expect(errors()).toMatchObject([{ fields: { batches: 3, items: 6, bytes: 3 * logs(2).size } }]);
  });

  test('of a batch that was delivered in part only the rest is lost, or expires', async () => {
    for (const how of ['closed', 'expired'] as const) {
      let requests = 0;
      const inner = exporter('backend', {
        logs: async () => {
          requests++;
          if (requests === 1) throw new PipelineError('too-large', 'too many');
          if (requests > 2) throw new PipelineError('unavailable', 'down');
        },
      });
      const backend = { ...slowBackend(), inner: retry(inner) };
      const { send, clock, account, shutdown } = await running(how === 'expired' ? { maxAge: '100ms' } : {}, backend);
      await send(logs(4));
      await turn();
      await clock.advance(0);
      expect(account()).toMatchObject({ held: 4, noted: { 'kept: unavailable': 2 } });
      if (how === 'expired') await clock.advance(100);
      const report = await shutdown();
      expect(report.lost).toBe(2);
      expect(account()).toMatchObject({ out: 2, dropped: { [how]: 2 } });
    }
  });

  test('what queues inside other exporters lose or keep is in the report', async () => {
    for (const store of [undefined, memoryStore()]) {
      const receiver = memoryReceiver();
      const down = exporter('down', { logs: () => Promise.reject(new PipelineError('unavailable', 'down')) });
      const exporters = [failover([queue(down)])];
      const options = { clock: fakeClock(), logger: memoryLog().logger, ...(store && { store }) };
      const collector = createCollector({ logs: { test: { receivers: [receiver], exporters } } }, options);
      await collector.start();
      await receiver.send(logs(3));
      const stopped = collector.shutdown({ deadline: '5s' });
      for (let i = 0; i < 10; i++) await options.clock.advance(1000);
      const ends = store === undefined ? { lost: 3, kept: 0, clean: false } : { lost: 0, kept: 3, clean: true };
      expect(await stopped).toMatchObject(ends);
    }
  });

  test('senders who wait for room are let go with an error', async () => {
    const { send, shutdown } = await running({ maxBytes: bytesOf(1), whenFull: 'wait' });
    await send(logs(1));
    const second = send(logs(1)).catch((error: unknown) => error);
    await shutdown();
    expect(await second).toMatchObject({ code: 'unavailable' });
  });
});

describe('conservation', () => {
  test('accepted = delivered + dropped, whatever happens in which order', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constantFrom('deliver' as const, 'fail' as const, 'hang up' as const) }),
    );
    const options = fc.record({
      workers: fc.integer({ min: 1, max: 3 }),
      whenFull: fc.constantFrom('refuse' as const, 'drop-oldest' as const, 'wait' as const),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), options, fc.boolean(), async (steps, chosen, drain) => {
        const { send, answer, waiting, delivered, account, collector, shutdown } = await running({
          maxBytes: bytesOf(4, logs(2)),
          ...chosen,
        });
        const outcomes: Promise<number>[] = [];
        const senders: AbortController[] = [];
        for (const one of steps) {
          if (one.do === 'send') {
            const sender = new AbortController();
            senders.push(sender);
            const sent = send(logs(one.count), { signal: sender.signal });
            outcomes.push(
              sent.then(
                () => one.count,
                () => 0,
              ),
            );
          } else if (one.do === 'hang up') senders.shift()?.abort();
          else if (waiting.length > 0)
            await answer(one.do === 'fail' ? new PipelineError('rejected', 'no') : undefined);
          await turn();
        }
        while (drain && waiting.length > 0) await answer();
        assertConservation(collector.accounts());
        const report = await shutdown();
        const accepted = (await Promise.all(outcomes)).reduce((sum, count) => sum + count, 0);
        expect(account().out).toBe(delivered.length);
        expect(delivered.length + report.lost).toBe(accepted);
        assertConservation(collector.accounts());
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
