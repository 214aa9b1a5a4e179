import { ConfigError, type Exporter, exporter, exporterStage, PipelineError, type Signal } from '@otelier/core';
import { buildLogs, buildMetrics, buildTraces, type LogsBatch } from '@otelier/otlp';
import { memoryExporter } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyFaults, type Backend, type BackendPlan, backend, sendThrough } from '../../test/backend.js';
import { fakeClock } from '../../test/clock.js';
import { wrapperContract } from '../../test/contract.js';
import { bodies, logs, startLogs, testFlow, testHost } from '../../test/host.js';
import { UndeliveredPartsError } from '../parts.js';
import { retry } from '../retry/retry.js';
import { type BalanceBy, type LoadBalanceOptions, loadBalance } from './load-balance.js';

const all = (count: number) => bodies(logs(count)) as string[];
const bySession = { by: { attribute: 'session.id' } } as const;

/** Records of sessions, each with a body that tells its place. */
function sessions(ids: readonly string[]): LogsBatch {
  const records = ids.map((id, i) => ({ body: `record ${i}`, attributes: { 'session.id': id } }));
  return buildLogs([{ resource: { attributes: { 'service.name': 'claude-code' } }, records }]);
}

/** Where each record of the sessions went: their bodies, by target. */
async function spread(batch: LogsBatch, names: readonly string[], options: LoadBalanceOptions) {
  const targets = Object.fromEntries(names.map((name) => [name, memoryExporter()]));
  const stage = await startLogs(loadBalance(targets, options));
  await stage.consume(batch, testFlow());
  return Object.fromEntries(names.map((name) => [name, targets[name]?.received.logs.flatMap(bodies) as string[]]));
}

/** The target of every session. */
async function homes(ids: readonly string[], names: readonly string[]): Promise<string[]> {
  const taken = await spread(sessions(ids), names, bySession);
  return ids.map((_, i) => names.find((name) => taken[name]?.includes(`record ${i}`)) as string);
}

