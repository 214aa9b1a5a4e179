import { buildMetrics, type MetricsBatch } from '@otelier/otlp';
import { memoryStore } from '@otelier/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock, silent, turn } from '../../fakes/ends.js';
import {
  type Collector,
  createCollector,
  exporter,
  PipelineError,
  type PipelinesConfig,
  type Processor,
  receiver,
  StateMap,
  stage,
} from '../../index.js';

/** A point worth `value` that no other has the number of. */
function batch(id: number, value: number): MetricsBatch {
  const points = [{ attributes: { id }, timeUnixNano: BigInt(id) + 1n, value: BigInt(value) }];
  const metric = { name: 'n', sum: { temporality: 'delta' as const, monotonic: true, points } };
  return buildMetrics([{ resource: { attributes: {} }, scope: { name: 's' }, metrics: [metric] }]);
}

const worthOf = (of: MetricsBatch): number =>
  [...of.points()].reduce((sum, point) => sum + Number((point as unknown as { value: number }).value), 0);

/** Holds the worth of what comes until a timer goes, or it is flushed. */
function pond(async: boolean): Processor<'metrics'> {
  return stage(
    'pond',
    {
      metrics: (next, host) => {
        const state = new StateMap<number>();
        let closed = false;
        // Seen from outside of a turn, what another one has taken out but not given away would be missing.
        let isEmpty = false;
        const empty = () =>
          host.inTurn(async (flow) => {
            const held = state.get('held') ?? 0;
            isEmpty = held === 0;
            if (isEmpty) return;
            const seq = (state.get('seq') ?? 0) + 1;
            state.set('held', 0);
            state.set('seq', seq);
            if (async) await turn();
            await next(batch(seq, held), flow);
          });
        const arm = (): void => {
          host.clock.after(1000, () => {
            if (!closed) void empty().then(arm, arm);
          });
        };
        arm();
        return {
          state,
          async flush() {
            isEmpty = false;
            for (let tries = 0; tries < 50 && !isEmpty; tries++) await empty().catch(() => {});
          },
          async close() {
            closed = true;
          },
          consume: async (taken, flow) => {
            if (async) await turn();
            state.set('held', (state.get('held') ?? 0) + worthOf(taken));
            flow.drop(taken.count, 'held');
          },
        };
      },
    },
    { stateful: true },
  );
}

/** Says what the total is by then, and fails now and then. */
function shaky(failures: boolean[], async: boolean): Processor<'metrics'> {
  return stage(
    'shaky',
    {
      metrics: (next) => {
        const state = new StateMap<number>();
        return {
          state,
          consume: async (taken, flow) => {
            if (async) await turn();
            const total = (state.get('total') ?? 0) + worthOf(taken);
            state.set('total', total);
            if (failures.shift() === true) throw new PipelineError('unavailable', 'in between');
            for (const point of taken.points()) point.attributes.set('total', total);
            return next(taken, flow);
          },
        };
      },
    },
    { stateful: true },
  );
}

const source = receiver('none', ['metrics'], async () => ({ stop: async () => {}, close: async () => {} }));

test('what a stage gives out by itself is final together with its change of state, or neither is, whatever fails, crashes or is reloaded', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        values: fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 12 }),
        failures: fc.array(fc.boolean(), { maxLength: 12 }),
        refusals: fc.array(fc.boolean(), { maxLength: 8 }),
        async: fc.tuple(fc.boolean(), fc.boolean()),
        events: fc.array(fc.constantFrom('crash', 'reload', 'time', 'time', 'nothing'), { maxLength: 16 }),
        durable: fc.boolean(),
        storeFails: fc.integer({ min: 0, max: 2 }),
      }),
      async ({ values, async, durable, storeFails, ...drawn }) => {
        const [failures, refusals, events] = [[...drawn.failures], [...drawn.refusals], [...drawn.events]];
        const clock = new ManualClock();
        const got = new Map<number, { worth: number; total: number }>();
        const end = exporter('end', {
          metrics: async (out) => {
            if (refusals.shift() === true) throw new PipelineError('unavailable', 'backend');
            for (const point of out.points()) {
              const [id, total] = [Number(point.attributes.get('id')), Number(point.attributes.get('total'))];
              const found = { worth: worthOf(out), total };
              // After a crash the same may come again, and nothing else under its number.
              expect(got.get(id) ?? found).toEqual(found);
              got.set(id, found);
            }
          },
        });
        const config = (): PipelinesConfig => ({
          limits: { drain: '1h' },
          metrics: {
            usage: { receivers: [source], processors: [pond(async[0]), shaky(failures, async[1])], exporters: [end] },
          },
        });
        let store = memoryStore();
        store.fail(storeFails);
        const start = async (): Promise<Collector> => {
          const made = createCollector(config(), { logger: silent, clock, ...(durable ? { store } : {}) });
          await made.start();
          return made;
        };
        let collector = await start();
        let crashes = 0;
        let done = false;
        const sending = (async () => {
          for (const [id, value] of values.entries()) {
            for (;;) {
              const epoch = crashes;
              let answered = false;
              const outcome = collector
                .input('metrics')(batch(id, value), collector.flow())
                .then(
                  () => true,
                  () => false,
                );
              const crashed = (async (): Promise<false> => {
                while (crashes === epoch && !answered) await turn();
                return false;
              })();
              const good = await Promise.race([outcome, crashed]);
              answered = true;
              if (good) break;
              await turn();
            }
          }
          done = true;
        })();
        const reloads: Promise<unknown>[] = [];
        for (let rounds = 0; !done || events.length > 0; rounds++) {
          if (rounds > 2000) throw new Error(`stuck: ${JSON.stringify(collector.accounts(), undefined, 1)}`);
          const event = events.shift() ?? 'time';
          if (event === 'crash' && durable) {
            store = store.crash();
            collector = await start();
            crashes++;
            reloads.length = 0;
          } else if (event === 'reload') reloads.push(collector.reload(config()).catch(() => {}));
          else if (event === 'time') clock.advance(1000);
          await turn();
        }
        await sending;
        // Not to race with the end.
        const passing = (async () => {
          for (let i = 0; i < 500; i++) {
            await turn();
            clock.advance(1000);
          }
          throw new Error('stuck');
        })();
        passing.catch(() => {});
        await Promise.race([Promise.all(reloads), passing]);
        for (;;) {
          const report = await Promise.race([collector.shutdown(), passing]);
          expect(report).toMatchObject({ abandoned: 0, lost: 0 });
          // What the backend did not take in time is the next run's to deliver.
          store = store.crash();
          if ([...store.entries(Buffer.from('metrics/usage\0o'))].length === 0) break;
          collector = await start();
        }
        const truth = values.reduce((sum, value) => sum + value, 0);
        expect([...got.values()].reduce((sum, { worth }) => sum + worth, 0)).toBe(truth);
        expect(Math.max(...[...got.values()].map(({ total }) => total))).toBe(truth);
      },
    ),
    { numRuns: Number(process.env.OTELIER_FUZZ_RUNS ?? 150) },
  );
});
