import { type Processor, stage } from '@otelier/core';
import {
  type AttributesData,
  buildLogs,
  buildMetrics,
  buildTraces,
  type DataPoint,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  type MetricsBatch,
  type NumberDataPoint,
  type NumberPointData,
  type Temporality,
} from '@otelier/otlp';
import { captures, memoryExporter, memoryReceiver, testPipeline, totals } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DropAttributesOptions, dropAttributes } from './drop-attributes.js';

// What comes before it in these tests is delta; captures with other temporality are left to the converter's tests.
const deltaOnly: Processor<'metrics'> = stage(
  'delta-only',
  { metrics: (next) => ({ consume: next }) },
  { produces: 'delta' },
);
const names = ['session.id', 'user.account_uuid'];

async function through(batch: MetricsBatch, options?: DropAttributesOptions) {
  await sameAgain(batch.fork(), options);
  const run = await testPipeline([deltaOnly, dropAttributes(names, options)]);
  const answer = await run.send(batch);
  await run.end();
  return {
    answer,
    out: run.received.metrics,
    account: run.accounts()['metrics/test/drop-attributes'],
    accounts: run.accounts(),
  };
}

/** What the processor remembers of a batch changes nothing about the next. */
async function sameAgain(batch: MetricsBatch, options?: DropAttributesOptions): Promise<void> {
  const run = await testPipeline([deltaOnly, dropAttributes(names, options)]);
  const out: string[][] = [];
  for (let i = 0; i < 3; i++) {
    const before = run.received.metrics.length;
    // By then nobody takes it for the same batch that comes again.
    await run.clock.advance(3 * 3_600_000);
    await run.send(batch.fork());
    out.push(run.received.metrics.slice(before).map((each) => each.bytes().toString('latin1')));
  }
  await run.end();
  expect(out[1]).toEqual(out[0]);
  expect(out[2]).toEqual(out[0]);
}

/** Series and their values, as plain objects. */
function read(batch: MetricsBatch): Record<string, unknown>[] {
  return [...batch.points()].map((point) => ({
    name: point.metric.name,
    attributes: point.attributes.toObject(),
    value: contentOf(point),
    start: point.startTimeUnixNano,
    time: point.timeUnixNano,
  }));
}

function contentOf(point: DataPoint): unknown {
  if (point.type === 'sum' || point.type === 'gauge') {
    const number = point as NumberDataPoint;
    return number.isInt ? number.intValue : number.value;
  }
  const { count, sum, min, max, bucketCounts, explicitBounds } = point as HistogramDataPoint;
  return { count, sum, min, max, bucketCounts, explicitBounds };
}

const sum = (points: NumberPointData[], temporality: Temporality = 'delta') =>
  buildMetrics([{ metrics: [{ name: 'm', sum: { temporality, monotonic: true, points } }] }]);

