import { LogsBatch } from '@otelier/otlp';
import fc from 'fast-check';
import { bufferCount, type Observable, of } from 'rxjs';
import { concatMap, map } from 'rxjs/operators';
import { describe, expect, test } from 'vitest';
import { deferred, logs, pushed, silent, turn } from '../fakes/ends.js';
import {
  type AccountData,
  type Collector,
  createCollector,
  type Exporter,
  exporter,
  operator,
  PipelineError,
  type PipelinesConfig,
  type Processor,
  processor,
  stage,
} from '../index.js';

const codes = ['rejected', 'unavailable', 'overloaded', 'internal'] as const;

/** Every kind of component, some of which misbehave. Behaviour depends on how often one was called, so that runs can be repeated. */
const processors = fc.oneof(
  fc.record({
    kind: fc.constant('hook' as const),
    dropEvery: fc.integer({ min: 1, max: 4 }),
    say: fc.constantFrom('nothing', 'drop', 'refuse', 'both'),
  }),
  fc.record({
    kind: fc.constant('hook-throws' as const),
    at: fc.integer({ min: 1, max: 12 }),
    dropEvery: fc.integer({ min: 2, max: 4 }),
  }),
  fc.record({ kind: fc.constant('resource' as const), dropEvery: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constant('batch' as const),
    act: fc.constantFrom('pass', 'drop', 'filter', 'throw', 'async', 'async-throw', 'double', 'say'),
    every: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    kind: fc.constant('stage' as const),
    act: fc.constantFrom(
      'pass',
      'swallow',
      'split',
      'throw',
      'twice',
      'late-throw',
      'merge-pairs',
      'foreign-flow',
      'merge-from',
    ),
    every: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    kind: fc.constant('operator' as const),
    act: fc.constantFrom('pairs', 'split', 'throw', 'swallow'),
    every: fc.integer({ min: 1, max: 4 }),
  }),
);
type ProcessorSpec = typeof processors extends fc.Arbitrary<infer T> ? T : never;

const exporters = fc.record({
  act: fc.constantFrom('ok', 'fail', 'late', 'late-fail', 'never', 'drop-some'),
  every: fc.integer({ min: 1, max: 3 }),
  code: fc.constantFrom(...codes),
});
type ExporterSpec = typeof exporters extends fc.Arbitrary<infer T> ? T : never;

function makeProcessor(spec: ProcessorSpec, index: number): Processor<'logs'> {
  const name = `p-${index}-${spec.kind}`;
  let calls = 0;
  switch (spec.kind) {
    case 'hook':
      return processor(name, {
        logRecord: (_, flow) => {
          if (++calls % spec.dropEvery !== 0) return true;
          if (spec.say === 'drop' || spec.say === 'both') flow.drop(1, 'said');
          if (spec.say === 'refuse' || spec.say === 'both') flow.refuse(1, 'said');
          return false;
        },
      });
    case 'hook-throws':
      return processor(name, {
        logRecord: () => {
          if (++calls % spec.at === 0) throw new Error('bug');
          return calls % spec.dropEvery !== 0;
        },
      });
    case 'resource':
      return processor(name, { resource: () => ++calls % spec.dropEvery !== 0 });
    case 'batch':
      return processor(name, {
        logs: (batch, flow) => {
          if (++calls % spec.every !== 0 || spec.act === 'pass') return;
          if (spec.act === 'drop') return false;
          if (spec.act === 'filter') return void batch.filter(() => ++calls % 2 === 0);
          if (spec.act === 'throw') throw new PipelineError('rejected', 'no');
          if (spec.act === 'async') return turn().then(() => batch);
          if (spec.act === 'double') return LogsBatch.merge([batch.fork(), batch]);
          if (spec.act === 'say') {
            flow.add(2, 'seeds');
            return LogsBatch.merge([batch, logs(2)]);
          }
          return turn().then(() => Promise.reject(new Error('later')));
        },
      });
    case 'stage':
      return makeStage(name, spec);
    default:
      return operator(
        name,
        {
          logs: (batches$): Observable<LogsBatch> => {
            if (spec.act === 'pairs')
              return batches$.pipe(
                bufferCount(2),
                map((held) => LogsBatch.merge(held)),
              );
            if (spec.act === 'split') return batches$.pipe(concatMap((batch) => of(...batch.split({ maxCount: 2 }))));
            return batches$.pipe(
              concatMap((batch) => {
                if (++calls % spec.every !== 0) return of(batch);
                if (spec.act === 'throw') throw new Error('bug');
                return of();
              }),
            );
          },
        },
        { maxHeld: 5 },
      );
  }
}

