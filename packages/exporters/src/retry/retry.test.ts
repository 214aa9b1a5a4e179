import {
  ConfigError,
  type Exporter,
  exporter,
  exporterStage,
  PipelineError,
  type PipelineErrorCode,
  type Stage,
} from '@otelier/core';
import type { LogsBatch } from '@otelier/otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fakeClock } from '../../test/clock.js';
import { bodies, type Deliver, logs, startLogs, testFlow, testHost } from '../../test/host.js';
import { failover } from '../failover/failover.js';
import { loadBalance } from '../load-balance/load-balance.js';
import { keptByCaller } from '../marks.js';
import { mirror } from '../mirror/mirror.js';
import type { UndeliveredPartsError } from '../parts.js';
import { pauseMs } from './backoff.js';
import { type RetryOptions, retry } from './retry.js';

/** A running retry around a function, on a clock that stands still. */
async function running(deliver: Deliver, options: RetryOptions = {}) {
  const clock = fakeClock();
  const host = testHost({ clock });
  const calls: number[] = [];
  const began = clock.now();
  const inner = exporter('inner', {
    logs: async (batch: LogsBatch, flow) => {
      calls.push(clock.now() - began);
      await deliver(batch, flow, calls.length);
    },
  });
  const stage = await startLogs(retry(inner, { jitter: false, ...options }), host);
  return { stage, clock, calls, host };
}

/** The stage inside each of the other wrappers. */
function throughOthers(stage: Stage<LogsBatch>): Stage<LogsBatch> {
  const inner = exporterStage<'logs'>('inner', { logs: () => stage });
  return mirror(retry(failover([loadBalance({ only: inner })])), [exporter('copy', { logs: async () => {} })]).logs(
    testHost(),
  );
}

const fail = (code: PipelineErrorCode, retryAfterMs?: number): never => {
  throw new PipelineError(code, 'backend answered', retryAfterMs === undefined ? {} : { retryAfterMs });
};

