import type { Flow, Host, Processor, StateEntries } from '@otelier/core';
import {
  buildMetrics,
  type DataPoint,
  type HistogramDataPoint,
  KeySet,
  type MetricsBatch,
  type NumberDataPoint,
} from '@otelier/otlp';
import { fakeClock, testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aggregate } from '../aggregate/aggregate.js';
import { cumulativeToDelta } from '../cumulative-to-delta/cumulative-to-delta.js';
import { deltaToCumulative } from '../delta-to-cumulative/delta-to-cumulative.js';
import { CumulativeMerging } from './cumulative.js';
import { dropAttributes } from './drop-attributes.js';
import { Merging } from './merging.js';
import { settings } from './options.js';

const noon = Date.UTC(2026, 0, 15, 12);
const at = (seconds: number): bigint => BigInt(noon + seconds * 1000) * 1_000_000n;

/** What a session counts between one export and the next. */
interface Counting {
  session: number;
  add: bigint;
  /** The process starts anew before it counts. */
  restart: boolean;
  /** The export reaches us once more. */
  twice: boolean;
}
const counting = fc.array(
  fc.record({
    session: fc.nat(5),
    add: fc.bigInt({ min: 0n, max: 2n ** 40n }),
    restart: fc.constantFrom(false, false, false, true),
    twice: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
);
const modelOf = (session: number) => `m${session % 2}`;

/** Requests of a fleet, one per entry, as sums and histograms of one temporality; and what they count in all, by model. */
function fleet(steps: readonly Counting[], temporality: 'delta' | 'cumulative') {
  const truth = new Map<string, bigint>();
  const running = new Map<number, { start: bigint; last: bigint; value: bigint; count: bigint }>();
  const requests = steps.map(({ session, add, restart, twice }, i) => {
    let run = running.get(session);
    if (run === undefined || restart) {
      run = { start: at(i * 2 + 1), last: at(i * 2 + 1), value: 0n, count: 0n };
      running.set(session, run);
    }
    const model = modelOf(session);
    truth.set(model, (truth.get(model) ?? 0n) + add);
    run.value += add;
    run.count += add & 7n;
    const own = {
      attributes: { 'session.id': `${session}`, model },
      startTimeUnixNano: temporality === 'delta' ? run.last : run.start,
      timeUnixNano: at(i * 2 + 2),
    };
    run.last = own.timeUnixNano;
    const { value, count } = temporality === 'delta' ? { value: add, count: add & 7n } : run;
    const request = () =>
      buildMetrics([
        {
          metrics: [
            { name: 'sum', sum: { temporality, monotonic: true, points: [{ ...own, value }] } },
            {
              name: 'histogram',
              histogram: {
                temporality,
                points: [{ ...own, count, sum: Number(count), explicitBounds: [1], bucketCounts: [count, 0n] }],
              },
            },
          ],
        },
      ]);
    return twice && temporality === 'cumulative' ? [request(), request()] : [request()];
  });
  const counts = new Map<string, bigint>();
  for (const { session, add } of steps) counts.set(modelOf(session), (counts.get(modelOf(session)) ?? 0n) + (add & 7n));
  return { requests: requests.flat(), truth: { sum: truth, histogram: counts } };
}

const counted = (p: DataPoint): bigint =>
  p.type === 'sum' ? (p as NumberDataPoint).intValue : (p as HistogramDataPoint).count;

/** Totals by model: increments added up, and the last value of each run of each series. Series must not fall or overlap. */
function totals(batches: readonly MetricsBatch[], type: string, temporality: string): Map<string, bigint> {
  const out = new Map<string, bigint>();
  const last = new Map<string, { start: bigint; time: bigint; value: bigint }>();
  for (const p of batches.flatMap((b) => [...b.points()])) {
    if (p.type !== type) continue;
    expect(p.metric.temporality).toBe(temporality);
    expect(p.attributes.has('session.id')).toBe(false);
    const model = `${p.attributes.get('model')}`;
    const value = counted(p);
    if (temporality === 'delta') out.set(model, (out.get(model) ?? 0n) + value);
    else {
      const before = last.get(model);
      const { startTimeUnixNano: start, timeUnixNano: time } = p;
      if (before !== undefined)
        expect([start, time > before.time, value >= before.value]).toEqual([before.start, true, true]);
      last.set(model, { start, time, value });
      out.set(model, value);
    }
  }
  return out;
}

const drop = () => dropAttributes(['session.id']);
const orders: [string, () => readonly Processor<'metrics'>[], 'delta' | 'cumulative' | undefined][] = [
  ['drop', () => [drop()], undefined],
  ['drop, c2d', () => [drop(), cumulativeToDelta()], 'delta'],
  ['c2d, drop', () => [cumulativeToDelta(), drop()], 'delta'],
  ['drop, d2c', () => [drop(), deltaToCumulative()], 'cumulative'],
  ['d2c, drop', () => [deltaToCumulative(), drop()], 'cumulative'],
  ['c2d, drop, d2c', () => [cumulativeToDelta(), drop(), deltaToCumulative()], 'cumulative'],
  ['drop, aggregate', () => [drop(), aggregate({ interval: '10s', lateness: '1s' })], undefined],
  ['aggregate, c2d, drop', () => [aggregate({ interval: '10s' }), cumulativeToDelta(), drop()], 'delta'],
  ['aggregate, drop, d2c', () => [aggregate({ interval: '10s' }), drop(), deltaToCumulative()], 'cumulative'],
  ['d2c, drop, c2d', () => [deltaToCumulative(), drop(), cumulativeToDelta()], 'delta'],
];

describe.each(['delta', 'cumulative'] as const)('a fleet that sends %s', (temporality) => {
  test.each(orders)('has its true totals after %s', async (_, processors, produces) => {
    await fc.assert(
      fc.asyncProperty(counting, async (steps) => {
        const { requests, truth } = fleet(steps, temporality);
        const clock = fakeClock(noon);
        const run = await testPipeline(processors(), { clock });
        for (const request of requests) {
          await run.send(request);
          await clock.advance(2000);
        }
        await run.end();
        for (const type of ['sum', 'histogram'] as const) {
          const got = totals(run.received.metrics, type, produces ?? temporality);
          for (const [model, total] of truth[type])
            expect([type, model, got.get(model) ?? 0n]).toEqual([type, model, total]);
        }
      }),
      { numRuns: 40 },
    );
  });
});

test('a request of everything, whose resources and scopes lose the attribute too, comes out as one', async () => {
  const run = await testPipeline([dropAttributes(['session.id'], { resource: true, scope: true })], {
    clock: fakeClock(noon),
  });
  const one = (session: string, n: bigint) => {
    const attributes = { 'session.id': session };
    const points = [{ attributes, startTimeUnixNano: at(0), timeUnixNano: at(1), value: n }];
    return {
      resource: { attributes: { ...attributes, 'service.name': 's' } },
      scope: { name: 'x', attributes },
      metrics: [
        { name: 'gauge', gauge: { points } },
        { name: 'delta', sum: { temporality: 'delta' as const, monotonic: true, points } },
        { name: 'total', sum: { temporality: 'cumulative' as const, monotonic: true, points } },
        { name: 'level', sum: { temporality: 'cumulative' as const, monotonic: false, points } },
      ],
    };
  };
  await run.send(buildMetrics([one('a', 1n), one('b', 2n), one('c', 4n)]));
  await run.end();
  const out = run.received.metrics.flatMap((b) => [...b.points()]);
  expect(out.map((p) => [p.metric.name, (p as NumberDataPoint).intValue])).toEqual([
    ['delta', 7n],
    ['gauge', 4n],
    ['total', 0n],
    ['total', 7n],
    ['level', 7n],
  ]);
  for (const p of out)
    expect([p.attributes, p.scope.attributes, p.resource.attributes].map((of) => of.toObject())).toEqual([
      {},
      {},
      { 'service.name': 's' },
    ]);
});

describe('cumulative series', () => {
  const flow: Flow = { signal: new AbortController().signal, drop() {}, refuse() {}, add() {} };

  /** The pieces of dropAttributes as the engine drives them: state is saved, taken back, restored. */
  class Driven {
    now = noon;
    noted = 0;
    readonly kept = new Map<string, Buffer>();
    merging!: CumulativeMerging;

    constructor() {
      this.restart(new Map());
    }

    restart(from: Map<string, Buffer>): void {
      const host = { clock: { now: () => this.now }, note: () => void this.noted++ } as unknown as Host;
      const all = settings('dropAttributes', ['session.id'], { cumulative: { maxStale: '1h' } });
      const keys = new KeySet(['session.id']);
      this.merging = new CumulativeMerging(keys, all, new Merging(keys, all, host), host);
      const entries: StateEntries = [...from]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => [Buffer.from(key, 'hex'), value] as const);
      this.merging.state.restore(entries);
    }

    to(map: Map<string, Buffer>) {
      return {
        put: (key: Uint8Array, value: Uint8Array) => void map.set(Buffer.from(key).toString('hex'), Buffer.from(value)),
        delete: (key: Uint8Array) => void map.delete(Buffer.from(key).toString('hex')),
      };
    }

    step(batch: () => MetricsBatch, outcome: string): MetricsBatch[] {
      let out = this.merging.merge(batch(), flow);
      if (outcome === 'undo') {
        const first = out?.bytes().toString('hex');
        this.merging.state.undo();
        out = this.merging.merge(batch(), flow);
        expect(out?.bytes().toString('hex')).toBe(first);
      }
      this.merging.state.save(this.to(this.kept));
      if (outcome === 'restart') this.restart(this.kept);
      else if (outcome === 'hand over') {
        const all = new Map<string, Buffer>();
        this.merging.state.snapshot(this.to(all));
        this.restart(all);
      }
      return out === undefined ? [] : [out];
    }
  }
  const outcome = fc.constantFrom('save', 'save', 'undo', 'restart', 'hand over');

  test('keep their totals whatever is taken back and sent again, or restarted', () => {
    fc.assert(
      fc.property(counting, fc.infiniteStream(outcome), (steps, outcomes) => {
        const { requests, truth } = fleet(steps, 'cumulative');
        const driven = new Driven();
        const out = requests.flatMap((r) => driven.step(() => r.fork(), outcomes.next().value!));
        for (const type of ['sum', 'histogram'] as const) {
          const got = totals(out, type, 'cumulative');
          for (const [model, total] of truth[type])
            expect([type, model, got.get(model) ?? 0n]).toEqual([type, model, total]);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('that may fall become the sum of what each said last, until it ends', () => {
    const said = fc.record({
      session: fc.nat(3),
      value: fc.oneof(fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }), fc.constantFrom(0.5, -0.25, 3.75)),
      ends: fc.constantFrom(false, false, false, true),
      outcome,
    });
    fc.assert(
      fc.property(fc.array(said, { minLength: 1, maxLength: 30 }), (steps) => {
        const driven = new Driven();
        const live = new Map<number, number | bigint>();
        steps.forEach(({ session, value, ends, outcome }, i) => {
          const point = {
            attributes: { 'session.id': `${session}` },
            startTimeUnixNano: at(0),
            timeUnixNano: at(i + 1),
            ...(ends ? { flags: 1 } : { value }),
          };
          const request = () =>
            buildMetrics([
              { metrics: [{ name: 'n', sum: { temporality: 'cumulative', monotonic: false, points: [point] } }] },
            ]);
          const known = live.has(session);
          if (ends) live.delete(session);
          else live.set(session, value);
          const [out] = driven.step(request, outcome);
          if (ends && !known) {
            expect(out).toBeUndefined();
            return;
          }
          const [p] = [...out!.points()] as NumberDataPoint[];
          expect([p!.attributes.toObject(), p!.noRecordedValue, p!.startTimeUnixNano]).toEqual([
            {},
            live.size === 0,
            at(0),
          ]);
          const values = [...live.values()];
          if (values.every((v) => typeof v === 'bigint')) {
            if (values.length > 0) expect(p!.intValue).toBe(values.reduce((a, b) => a + b, 0n));
          } else expect(p!.value).toBe(values.reduce<number>((a, b) => a + Number(b), 0));
        });
      }),
      { numRuns: 150 },
    );
  });

  test('that may fall leave when they are silent for long', () => {
    const driven = new Driven();
    const request = (session: string, seconds: number, value: bigint) => () =>
      buildMetrics([
        {
          metrics: [
            {
              name: 'n',
              sum: {
                temporality: 'cumulative',
                points: [
                  { attributes: { 'session.id': session }, startTimeUnixNano: at(0), timeUnixNano: at(seconds), value },
                ],
              },
            },
          ],
        },
      ]);
    const value = (out: MetricsBatch[]) => [...out[0]!.points()].map((p) => (p as NumberDataPoint).intValue);
    expect(value(driven.step(request('a', 1, 5n), 'save'))).toEqual([5n]);
    expect(value(driven.step(request('b', 1, 7n), 'restart'))).toEqual([12n]);
    driven.now += 2 * 3_600_000;
    expect(value(driven.step(request('b', 7200, 8n), 'undo'))).toEqual([8n]);
    // The total, and the one that is left.
    expect(
      [...driven.kept.keys()].filter((key) => key.startsWith(Buffer.from('levels\0').toString('hex'))),
    ).toHaveLength(2);
  });
});