function makeStage(name: string, spec: Extract<ProcessorSpec, { kind: 'stage' }>): Processor<'logs'> {
  let calls = 0;
  return stage(name, {
    logs: (next, host) => {
      let waiting: { batch: LogsBatch; flow: Parameters<typeof next>[1]; done: ReturnType<typeof deferred> }[] = [];
      const merged = async (from: boolean): Promise<void> => {
        const held = waiting;
        waiting = [];
        if (held.length === 0) return;
        try {
          const flow = host.flow(from ? { from: held.map((each) => each.flow) } : {});
          await next(LogsBatch.merge(held.map(({ batch }) => batch)), flow);
          for (const { done } of held) done.resolve();
        } catch (error) {
          for (const { done } of held) done.reject(error);
        }
      };
      return {
        flush: () => merged(spec.act === 'merge-from'),
        consume: async (batch, flow) => {
          if (spec.act === 'merge-pairs' || spec.act === 'merge-from') {
            const done = deferred();
            waiting.push({ batch, flow, done });
            if (waiting.length === 2) await merged(spec.act === 'merge-from');
            return done.promise;
          }
          if (++calls % spec.every !== 0 || spec.act === 'pass') return next(batch, flow);
          if (spec.act === 'swallow') return;
          if (spec.act === 'split')
            return void (await Promise.all(batch.split({ maxCount: 2 }).map((part) => next(part, flow))));
          if (spec.act === 'throw') throw new Error('bug');
          if (spec.act === 'foreign-flow') return next(batch, { ...flow, signal: new AbortController().signal });
          if (spec.act === 'twice') {
            await next(batch.fork(), flow);
            return next(batch, flow);
          }
          await next(batch, flow);
          throw new Error('after it was passed on');
        },
      };
    },
  });
}

function makeExporter(spec: ExporterSpec, index: number): Exporter<'logs'> {
  let calls = 0;
  return exporter(`e-${index}`, {
    logs: async (batch, flow) => {
      if (++calls % spec.every !== 0 || spec.act === 'ok') return;
      if (spec.act === 'drop-some') return flow.drop(Math.min(1, batch.count), 'backend');
      if (spec.act === 'never') return new Promise(() => {});
      if (spec.act !== 'fail') await turn();
      if (spec.act !== 'late') throw new PipelineError(spec.code, 'backend');
    },
  });
}

function sum(counts: { readonly [reason: string]: number }): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function expectBalanced(collector: Collector, atRest: boolean): void {
  const accounts = Object.values(collector.accounts());
  for (const account of accounts) {
    const { id, added, out, dropped, refused, held } = account;
    expect({ id, total: out + sum(dropped) + sum(refused) + held }).toEqual({ id, total: account.in + sum(added) });
    expect(held, id).toBeGreaterThanOrEqual(0);
    for (const count of [
      account.in,
      out,
      ...Object.values(dropped),
      ...Object.values(refused),
      ...Object.values(added),
    ]) {
      expect(count, id).toBeGreaterThanOrEqual(0);
    }
    if (atRest) expect({ id, held }).toEqual({ id, held: 0 });
  }
}

/** What each component passes on is what those after it get. */
function expectEdgesBalanced(collector: Collector): void {
  const accounts = collector.accounts();
  const { nodes, edges } = collector.graph();
  const outOf = (id: string): number => (accounts[id] ?? (accounts[`${id}/logs`] as AccountData)).out;
  for (const { id, kind } of nodes) {
    if (kind === 'receiver') continue;
    const from = edges.filter((edge) => edge.to === id).map((edge) => edge.from);
    const fromInputs = edges.some((edge) => edge.to === id && edge.from.startsWith('receivers/'));
    const extra = fromInputs ? (accounts['inputs/logs']?.out ?? 0) : 0;
    expect({ id, in: accounts[id]?.in }).toEqual({
      id,
      in: from.reduce((total, each) => total + outOf(each), 0) + extra,
    });
  }
}

describe('accounts', () => {
  test('in + added = out + dropped + refused + held, whatever components do and whenever one looks', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(processors, { maxLength: 6 }),
        fc.array(exporters, { minLength: 1, maxLength: 3 }),
        fc.array(fc.record({ size: fc.integer({ min: 0, max: 7 }), wait: fc.boolean() }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.option(fc.nat({ max: 7 }), { nil: undefined }),
        async (chain, ends, batches, reloadAt) => {
          const source = pushed();
          const config = (): PipelinesConfig => ({
            limits: { drain: '50ms' },
            logs: {
              events: {
                receivers: [source.receiver],
                processors: chain.map(makeProcessor),
                exporters: ends.map(makeExporter),
              },
            },
          });
          const collector = createCollector(config(), { logger: silent });
          await collector.start();
          const outcomes: Promise<unknown>[] = [];
          const input = collector.input('logs');
          let reloaded: Promise<void> | undefined;
          for (const [index, { size, wait }] of batches.entries()) {
            const sent = index % 2 === 0 ? source.send(logs(size)) : input(logs(size), collector.flow());
            outcomes.push(sent.catch((error: unknown) => expect(error).toBeInstanceOf(PipelineError)));
            if (wait) await turn();
            if (index === reloadAt) reloaded = collector.reload(config());
            expectBalanced(collector, false);
          }
          await turn();
          expectBalanced(collector, false);
          await reloaded;
          expectBalanced(collector, false);
          await collector.shutdown();
          // Every sender has been told how its batch ended.
          await Promise.all(outcomes);
          expectBalanced(collector, true);
          expectEdgesBalanced(collector);
        },
      ),
      { numRuns: 150 },
    );
  });
});