describe('retry', () => {
  test('tries again with doubling pauses until the batch is delivered', async () => {
    const { stage, clock, calls } = await running((_batch, _flow, call) =>
      call < 5 ? fail('unavailable') : undefined,
    );
    const done = stage.consume(logs(3), testFlow());
    await clock.advance(60_000);
    await done;
    expect(calls).toEqual([0, 1000, 3000, 7000, 15_000]);
  });

  test('sends the whole batch again even when the failed attempt edited it', async () => {
    const seen: unknown[] = [];
    const { stage, clock } = await running((batch, _flow, call) => {
      seen.push(bodies(batch));
      batch.filter(() => false);
      if (call === 1) fail('unavailable');
    });
    const done = stage.consume(logs(2), testFlow());
    await clock.advance(1000);
    await done;
    expect(seen).toEqual([
      ['record 0', 'record 1'],
      ['record 0', 'record 1'],
    ]);
  });

  test.each(['rejected', 'unauthenticated', 'unsupported', 'internal'] as const)(
    'does not try %s again',
    async (code) => {
      const { stage, calls } = await running(() => fail(code));
      await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({ code });
      expect(calls).toHaveLength(1);
    },
  );

  test.each(['overloaded', 'unavailable', 'deadline'] as const)(
    'gives up on %s in time and keeps its code',
    async (code) => {
      const { stage, clock, calls } = await running(() => fail(code), { maxElapsed: '10s' });
      const outcome = stage.consume(logs(1), testFlow()).catch((error: unknown) => error);
      await clock.advance(10_000);
      const error = await outcome;
      expect(error).toMatchObject({ code, retryable: true });
      expect((error as Error).message).toBe(`[${code}] gave up after 4 attempts in 7000 ms: backend answered`);
      expect(calls).toEqual([0, 1000, 3000, 7000]);
    },
  );

  test('waits as long as the backend asks for', async () => {
    const { stage, clock, calls } = await running((_batch, _flow, call) =>
      call === 1 ? fail('overloaded', 12_000) : undefined,
    );
    const done = stage.consume(logs(1), testFlow());
    await clock.advance(11_999);
    expect(calls).toEqual([0]);
    await clock.advance(1);
    await done;
    expect(calls).toEqual([0, 12_000]);
  });

  test('gives back at once, with its Retry-After, what the backend wants later than there is time', async () => {
    const { stage, calls } = await running(() => fail('overloaded', 61_000));
    await expect(stage.consume(logs(1), testFlow())).rejects.toMatchObject({
      code: 'overloaded',
      retryAfterMs: 61_000,
    });
    expect(calls).toEqual([0]);
  });

  test('stops when the sender gives up', async () => {
    const { stage, clock, calls } = await running(() => fail('unavailable'));
    const sender = new AbortController();
    const outcome = stage.consume(logs(1), testFlow({ signal: sender.signal })).catch((error: unknown) => error);
    await clock.advance(500);
    sender.abort();
    expect(await outcome).toMatchObject({ code: 'unavailable' });
    expect(calls).toEqual([0]);
    expect(clock.timers).toBe(0);
  });

  test('does not wait with a batch that its caller keeps, and gives back what is left of it, also through others', async () => {
    const taken: unknown[] = [];
    const { stage, clock, calls } = await running((batch) => {
      if (batch.count > 2) fail('too-large');
      if (bodies(batch).includes('record 2')) fail('overloaded', 5000);
      taken.push(...bodies(batch));
    });
    for (const wrap of [(inner: Stage<LogsBatch>) => inner, throughOthers]) {
      taken.length = 0;
      const outcome = wrap(stage).consume(keptByCaller(logs(4)), testFlow());
      const error = (await outcome.catch((thrown: unknown) => thrown)) as UndeliveredPartsError;
      expect(error).toMatchObject({ code: 'overloaded', retryAfterMs: 5000 });
      expect(error.undelivered.flatMap((part) => bodies(part as LogsBatch))).toEqual(['record 2', 'record 3']);
      expect(taken).toEqual(['record 0', 'record 1']);
    }
    expect([calls.length, clock.timers]).toEqual([6, 0]);
  });

  test('stops when it is closed', async () => {
    const { stage, clock, calls } = await running(() => fail('unavailable'));
    const outcome = stage.consume(logs(1), testFlow()).catch((error: unknown) => error);
    await clock.advance(500);
    await stage.close?.();
    expect(await outcome).toMatchObject({ code: 'unavailable' });
    expect(calls).toEqual([0]);
  });

  test('tries at once when the pipeline drains, but never sooner than the backend asked for', async () => {
    const { stage, clock, calls } = await running(
      (_batch, _flow, call) => {
        if (call === 1) fail('unavailable');
        if (call === 2) fail('overloaded', 4000);
      },
      { initial: '30s' },
    );
    const done = stage.consume(logs(1), testFlow());
    await clock.advance(100);
    await stage.flush?.();
    await clock.advance(0);
    expect(calls).toEqual([0, 100]);
    await stage.flush?.();
    await clock.advance(3999);
    expect(calls).toEqual([0, 100]);
    await clock.advance(1);
    await done;
    expect(calls).toEqual([0, 100, 4100]);
  });

  test('keeps what the inner exporter accepts, and shows its options', () => {
    const inner = exporterStage<'metrics'>(
      'backend',
      { metrics: () => ({ consume: async () => {} }) },
      { accepts: 'delta', options: { a: 1 } },
    );
    const wrapped: Exporter<'metrics'> = retry(inner, { max: '5s' });
    expect(wrapped).toMatchObject({
      name: 'retry',
      accepts: 'delta',
      options: { maxMs: 5000, exporter: { backend: { a: 1 } } },
    });
    expect(Object.keys(wrapped)).not.toContain('logs');
  });

  test('refuses wrong options with their path', () => {
    const inner = exporter('inner', { logs: async () => {} });
    expect(() => retry(inner, { initial: '5 parsecs' as '5s' })).toThrow(ConfigError);
    expect(() => retry(inner, { initial: '5 parsecs' as '5s' })).toThrow(/^retry: initial: expected a length of time/);
    expect(() => retry(inner, { tries: 3 } as RetryOptions)).toThrow(/retry: tries/);
  });
});

