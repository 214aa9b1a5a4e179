import { buildLogs, buildMetrics, buildTraces, type NumberDataPoint } from '@otelier/otlp';
import { testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepAttributes } from './keep-attributes.js';

const attributes = { 'session.id': 'a', model: 'm', type: 't' };

test('keeps what is named on log records, spans, their events and links, and on resources and scopes on demand', async () => {
  for (const [resource, scope] of [
    [false, false],
    [true, true],
  ] as const) {
    await using run = await testPipeline([keepAttributes(['model'], { resource, scope })]);
    await run.send(buildLogs([{ resource: { attributes }, scope: { attributes }, records: [{ attributes }] }]));
    const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), attributes };
    const span = { ...ids, name: 's', events: [{ name: 'e', attributes }], links: [ids] };
    await run.send(buildTraces([{ resource: { attributes }, scope: { attributes }, spans: [span] }]));
    const [record] = [...run.received.logs[0]!.records()];
    const [s] = [...run.received.traces[0]!.spans()];
    const own = [record!, s!, ...s!.events, ...s!.links];
    expect(own.map((of) => of.attributes.toObject())).toEqual(own.map(() => ({ model: 'm' })));
    const owners = [record!.resource, record!.scope, s!.resource, s!.scope];
    expect(owners.map((of) => of.attributes.has('session.id'))).toEqual(owners.map(() => !resource));
  }
});

test('adds up the increments of points that differ in other attributes alone', async () => {
  const word = fc.constantFrom('a', 'b', 'c');
  const point = fc.record({
    attributes: fc.record({ model: word, type: word, 'session.id': word, x: word }, { requiredKeys: [] }),
    value: fc.bigInt({ min: 0n, max: 2n ** 40n }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(point, { minLength: 1, maxLength: 30 }), async (points) => {
      const truth: Record<string, bigint> = {};
      const name = ({ model, type }: { model?: unknown; type?: unknown }) => `${model}/${type}`;
      for (const p of points) truth[name(p.attributes)] = (truth[name(p.attributes)] ?? 0n) + p.value;
      await using run = await testPipeline([keepAttributes(['type', 'model'])]);
      await run.send(
        buildMetrics([{ metrics: [{ name: 'm', sum: { temporality: 'delta', monotonic: true, points } }] }]),
      );
      const got: Record<string, bigint> = {};
      for (const p of run.received.metrics[0]!.points()) {
        const kept = p.attributes.toObject();
        expect(Object.keys(kept).every((key) => key === 'model' || key === 'type')).toBe(true);
        got[name(kept)] = (got[name(kept)] ?? 0n) + (p as NumberDataPoint).intValue;
      }
      expect(got).toEqual(truth);
    }),
    { numRuns: 60 },
  );
});

test('leaves a batch that holds nothing else byte for byte as it was', async () => {
  const batch = buildMetrics([
    { metrics: [{ name: 'm', sum: { temporality: 'delta', points: [{ attributes, value: 1 }] } }] },
  ]);
  const before = Buffer.from(batch.bytes());
  await using run = await testPipeline([keepAttributes(Object.keys(attributes))]);
  await run.send(batch);
  expect(run.received.metrics[0]!.bytes().equals(before)).toBe(true);
});

test('names the option that is wrong', () => {
  expect(() => keepAttributes([])).toThrow('keepAttributes: names: expected at least one attribute name');
  expect(() => keepAttributes(['a'], { gauge: 'median' as never })).toThrow('keepAttributes: gauge: expected');
});