describe('where items go', () => {
  const ids = Array.from({ length: 2000 }, (_, i) => `5d3c1a70-session-${i}`);
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 2, maxLength: 9 });

  test('is the same in every process and version: these sessions have stayed where they were', async () => {
    expect(await homes(ids.slice(0, 12), ['a', 'b', 'c'])).toMatchInlineSnapshot(`
      [
        "c",
        "b",
        "a",
        "c",
        "a",
        "b",
        "c",
        "b",
        "b",
        "c",
        "c",
        "c",
      ]
    `);
  });

  test('one more target takes about its fair share, from all others, and nothing else moves', async () => {
    await fc.assert(
      fc.asyncProperty(names, async ([added, ...others]) => {
        const before = await homes(ids, others);
        const after = await homes(ids, [added as string, ...others]);
        const moved = after.flatMap((home, i) => (home === before[i] ? [] : [i]));
        for (const i of moved) expect(after[i]).toBe(added);
        const fair = ids.length / (others.length + 1);
        expect(moved.length).toBeGreaterThan(fair * 0.6);
        expect(moved.length).toBeLessThan(fair * 1.4);
      }),
      { numRuns: 8 },
    );
  });

  test('does not depend on the order of the targets', async () => {
    expect(await homes(ids, ['a', 'b', 'c', 'd'])).toEqual(await homes(ids, ['d', 'b', 'a', 'c']));
  });

  test('items of one session go to one target, whatever else is in the batch, in their order', async () => {
    const some = fc.array(fc.constantFrom('s1', 's2', 's3', 's4', 's5', 's6'), { minLength: 1, maxLength: 60 });
    const at = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(some, async (of) => {
        const taken = await spread(sessions(of), ['a', 'b', 'c'], bySession);
        expect(Object.values(taken).flat().toSorted()).toEqual(of.map((_, i) => `record ${i}`).toSorted());
        for (const [name, records] of Object.entries(taken)) {
          const places = records.map((record) => Number(record.slice('record '.length)));
          expect(places).toEqual(places.toSorted((x, y) => x - y));
          for (const place of places) {
            const id = of[place] as string;
            expect(at.get(id) ?? name).toBe(name);
            at.set(id, name);
          }
        }
      }),
      { numRuns: 100 },
    );
    expect(new Set(at.values()).size).toBeGreaterThan(1);
  });

  test('an attribute of the resource counts where the item has none; items without either stay together by resource', async () => {
    const ofResource = (id: string, from: number) => ({
      resource: { attributes: { 'session.id': id } },
      records: [{ body: `record ${from}` }],
    });
    const bare = (service: string, from: number) => ({
      resource: { attributes: { 'service.name': service } },
      records: [{ body: `record ${from}` }, { body: `record ${from + 1}` }],
    });
    const home = await homes(ids.slice(0, 8), ['a', 'b', 'c']);
    const mixed = buildLogs([...ids.slice(0, 8).map((id, i) => ofResource(id, i)), bare('x', 8), bare('y', 10)]);
    const taken = await spread(mixed, ['a', 'b', 'c'], bySession);
    for (let i = 0; i < 8; i++) expect(taken[home[i] as string]).toContain(`record ${i}`);
    for (const records of Object.values(taken)) {
      expect(records.includes('record 8')).toBe(records.includes('record 9'));
      expect(records.includes('record 10')).toBe(records.includes('record 11'));
    }
  });

  test.each<[string, BalanceBy]>([
    ['by stream', 'stream'],
    ['by resource', 'resource'],
    ['by an attribute', { attribute: 'type' }],
  ])('%s, points that belong together go to one target, whatever the order of attributes', async (_, by) => {
    const seen = new Map<string, string>();
    const received: string[] = [];
    const named = (name: string) =>
      exporterStage(name, {
        metrics: () => ({
          consume: async (batch) => {
            for (const point of batch.points()) {
              const of = [
                by === 'stream' && point.metric.name,
                by === 'stream' && point.scope.name,
                (typeof by !== 'object' || point.attributes.get('type') === undefined) &&
                  point.resource.attributes.get('host'),
                by !== 'resource' && point.attributes.get('type'),
              ].join();
              expect(seen.get(of) ?? name).toBe(name);
              seen.set(of, name);
              received.push(name);
            }
          },
        }),
      }) as Exporter<'metrics'>;
    const subject = loadBalance({ a: named('a'), b: named('b'), c: named('c') }, { by });
    const stage = subject.metrics(testHost({ signal: 'metrics' }));
    const word = fc.constantFrom('w', 'x', 'y', 'z');
    const point = fc.record({
      metric: word,
      host: word,
      scope: word,
      type: fc.option(word, { nil: undefined }),
      flip: fc.boolean(),
    });
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(point, { minLength: 1, maxLength: 20 }), async (points) => {
        sent += points.length;
        const batch = buildMetrics(
          points.map(({ metric, host, scope, type, flip }) => {
            const pairs = Object.entries({ model: 'm', ...(type && { type }) });
            const attributes = Object.fromEntries(flip ? pairs.reverse() : pairs);
            return {
              resource: { attributes: flip ? { host, os: 'l' } : { os: 'l', host } },
              scope: { name: scope },
              metrics: [{ name: metric, sum: { temporality: 'delta', points: [{ attributes, value: 1n }] } }],
            };
          }),
        );
        await stage.consume(batch, testFlow());
      }),
      { numRuns: 60 },
    );
    expect(received).toHaveLength(sent);
    expect(new Set(received).size).toBeGreaterThan(1);
  });

  test('spans go by resource unless told otherwise, and a batch of one resource goes whole', async () => {
    const targets = { a: memoryExporter(), b: memoryExporter() };
    const stage = loadBalance(targets).traces(testHost({ signal: 'traces' }));
    const span = (i: number) => ({ traceId: `${i}`.repeat(32), spanId: `${i}`.repeat(16), name: 'work' });
    const batch = buildTraces([{ resource: { attributes: { host: 'x' } }, spans: [1, 2, 3, 4].map(span) }]);
    const bytes = Buffer.from(batch.bytes());
    await stage.consume(batch, testFlow());
    const [got] = [...targets.a.received.traces, ...targets.b.received.traces];
    expect(got?.bytes()).toEqual(bytes);
  });
});