describe('a batch that is too large', () => {
  const poison = 'record 5';
  /** Takes at most `limit` records, and never the poison. */
  const picky =
    (limit: number, delivered: unknown[]): Deliver =>
    (batch) => {
      const held = bodies(batch);
      if (held.length > limit || held.includes(poison)) fail('too-large');
      delivered.push(...held);
    };

  test('is sent in halves until it fits, in order', async () => {
    const delivered: unknown[] = [];
    const { stage } = await running(picky(3, delivered));
    const flow = testFlow();
    await stage.consume(logs(4), flow);
    expect(delivered).toEqual(['record 0', 'record 1', 'record 2', 'record 3']);
    expect(flow.refused).toBe(0);
  });

  test('loses only the record that is too large by itself', async () => {
    const delivered: unknown[] = [];
    const { stage } = await running(picky(100, delivered));
    const flow = testFlow();
    await stage.consume(logs(9), flow);
    expect(delivered).toEqual(bodies(logs(9)).filter((body) => body !== poison));
    expect(flow.refusals).toEqual({ 'too-large': 1 });
  });

  test('is refused when no part of it fits', async () => {
    const { stage } = await running(() => fail('too-large'));
    await expect(stage.consume(logs(4), testFlow())).rejects.toMatchObject({ code: 'too-large' });
  });

  test('is not sent twice when the second half fails for a while', async () => {
    const delivered: unknown[] = [];
    const { stage, clock } = await running((batch, _flow, call) => {
      if (batch.count > 2) fail('too-large');
      if (call === 3) fail('unavailable');
      delivered.push(...bodies(batch));
    });
    const done = stage.consume(logs(4), testFlow());
    await clock.advance(1000);
    await done;
    expect(delivered).toEqual(['record 0', 'record 1', 'record 2', 'record 3']);
  });
});

describe('pauses', () => {
  const backoff = fc.record({
    initialMs: fc.integer({ min: 1, max: 10_000 }),
    maxMs: fc.integer({ min: 1, max: 100_000 }),
    jitter: fc.boolean(),
  });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  test('stay between what the backend asks for and the cap', () => {
    fc.assert(
      fc.property(
        backoff,
        fc.integer({ min: 1, max: 5000 }),
        fc.option(fc.nat(1e6), { nil: undefined }),
        random,
        (policy, attempt, asked, chance) => {
          const pause = pauseMs(policy, attempt, asked, chance);
          expect(pause).toBeGreaterThanOrEqual(asked ?? 0);
          expect(pause).toBeLessThanOrEqual(Math.max(policy.maxMs, asked ?? 0));
          expect(pause).toBeLessThanOrEqual(Math.max(policy.initialMs * 2 ** (attempt - 1), asked ?? 0));
        },
      ),
    );
  });

  test('never add up to more than the time allowed, and every attempt begins within it', async () => {
    const asked = fc.array(fc.option(fc.nat(20_000), { nil: undefined }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(asked, fc.boolean(), async (waits, jitter) => {
        const { stage, clock, calls } = await running(
          (_b, _f, call) => fail('unavailable', waits[call % waits.length]),
          { jitter, maxElapsed: '30s' },
        );
        const outcome = stage.consume(logs(1), testFlow()).catch((error: unknown) => error);
        await clock.advance(30_000);
        expect(await outcome).toMatchObject({ code: 'unavailable' });
        for (const [i, at] of calls.entries()) {
          expect(at).toBeLessThanOrEqual(30_000);
          if (i > 0) expect(at - (calls[i - 1] as number)).toBeGreaterThanOrEqual(waits[i % waits.length] ?? 0);
        }
        expect(clock.timers).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});