describe('metrics', () => {
  test('adds up the deltas of points that become one series', async () => {
    const { out, answer } = await through(
      sum([
        { attributes: { 'session.id': 'a', model: 'x' }, startTimeUnixNano: 10n, timeUnixNano: 20n, value: 5n },
        { attributes: { 'session.id': 'b', model: 'y' }, startTimeUnixNano: 10n, timeUnixNano: 20n, value: 1n },
        { attributes: { model: 'x', 'session.id': 'c' }, startTimeUnixNano: 5n, timeUnixNano: 25n, value: 7n },
      ]),
    );
    expect(answer.refused).toBe(0);
    expect(out.flatMap(read)).toEqual([
      { name: 'm', attributes: { model: 'x' }, value: 12n, start: 5n, time: 25n },
      { name: 'm', attributes: { model: 'y' }, value: 1n, start: 10n, time: 20n },
    ]);
  });

  test('is exact beyond 2^53, and makes a double of an int and a double', async () => {
    const big = 2n ** 62n + 1n;
    const { out } = await through(
      sum([
        { attributes: { 'session.id': 'a' }, value: big },
        { attributes: { 'session.id': 'b' }, value: -3n },
        { attributes: { 'session.id': 'a', k: 1n }, value: 2n },
        { attributes: { 'session.id': 'b', k: 1n }, value: 0.5 },
      ]),
    );
    expect(out.flatMap(read).map(({ value }) => value)).toEqual([big - 3n, 2.5]);
  });

  test('rounds the sum of many doubles once', async () => {
    const values = [1e16, 1, 1, 1, 1, -1e16, 0.5];
    const { out } = await through(sum(values.map((value, i) => ({ attributes: { 'session.id': `${i}` }, value }))));
    expect(out.flatMap(read).map(({ value }) => value)).toEqual([4.5]);
  });

  test('adds up what follows a point that has no value', async () => {
    const { out } = await through(
      sum([
        { attributes: { 'session.id': 'a' } },
        { attributes: { 'session.id': 'b' }, value: 2n },
        { attributes: { 'session.id': 'c' }, value: 0.5 },
        { attributes: { 'session.id': 'd' } },
        { attributes: { 'session.id': 'e' }, value: 3n },
      ]),
    );
    expect(out.flatMap(read).map(({ value }) => value)).toEqual([5.5]);
  });

  test('leaves a batch that holds none of the attributes byte for byte as it was', async () => {
    const batch = sum([
      { attributes: { model: 'x' }, value: 1 },
      { attributes: { model: 'x' }, value: 2 },
    ]);
    const before = Buffer.from(batch.bytes());
    const { out } = await through(batch);
    expect(out[0]?.bytes().equals(before)).toBe(true);
  });

  test('merges across resources, scopes and split metrics when resources lose the attribute too', async () => {
    const one = (session: string, value: bigint) => ({
      resource: { attributes: { 'service.name': 's', 'session.id': session } },
      scope: { name: 'scope' },
      metrics: [
        {
          name: 'm',
          sum: { temporality: 'delta' as const, monotonic: true, points: [{ value, attributes: { k: 'v' } }] },
        },
        {
          name: 'm',
          sum: { temporality: 'delta' as const, monotonic: true, points: [{ value, attributes: { k: 'v' } }] },
        },
      ],
    });
    const kept = await through(buildMetrics([one('a', 1n), one('b', 2n)]));
    expect(kept.out.flatMap(read)).toHaveLength(4);
    const merged = await through(buildMetrics([one('a', 1n), one('b', 2n)]), { resource: true });
    expect(merged.out.flatMap(read)).toMatchObject([{ value: 6n }]);
    expect([...merged.out[0]!.resourceMetrics]).toHaveLength(1);
  });

  test('keeps the latest of a gauge and ignores points without a value', async () => {
    const { out } = await through(
      buildMetrics([
        {
          metrics: [
            {
              name: 'g',
              gauge: {
                points: [
                  { attributes: { 'session.id': 'a' }, timeUnixNano: 2n, value: 20n },
                  { attributes: { 'session.id': 'b' }, timeUnixNano: 3n, value: 30n },
                  { attributes: { 'session.id': 'c' }, timeUnixNano: 1n, value: 10n },
                  { attributes: { 'session.id': 'd' }, timeUnixNano: 9n, flags: 1 },
                ],
              },
            },
          ],
        },
      ]),
    );
    expect(out.flatMap(read)).toMatchObject([{ value: 30n, time: 3n }]);
  });

  test('adds up histograms, joining buckets where bounds differ', async () => {
    const point = (session: string, explicitBounds: number[], bucketCounts: bigint[], more = {}) => ({
      attributes: { 'session.id': session },
      count: bucketCounts.reduce((a, b) => a + b),
      sum: 10,
      explicitBounds,
      bucketCounts,
      ...more,
    });
    const { out } = await through(
      buildMetrics([
        {
          metrics: [
            {
              name: 'h',
              histogram: {
                temporality: 'delta',
                points: [
                  point('a', [1, 2, 5], [1n, 2n, 3n, 4n], { min: 0, max: 9 }),
                  point('b', [2, 4, 5], [1n, 1n, 1n, 1n], { min: -1, max: 6 }),
                ],
              },
            },
          ],
        },
      ]),
    );
    expect(out.flatMap(read)).toMatchObject([
      { value: { count: 14n, sum: 20, min: -1, max: 9, explicitBounds: [2, 5], bucketCounts: [4n, 5n, 5n] } },
    ]);
  });

  test('adds up exponential histograms at the lower scale', async () => {
    const point = (session: string, scale: number, offset: number, bucketCounts: bigint[], zeroThreshold: number) => ({
      attributes: { 'session.id': session },
      count: bucketCounts.reduce((a, b) => a + b) + 1n,
      sum: 1,
      scale,
      zeroCount: 1n,
      zeroThreshold,
      positive: { offset, bucketCounts },
    });
    const { out } = await through(
      buildMetrics([
        {
          metrics: [
            {
              name: 'e',
              exponentialHistogram: {
                temporality: 'delta',
                points: [point('a', 1, 2, [1n, 2n, 3n], 0.5), point('b', 0, -2, [5n, 0n, 1n], 0)],
              },
            },
          ],
        },
      ]),
    );
    const [e] = [...out[0]!.points()] as ExponentialHistogramDataPoint[];
    // Buckets of a at scale 0: index 1 (2, 4] has 3 and index 2 has 3; of b: (0.25, 0.5] goes under the threshold.
    const { count, sum, scale, zeroCount, zeroThreshold } = e!;
    expect({ count, sum, scale, zeroCount, zeroThreshold }).toEqual({
      count: 14n,
      sum: 2,
      scale: 0,
      zeroCount: 7n,
      zeroThreshold: 0.5,
    });
    expect(trimmed(e!.positive!)).toEqual({ 0: 1n, 1: 3n, 2: 3n });
  });

  test('keeps exemplars up to the limit, without the attributes that were dropped', async () => {
    const point = (session: string) => ({
      attributes: { 'session.id': session },
      value: 1n,
      exemplars: [{ value: 1n, timeUnixNano: 1n, filteredAttributes: { 'session.id': session, kept: 'k' } }],
    });
    const { out } = await through(sum(['a', 'b', 'c'].map(point)), { maxExemplars: 2 });
    const [p] = [...out[0]!.points()];
    const exemplars = [...p!.exemplars];
    expect(exemplars.map((e) => e.filteredAttributes.toObject())).toEqual([{ kept: 'k' }, { kept: 'k' }]);
    expect(exemplars.map((e) => e.intValue)).toEqual([1n, 1n]);
  });

  test('refuses what cannot be added up: kept apart it would leak, and under the new name it would be several in one', async () => {
    const attributes = (session: string) => ({ attributes: { 'session.id': session, k: 'v' } });
    const summary = (...points: { attributes: AttributesData }[]) => ({
      points: points.map((p) => ({ ...p, count: 1n, sum: 1, quantileValues: [] })),
    });
    const batch = () =>
      buildMetrics([
        {
          metrics: [
            { name: 's', summary: summary(attributes('a'), attributes('b')) },
            { name: 'alone', summary: summary(attributes('a')) },
            { name: 'ok', summary: summary({ attributes: { k: 'v' } }) },
          ],
        },
      ]);
    const refused = await through(batch());
    expect(refused.answer).toMatchObject({ refused: 3, refusal: expect.stringContaining('summary') });
    expect([...refused.out[0]!.points()].map((p) => [p.metric.name, p.attributes.toObject()])).toEqual([
      ['ok', { k: 'v' }],
    ]);
    const kept = await through(batch(), { summary: 'keep' });
    expect(kept.answer.refused).toBe(0);
    expect([...kept.out[0]!.points()].map((p) => p.attributes.get('session.id'))).toEqual(['a', 'b', 'a', undefined]);
    expect(kept.account?.noted).toEqual({ summary_kept: 3 });
    const unspecified = await through(sum([{ ...attributes('a'), value: 1n }, { value: 2n }], 'unspecified'));
    expect(unspecified.answer).toMatchObject({
      refused: 1,
      refusal: expect.stringContaining('unspecified temporality'),
    });
  });

  test('takes a gap in one series for no gap in what it became a part of', async () => {
    const flagged = { attributes: { 'session.id': 'a' }, flags: 1 };
    const alone = await through(sum([flagged, { attributes: { k: 'v' }, flags: 1 }]));
    expect(alone.out.flatMap(read).map(({ attributes }) => attributes)).toEqual([{ k: 'v' }]);
    expect(alone.account?.dropped).toEqual({ no_recorded_value: 1 });
    const { out } = await through(sum([flagged, { attributes: { 'session.id': 'b' }, value: 2n }]));
    expect(out.flatMap(read).map(({ value }) => value)).toEqual([2n]);
  });

  test.each([
    ['last', 4n],
    ['min', -1n],
    ['max', 4n],
    ['sum', 5n],
    ['mean', 5 / 3],
  ] as const)('makes of gauges their %s, each at its latest', async (gauge, value) => {
    const point = (session: string, time: bigint, of: bigint): NumberPointData => ({
      attributes: { 'session.id': session },
      timeUnixNano: time,
      value: of,
    });
    const points = [point('a', 1n, 100n), point('b', 3n, -1n), point('a', 2n, 2n), point('c', 9n, 4n)];
    const { out } = await through(buildMetrics([{ metrics: [{ name: 'g', gauge: { points } }] }]), { gauge });
    expect(out.flatMap(read)).toMatchObject([{ value, time: 9n }]);
  });

  test('keeps the attributes of a point in its exemplars on demand', async () => {
    const point = (session: string, more = {}) => ({
      attributes: { 'session.id': session, 'user.account_uuid': 'u' },
      value: 1n,
      exemplars: [{ value: 1n, filteredAttributes: { other: 'o', ...more } }],
    });
    const batch = sum([
      point('a'),
      point('b', { 'session.id': 'x' }),
      { value: 1n, exemplars: [{ value: 2n, filteredAttributes: { 'session.id': 'own' } }] },
    ]);
    const { out } = await through(batch, { exemplarAttributes: 'keep' });
    const [p] = [...out[0]!.points()];
    expect([p!.attributes.toObject(), (p as NumberDataPoint).intValue]).toEqual([{}, 3n]);
    expect([...p!.exemplars].map((e) => e.filteredAttributes.toObject())).toEqual([
      { other: 'o', 'session.id': 'a', 'user.account_uuid': 'u' },
      { other: 'o', 'session.id': 'b', 'user.account_uuid': 'u' },
      { 'session.id': 'own' },
    ]);
  });

  test('leaves no series twice when resources and scopes lose attributes too, and no total changes', async () => {
    const word = fc.constantFrom('a', 'b');
    const some = fc.record({ 'session.id': word, k: word }, { requiredKeys: [] });
    const group = fc.record({
      resource: some,
      scope: some,
      points: fc.array(fc.record({ attributes: some, value: fc.bigInt({ min: 0n, max: 99n }) }), { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(group, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.boolean(),
        async (groups, resource, scope) => {
          const batch = buildMetrics(
            groups.map((g) => ({
              resource: { attributes: g.resource },
              scope: { attributes: g.scope },
              metrics: [{ name: 'm', sum: { temporality: 'delta', monotonic: true, points: g.points } }],
            })),
          );
          const series = (p: DataPoint) =>
            [p.resource, p.scope, p].map((of) => Object.entries(of.attributes.toObject()).sort());
          const without = (of: [string, unknown][], drop: boolean) =>
            of.filter(([name]) => !drop || name !== 'session.id');
          const total = new Map<string, bigint>();
          const untouched = new Map<string, number>();
          for (const p of batch.fork().points()) {
            const [r, s, own] = series(p);
            const name = JSON.stringify([without(r!, resource), without(s!, scope), without(own!, true)]);
            total.set(name, (total.get(name) ?? 0n) + (p as NumberDataPoint).intValue);
            if (name === JSON.stringify([r, s, own])) untouched.set(name, (untouched.get(name) ?? 0) + 1);
          }
          const { out } = await through(batch, { resource, scope });
          const seen = new Map<string, bigint>();
          const times = new Map<string, number>();
          for (const p of out.flatMap((each) => [...each.points()])) {
            const name = JSON.stringify(series(p));
            times.set(name, (times.get(name) ?? 0) + 1);
            seen.set(name, (seen.get(name) ?? 0n) + (p as NumberDataPoint).intValue);
          }
          expect(seen).toEqual(total);
          // Points of one series that lost nothing stay as their sender sent them; of all that lost something there is one more at most.
          for (const [name, n] of times) expect(n).toBeLessThanOrEqual(Math.max(1, untouched.get(name) ?? 0));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('gives what a plain-object model gives, whatever the points', async () => {
    const word = fc.constantFrom('a', 'b');
    const point = fc.record({
      session: fc.option(word, { nil: undefined }),
      model: fc.option(word, { nil: undefined }),
      value: fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }),
      metric: word,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(point, { minLength: 1, maxLength: 40 }), fc.boolean(), async (points, shared) => {
        const batch = buildMetrics(
          points.map(({ session, model, value, metric }) => ({
            metrics: [
              {
                name: metric,
                sum: {
                  temporality: 'delta',
                  points: [
                    {
                      attributes: {
                        ...(session === undefined ? {} : { 'session.id': session }),
                        ...(model === undefined ? {} : { model }),
                      },
                      value,
                    },
                  ],
                },
              },
            ],
          })),
        );
        const model: Record<string, bigint> = {};
        for (const p of points) model[`${p.metric}/${p.model}`] = (model[`${p.metric}/${p.model}`] ?? 0n) + p.value;
        const keep = shared ? batch.fork() : undefined;
        const { out } = await through(batch);
        const got: Record<string, bigint> = {};
        for (const p of out.flatMap((b) => [...b.points()])) {
          const id = `${p.metric.name}/${p.attributes.get('model')}`;
          expect(p.attributes.has('session.id')).toBe(false);
          got[id] = (got[id] ?? 0n) + (p as NumberDataPoint).intValue;
        }
        expect(got).toEqual(model);
        if (keep !== undefined)
          expect([...keep.points()].map((p) => (p as NumberDataPoint).intValue)).toEqual(points.map((p) => p.value));
      }),
      { numRuns: 60 },
    );
  });
});

test.each(
  captures()
    .filter(({ env }) => env.OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE !== 'cumulative')
    .map((c) => [`${c.version}/${c.scenario} ${c.protocol}`, c] as const),
)('keeps the totals of recorded sessions: %s', async (_, { requests, expected }) => {
  const run = await testPipeline([deltaOnly, dropAttributes(names)]);
  for (const request of requests) if (request.signal === 'metrics') await run.send(request.batch());
  await run.end();
  const { tokens, costUsd } = totals(run.received.metrics);
  if (run.received.metrics.length > 0) {
    expect(tokens).toEqual(Object.fromEntries(Object.entries(expected.tokens).filter(([, n]) => n > 0)));
    expect(costUsd).toBeCloseTo(expected.costUsd, 9);
  }
  for (const batch of run.received.metrics) {
    const seen = [...batch.points()].map((p) =>
      JSON.stringify([p.metric.name, Object.entries(p.attributes.toObject()).sort()]),
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.join()).not.toMatch(/session\.id|account_uuid/);
  }
});

test('deletes from log records, spans, span events and links, and from resources on demand', async () => {
  const attributes = { 'session.id': 'a', kept: 'k' };
  const logs = () => buildLogs([{ resource: { attributes }, records: [{ attributes }] }]);
  const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: 's', attributes };
  const link = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), attributes };
  const traces = () =>
    buildTraces([
      { resource: { attributes }, spans: [{ ...span, events: [{ name: 'e', attributes }], links: [link] }] },
    ]);
  for (const resource of [false, true]) {
    const own = await testPipeline({ logs: { p: pipelineOf(resource) }, traces: { p: pipelineOf(resource) } });
    await own.send(logs());
    await own.send(traces());
    const [record] = [...own.received.logs[0]!.records()];
    const [s] = [...own.received.traces[0]!.spans()];
    await own.end();
    const all = [record!.attributes, s!.attributes, [...s!.events][0]!.attributes, [...s!.links][0]!.attributes];
    expect(all.map((a) => a.toObject())).toEqual(all.map(() => ({ kept: 'k' })));
    expect([record!.resource, s!.resource].map((r) => r.attributes.has('session.id'))).toEqual([!resource, !resource]);
  }
});

function pipelineOf(resource: boolean) {
  return {
    receivers: [memoryReceiver()],
    processors: [dropAttributes(names, { resource })],
    exporters: [memoryExporter()],
  };
}

test('names the option that is wrong', () => {
  expect(() => dropAttributes([])).toThrow('dropAttributes: names: expected at least one attribute name');
  expect(() => dropAttributes(['a'], { resource: 'yes' as never })).toThrow(
    'dropAttributes: resource: expected boolean, got a string',
  );
});

function trimmed({
  offset,
  bucketCounts,
}: {
  offset: number;
  bucketCounts: readonly bigint[];
}): Record<number, bigint> {
  return Object.fromEntries(bucketCounts.map((n, i) => [offset + i, n]).filter(([, n]) => n !== 0n));
}
