import {
  ConfigError,
  type Exporter,
  exporter,
  PipelineError,
  type PipelineErrorCode,
  type Signal,
} from '@otelier/core';
import { LogsBatch } from '@otelier/otlp';
import { memoryExporter } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyFaults, backend, sendThrough } from '../../test/backend.js';
import { fakeClock } from '../../test/clock.js';
import { wrapperContract } from '../../test/contract.js';
import { bodies, logs, startLogs, testFlow, testHost } from '../../test/host.js';
import { httpServer } from '../../test/servers.js';
import { otlpExporter } from '../otlp/otlp.js';
import { deliverParts } from '../parts.js';
import { retry } from '../retry/retry.js';
import { type FailoverOptions, failover } from './failover.js';

const all = (count: number) => bodies(logs(count)) as string[];
const fail = (code: PipelineErrorCode, retryAfterMs?: number) =>
  new PipelineError(code, 'told to', retryAfterMs === undefined ? {} : { retryAfterMs });

/** A failover to `a`, then `b`; `to` says who took the batches so far. */
async function running(options: FailoverOptions = {}) {
  const clock = fakeClock();
  const host = testHost({ clock });
  const to: string[] = [];
  const answers: Record<string, PipelineError | Promise<void> | undefined> = {};
  const named = (name: string) =>
    exporter(name, {
      logs: async (_: LogsBatch) => {
        to.push(name);
        const answer = answers[name];
        if (answer instanceof PipelineError) throw answer;
        await answer;
      },
    });
  const stage = await startLogs(failover([named('a'), named('b')], options), host);
  const send = () => stage.consume(logs(2), testFlow());
  return { clock, host, to, answers, send, stage };
}