describe('when a target fails', () => {
  /** Sessions whose records go to these targets, in this order. */
  async function idsFor(wanted: readonly string[], names: readonly string[]): Promise<string[]> {
    const ids = Array.from({ length: 50 }, (_, i) => `session ${i}`);
    const home = await homes(ids, names);
    return wanted.map((name) => ids[home.indexOf(name)] as string);
  }

  async function running(plans: Record<string, BackendPlan>, options: LoadBalanceOptions = {}) {
    const backends = Object.fromEntries(Object.entries(plans).map(([name, plan]) => [name, backend(plan, name)]));
    const clock = fakeClock();
    const host = testHost({ clock });
    const subject = loadBalance(exportersOf(backends), { ...bySession, ...options });
    return {
      backends: backends as Record<'a' | 'b' | 'c', Backend>,
      clock,
      host,
      stage: await startLogs(subject, host),
    };
  }
  const exportersOf = (backends: Record<string, Backend>) =>
    Object.fromEntries(Object.entries(backends).map(([name, each]) => [name, each.exporter]));

  test('the others are delivered, and only what failed is left', async () => {
    const { backends, stage } = await running({ a: {}, b: { faults: ['unavailable'] }, c: {} });
    const batch = sessions(await idsFor(['a', 'b', 'c', 'b', 'a'], ['a', 'b', 'c']));
    const error = await stage.consume(batch, testFlow()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UndeliveredPartsError);
    expect(error).toMatchObject({ code: 'unavailable', retryable: true });
    expect((error as UndeliveredPartsError).undelivered.map((part) => bodies(part as LogsBatch))).toEqual([
      ['record 1', 'record 3'],
    ]);
    expect([backends.a.stored, backends.b.stored, backends.c.stored]).toEqual([
      ['record 0', 'record 4'],
      [],
      ['record 2'],
    ]);
  });

  test('for good, its share alone is refused; when all refuse, the batch is', async () => {
    const { stage } = await running({ a: {}, b: { poison: [1] } });
    const batch = sessions(await idsFor(['a', 'b', 'b'], ['a', 'b']));
    const flow = testFlow();
    await stage.consume(batch, flow);
    expect(flow.refusals).toEqual({ rejected: 2 });
    const all = await running({ a: { poison: [0] }, b: { poison: [1] } });
    const refused = sessions(await idsFor(['a', 'b'], ['a', 'b']));
    await expect(all.stage.consume(refused, testFlow())).rejects.toMatchObject({ code: 'rejected' });
  });

  test('the sender hears of the sooner chance when several do', async () => {
    const { stage } = await running({ a: { faults: ['overloaded'] }, b: { faults: ['unavailable'] } });
    const batch = sessions(await idsFor(['a', 'b'], ['a', 'b']));
    const error = await stage.consume(batch, testFlow()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(error).not.toBeInstanceOf(UndeliveredPartsError);
  });

  test('one that asked for patience is left alone so long, while the others are tried again', async () => {
    const { backends, clock, stage } = await running({ a: { faults: ['overloaded'] }, b: { faults: ['unavailable'] } });
    const ids = await idsFor(['a', 'b'], ['a', 'b']);
    await expect(stage.consume(sessions(ids), testFlow())).rejects.toMatchObject({ code: 'unavailable' });
    await clock.advance(500);
    const error = await stage.consume(sessions(ids), testFlow()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'overloaded', retryAfterMs: 1500 });
    expect([backends.a.requests.length, backends.b.stored]).toEqual([1, ['record 1']]);
    await clock.advance(1500);
    await stage.consume(sessions(ids.slice(0, 1)), testFlow());
    expect(backends.a.stored).toEqual(['record 0']);
  });

  test('spilling, its share goes to the others until it is up again', async () => {
    const options = { spill: true, probeInterval: '10s' } as const;
    const { backends, clock, host, stage } = await running({ a: {}, b: { faults: ['unavailable'] }, c: {} }, options);
    const notes: string[] = [];
    host.note = (count, reason) => notes.push(`${count} ${reason}`);
    const batch = () => sessions(ids);
    const ids = await idsFor(['a', 'b', 'c', 'b'], ['a', 'b', 'c']);
    await stage.consume(batch(), testFlow());
    await stage.consume(batch(), testFlow());
    expect(backends.b.requests).toHaveLength(1);
    for (const record of all(4)) {
      const homes = [backends.a, backends.c].flatMap(({ stored }) => stored.filter((each) => each === record));
      expect(homes).toHaveLength(2);
    }
    expect(notes).toEqual(['2 spilled from b']);
    await clock.advance(10_000);
    await stage.consume(batch(), testFlow());
    expect(backends.b.stored).toEqual(['record 1', 'record 3']);
    // Each key has its own second choice, the one that it would have without its first.
    const second = await homes(ids, ['a', 'c']);
    for (const [i, name] of second.entries()) expect(backends[name as 'a' | 'c'].stored).toContain(`record ${i}`);
  });

  test('spilling, a batch that nobody takes is told as what may pass first', async () => {
    const never = Array.from({ length: 9 }, () => 'overloaded' as const);
    const { backends, clock, stage } = await running({ a: { faults: never }, b: { faults: never } }, { spill: true });
    const batch = () => sessions(ids);
    const ids = await idsFor(['a', 'b'], ['a', 'b']);
    await expect(stage.consume(batch(), testFlow())).rejects.toMatchObject({ code: 'overloaded' });
    const before = backends.a.requests.length + backends.b.requests.length;
    await clock.advance(500);
    await expect(stage.consume(batch(), testFlow())).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1500 });
    expect(backends.a.requests.length + backends.b.requests.length).toBe(before);
  });

  test('spilling, credentials that one target does not take send its share elsewhere, data that it refuses stays refused', async () => {
    const refusing = (code: 'unauthenticated' | 'rejected') =>
      exporter('refusing', { logs: async () => Promise.reject(new PipelineError(code, 'no')) });
    const b = backend();
    const flow = testFlow();
    const [id] = (await idsFor(['a'], ['a', 'b'])) as [string];
    for (const code of ['unauthenticated', 'rejected'] as const) {
      const subject = loadBalance({ a: refusing(code), b: b.exporter }, { ...bySession, spill: true });
      const stage = await startLogs(subject);
      const sent = stage.consume(sessions([id]), flow);
      if (code === 'rejected') await expect(sent).rejects.toMatchObject({ code });
      else await sent;
    }
    expect(b.stored).toEqual(['record 0']);
  });
});