describe('failover', () => {
  test('sends to the first while it takes what it gets', async () => {
    const { to, send } = await running();
    await send();
    await send();
    expect(to).toEqual(['a', 'a']);
  });

  test.each(['unavailable', 'overloaded', 'deadline', 'unauthenticated', 'unsupported'] as const)(
    'goes on to the next when the first is %s, passes the first over, and comes back after a look at it',
    async (code) => {
      const { clock, host, to, answers, send } = await running({ probeInterval: '10s' });
      answers.a = fail(code);
      await send();
      await send();
      expect(to).toEqual(['a', 'b', 'b']);
      await clock.advance(10_000);
      await send();
      expect(to.splice(0)).toEqual(['a', 'b', 'b', 'a', 'b']);
      answers.a = undefined;
      await clock.advance(9_999);
      await send();
      expect(to.splice(0)).toEqual(['b']);
      await clock.advance(1);
      await send();
      await send();
      expect(to).toEqual(['a', 'a']);
      expect(host.log.map(({ level, message }) => [level, message])).toEqual([
        ['warn', 'an exporter is down'],
        ['info', 'an exporter is up again'],
      ]);
    },
  );

  test.each(['rejected', 'too-large', 'internal'] as const)('does not take %s data elsewhere', async (code) => {
    const { to, answers, send } = await running();
    answers.a = fail(code);
    await expect(send()).rejects.toMatchObject({ code });
    await expect(send()).rejects.toMatchObject({ code });
    expect(to).toEqual(['a', 'a']);
  });

  test('passes an exporter over only after as many failures in a row as it is told', async () => {
    const { to, answers, send } = await running({ maxFailures: 3 });
    answers.a = fail('unavailable');
    await send();
    await send();
    answers.a = undefined;
    await send();
    answers.a = fail('unavailable');
    for (let i = 0; i < 4; i++) await send();
    expect(to.join('')).toBe('ababaabababb');
  });

  test('sends one batch to look, and the others go where they are sure to arrive', async () => {
    const { clock, to, answers, send } = await running({ probeInterval: '10s' });
    answers.a = fail('unavailable');
    await send();
    await clock.advance(10_000);
    let answer = (): void => {};
    answers.a = new Promise((resolve) => {
      answer = resolve;
    });
    const look = send();
    await send();
    expect(to).toEqual(['a', 'b', 'a', 'b']);
    answer();
    await look;
    await send();
    expect(to.at(-1)).toBe('a');
  });

  test('leaves one alone as long as it asked for, also when all are down', async () => {
    const { clock, to, answers, send } = await running({ probeInterval: '1s' });
    answers.a = fail('overloaded', 20_000);
    answers.b = fail('overloaded', 5_000);
    await expect(send()).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 5_000 });
    await clock.advance(2_000);
    await expect(send()).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 3_000 });
    expect(to).toEqual(['a', 'b']);
    await clock.advance(3_000);
    answers.b = undefined;
    await send();
    expect(to).toEqual(['a', 'b', 'b']);
  });

  test('tries all of them when all are down', async () => {
    const { to, answers, send } = await running();
    answers.a = fail('unavailable');
    answers.b = fail('unauthenticated');
    await expect(send()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(send()).rejects.toMatchObject({ code: 'unavailable' });
    expect(to.join('')).toBe('abab');
  });

  test('does not blame an exporter for a sender that left, nor send what nobody waits for', async () => {
    const sender = new AbortController();
    const a = backend({ faults: ['hang'] }, 'a');
    const b = backend({}, 'b');
    const stage = await startLogs(failover([a.exporter, b.exporter]), testHost());
    a.onHang = () => sender.abort();
    await expect(stage.consume(logs(1), testFlow({ signal: sender.signal }))).rejects.toMatchObject({
      code: 'deadline',
    });
    await stage.consume(logs(1), testFlow());
    expect([a.requests.length, b.requests.length]).toEqual([2, 0]);
  });

  test('sends only the rest of a batch to the next when a part of it has arrived', async () => {
    const delivered: string[][] = [[], []];
    const servers = await Promise.all(
      [0, 1].map((which) =>
        httpServer(({ body }, call) => {
          if (which === 0 && call > 1) return { status: 503 };
          delivered[which]?.push(...(bodies(LogsBatch.parse(body)) as string[]));
          return {};
        }),
      ),
    );
    const [a, b] = servers.map(({ url }) => otlpExporter({ endpoint: url, maxBytes: '1KiB' }));
    const stage = await startLogs(failover([a, b] as Exporter<Signal>[]));
    await stage.consume(logs(100), testFlow());
    await stage.close?.();
    await Promise.all(servers.map((server) => server.close()));
    expect(delivered.flat()).toEqual(all(100));
    expect(delivered.map((records) => records.length > 0)).toEqual([true, true]);
  });

  test('takes parts that one turned away elsewhere, also inside a retry', async () => {
    const a = exporter('a', {
      logs: async (batch) => {
        const parts = batch.split({ maxCount: 2 });
        const refuse = () => Promise.reject(fail('unauthenticated'));
        await deliverParts(parts, testFlow(), refuse, batch);
      },
    });
    const b = backend({}, 'b');
    await sendThrough(retry(failover([a, b.exporter])), 5, []);
    expect(b.stored).toEqual(all(5));
  });

  test('notes what did not go to the first, by where it went', async () => {
    const a = backend({ faults: ['unavailable'] }, 'a');
    const { accounts } = await sendThrough(failover([a.exporter, backend({}, 'b').exporter]), 3, []);
    expect(accounts['logs/test/failover']).toMatchObject({ in: 3, out: 3, refused: {}, noted: { 'sent to b': 3 } });
    expect(accounts['logs/test/failover/a']).toMatchObject({ in: 3, refused: { unavailable: 3 } });
    const twins = await sendThrough(failover([backend({}, 'a').exporter, backend({}, 'a').exporter]), 1, []);
    expect(Object.keys(twins.accounts)).toEqual(expect.arrayContaining(['logs/test/failover/a#2']));
  });

  test('every record is delivered to one of them exactly once, or refused, or left to the sender', async () => {
    const plan = fc.record({
      faults: anyFaults(8),
      limit: fc.integer({ min: 3, max: 60 }),
      poison: fc.uniqueArray(fc.nat(60), { maxLength: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        plan,
        plan,
        fc.boolean(),
        async (count, first, second, inside) => {
          const [a, b] = [backend(first, 'a'), backend(second, 'b')];
          const letters = backend({}, 'letters');
          const options = { maxElapsed: '24h', deadLetter: letters.exporter } as const;
          const subject = inside
            ? failover([retry(a.exporter, { ...options, maxElapsed: '3s' }), retry(b.exporter, options)])
            : retry(failover([a.exporter, b.exporter], { probeInterval: '5s' }), options);
          const { error, left, refused } = await sendThrough(subject, count, [a, b]);
          const ends = [...a.stored, ...a.leftOut, ...b.stored, ...b.leftOut, ...letters.stored, ...left];
          expect(ends.toSorted()).toEqual(all(count).toSorted());
          if (error === undefined) expect(refused).toBe(a.leftOut.length + b.leftOut.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('keeps the contract of exporters', async () => {
    await wrapperContract((inner) => failover([inner]));
    const refusing = exporter('refusing', { logs: async () => Promise.reject(fail('unavailable')) });
    await wrapperContract((inner) => failover([refusing as unknown as Exporter<Signal>, inner]));
  });

  test('shows what is inside and what all of it may see', () => {
    const a = memoryExporter({ clearance: ['label', 'identity'], options: { url: 'a' } });
    const b = memoryExporter({ accepts: 'delta', clearance: ['content', 'label'] });
    expect(failover([a, b, memoryExporter()])).toMatchObject({
      name: 'failover',
      accepts: 'delta',
      clearance: ['label'],
      options: { maxFailures: 1, probeIntervalMs: 30_000, exporters: [{ memory: { url: 'a' } }, 'memory', 'memory'] },
    });
    expect(failover([memoryExporter()])).not.toHaveProperty('clearance');
  });

  test('refuses wrong options with their path', () => {
    const onlyLogs = exporter('a', { logs: async () => {} }) as unknown as Exporter<Signal>;
    const onlyTraces = exporter('b', { traces: async () => {} }) as unknown as Exporter<Signal>;
    expect(() => failover([])).toThrow('failover: expected at least one exporter');
    expect(() => failover([onlyLogs, onlyTraces])).toThrow('failover: expected exporters with a signal');
    expect(Object.keys(failover([onlyLogs, memoryExporter()]))).not.toContain('metrics');
    expect(() => failover([onlyLogs, 'b' as never])).toThrow('failover[1]: expected an exporter');
    expect(() => failover([memoryExporter({ accepts: 'delta' }), memoryExporter({ accepts: 'cumulative' })])).toThrow(
      new ConfigError('failover[1]', 'an exporter that accepts delta metrics, as the others do'),
    );
    expect(() => failover([onlyLogs], { maxFailures: 0 })).toThrow(/^failover: maxFailures: expected at least 1/);
    expect(() => failover([onlyLogs], { after: 1 } as never)).toThrow(/failover: after/);
  });
});