describe('every record has one outcome, whatever the backends do', () => {
  const plan = fc.record({
    faults: anyFaults(8),
    limit: fc.integer({ min: 3, max: 40 }),
    poison: fc.uniqueArray(fc.nat(40), { maxLength: 2 }),
  });

  const ofSessions = fc.array(fc.constantFrom('s1', 's2', 's3', 's4', 's5', 's6'), { minLength: 1, maxLength: 40 });

  test.each([
    ['retry around it', 'around', false],
    ['retry inside it', 'inside', false],
    ['retry around it, spilling', 'around', true],
    ['retry inside it, spilling', 'inside', true],
  ])('%s', async (_, where, spill) => {
    await fc.assert(
      fc.asyncProperty(ofSessions, fc.array(plan, { minLength: 1, maxLength: 4 }), async (ids, plans) => {
        const backends = plans.map((how, i) => backend(how, `t${i}`));
        const letters = backend({}, 'letters');
        const options = { maxElapsed: '1h', deadLetter: letters.exporter } as const;
        const inner =
          where === 'inside' ? (each: Exporter<'logs'>) => retry(each, options) : (each: Exporter<'logs'>) => each;
        const targets = Object.fromEntries(backends.map((each, i) => [`t${i}`, inner(each.exporter)]));
        const balanced = loadBalance(targets, { ...bySession, spill });
        const subject = where === 'inside' ? balanced : retry(balanced, options);
        const { refused, error, left } = await sendThrough(subject, sessions(ids), backends);
        const got = backends.flatMap(({ stored, leftOut }) => [...stored, ...leftOut]);
        expect([...got, ...letters.stored, ...left].toSorted()).toEqual(all(ids.length).toSorted());
        if (error === undefined) expect(refused).toBe(backends.flatMap(({ leftOut }) => leftOut).length);
      }),
      { numRuns: 60 },
    );
  });
});

describe('loadBalance', () => {
  test('keeps the contract of exporters', async () => {
    await wrapperContract((inner) => loadBalance({ a: inner }));
    await wrapperContract((inner) => loadBalance({ a: inner }, { spill: true }));
  });

  test('gives each target an account under its name', async () => {
    const { accounts } = await sendThrough(loadBalance({ east: backend().exporter }), 3, []);
    expect(accounts['logs/test/load-balance/east']).toMatchObject({ in: 3, out: 3 });
    expect(accounts['logs/test/load-balance']).toMatchObject({ in: 3, out: 3 });
  });

  test('shows what is inside and what all of it may see', () => {
    const a = memoryExporter({ clearance: ['label', 'content'], options: { url: 'a' } });
    const b = memoryExporter({ accepts: 'delta' });
    expect(loadBalance({ a, b }, bySession)).toMatchObject({
      name: 'load-balance',
      accepts: 'delta',
      clearance: ['label', 'content'],
      options: {
        by: { attribute: 'session.id' },
        spill: false,
        exporters: { a: { memory: { url: 'a' } }, b: 'memory' },
      },
    });
  });

  test('refuses wrong options with their path', () => {
    const to = memoryExporter();
    const refusal = new ConfigError(
      'loadBalance',
      'at least one exporter under a name, such as { a: otlpExporter(…) }',
    );
    expect(() => loadBalance({})).toThrow(refusal);
    expect(() => loadBalance([to] as never)).toThrow(refusal);
    expect(() => loadBalance({ a: to, b: 7 as never })).toThrow('load-balance.b: expected an exporter');
    expect(() => loadBalance({ a: to }, { by: 'trace' as never })).toThrow(/^loadBalance: by/);
    expect(() => loadBalance({ a: to }, { by: { attribute: '' } })).toThrow(/^loadBalance: by/);
    expect(() => loadBalance({ a: to }, { probeInterval: '5s' })).toThrow(
      /^loadBalance: probeInterval: expected spill/,
    );
    const [delta, cumulative] = [memoryExporter({ accepts: 'delta' }), memoryExporter({ accepts: 'cumulative' })];
    expect(() => loadBalance<Signal>({ delta, cumulative })).toThrow(/an exporter that accepts delta metrics/);
  });
});
