import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MetricsBatch } from '../metrics/metrics-batch.js';
import { KeySet } from '../wire/key.js';
import { StreamTable, type StreamTableOptions } from './stream-table.js';

// An encoder that shares no code with ours.
const root = createRequire(import.meta.url)('otlp-transformer-208/build/src/generated/root');
const Request = root.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;

type Pairs = readonly (readonly [string, string | number | boolean])[];

interface Series {
  resource: Pairs;
  resourceUrl: string;
  scope: { name: string; version: string; attributes: Pairs; url: string };
  name: string;
  unit: string;
  description: string;
  type: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';
  temporality: 0 | 1 | 2;
  monotonic: boolean;
  attributes: Pairs;
  start: number;
}

const keys = ['a', 'b', 'session.id', 'user', 'ü', 'x'.repeat(130), ''];
const value = fc.oneof(fc.constantFrom('', '1', 'v', 'w'.repeat(200)), fc.constantFrom(0, 1, -1), fc.boolean());
const pairs: fc.Arbitrary<Pairs> = fc.array(fc.tuple(fc.constantFrom(...keys), value), { maxLength: 5 });
const word = fc.constantFrom('', 'm', 'n');
const series: fc.Arbitrary<Series> = fc.record({
  resource: pairs,
  resourceUrl: word,
  scope: fc.record({ name: word, version: word, attributes: pairs, url: word }),
  name: word,
  unit: word,
  description: word,
  type: fc.constantFrom('gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'),
  temporality: fc.constantFrom(0, 1, 2),
  monotonic: fc.boolean(),
  attributes: pairs,
  start: fc.constantFrom(0, 1, 2 ** 33),
});

const keyValues = (list: Pairs) =>
  list.map(([key, v]) => ({
    key,
    value: typeof v === 'string' ? { stringValue: v } : typeof v === 'number' ? { intValue: v } : { boolValue: v },
  }));

function encode(list: readonly Series[]): MetricsBatch {
  const message = {
    resourceMetrics: list.map((s) => ({
      resource: { attributes: keyValues(s.resource) },
      schemaUrl: s.resourceUrl,
      scopeMetrics: [
        {
          scope: { name: s.scope.name, version: s.scope.version, attributes: keyValues(s.scope.attributes) },
          schemaUrl: s.scope.url,
          metrics: [
            {
              name: s.name,
              unit: s.unit,
              description: s.description,
              [s.type]: {
                dataPoints: [{ attributes: keyValues(s.attributes), startTimeUnixNano: s.start, timeUnixNano: 5 }],
                ...(s.type === 'gauge' || s.type === 'summary' ? {} : { aggregationTemporality: s.temporality }),
                ...(s.type === 'sum' ? { isMonotonic: s.monotonic } : {}),
              },
            },
          ],
        },
      ],
    })),
  };
  return MetricsBatch.parse(Buffer.from(Request.encode(Request.fromObject(message)).finish()));
}

/** The same identity as a string, made from objects. */
function name(s: Series, options: StreamTableOptions): string {
  const set = (list: Pairs, without?: KeySet) => {
    const first = new Map<string, unknown>();
    for (const [k, v] of list) if (!first.has(k) && !without?.has(k)) first.set(k, v);
    return [...first].sort(([a], [b]) => (a < b ? -1 : 1));
  };
  const temporal = s.type !== 'gauge' && s.type !== 'summary' && !options.ignoreTemporality;
  return JSON.stringify([
    set(s.resource, options.withoutResource),
    s.resourceUrl,
    [s.scope.name, s.scope.version, set(s.scope.attributes, options.withoutScope), s.scope.url],
    [s.name, s.unit, s.type, temporal ? s.temporality : '', s.type === 'sum' && s.monotonic],
    set(s.attributes, options.without),
    options.byStartTime ? s.start : '',
  ]);
}

function slots(table: StreamTable, batch: MetricsBatch): number[] {
  return [...batch.points()].map((point) => table.slot(point));
}

const without = new KeySet(['session.id', 'x'.repeat(130)]);
const allBut = KeySet.allBut(['a', 'x'.repeat(130), '']);
const variants: StreamTableOptions[] = [
  {},
  { without },
  { without, withoutResource: without, ignoreTemporality: true },
  { without: allBut, withoutResource: allBut, withoutScope: allBut },
  { withoutScope: without },
  { byStartTime: true },
  { hashBits: 0 },
  { hashBits: 3, without, byStartTime: true },
];

describe('StreamTable', () => {
  test.each(variants)('gives equal slots to equal identities and to no others (%j)', (options) => {
    fc.assert(
      // Senders repeat themselves: what came after what is remembered.
      fc.property(fc.array(series, { maxLength: 12 }), fc.array(series, { maxLength: 4 }), (often, once) => {
        const list = [...often, ...often, ...once, ...often.toReversed(), ...often];
        const table = new StreamTable(options);
        const named = new Map<string, number>();
        slots(table, encode(list)).forEach((slot, i) => {
          const is = name(list[i]!, options);
          expect(slot).toBe(named.get(is) ?? named.size);
          named.set(is, slot);
        });
        expect(table.size).toBe(named.size);
      }),
      { numRuns: 60 },
    );
  });

  test.each(variants)('writes a request of a stream in which any other process finds it again (%j)', (options) => {
    fc.assert(
      fc.property(fc.array(series, { maxLength: 12 }), (list) => {
        const table = new StreamTable(options);
        const other = new StreamTable(options);
        const all = new Map<number, string>();
        slots(table, encode(list)).forEach((slot, i) => void all.set(slot, name(list[i]!, options)));
        for (const [slot, is] of all) {
          const request = table.request(slot);
          const batch = MetricsBatch.parse(request);
          // It is what the door takes for canonical, and holds the identity alone.
          expect(batch.bytes()).toBe(request);
          expect(batch.count).toBe(1);
          // In the table that it came from it is the stream, in another it becomes it.
          expect(slots(table, batch)).toEqual([slot]);
          expect(table.isNew).toBe(false);
          slots(other, batch);
          expect(other.isNew, is).toBe(true);
        }
        expect(other.size).toBe(table.size);
        slots(other, encode(list));
        expect(other.size).toBe(table.size);
      }),
      { numRuns: 60 },
    );
  });

  test('writes the start time that it is told, beside the identity', () => {
    fc.assert(
      fc.property(series, fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), (s, start) => {
        const table = new StreamTable();
        const [slot] = slots(table, encode([s]));
        const low = Number(BigInt.asIntN(32, start));
        const batch = MetricsBatch.parse(table.request(slot!, low, Number(BigInt.asIntN(32, start >> 32n))));
        expect([...batch.points()].map((p) => p.startTimeUnixNano)).toEqual([start]);
        expect(slots(table, batch)).toEqual([slot]);
      }),
    );
  });

  test('has a stream for those of a metric that it has no room for', () => {
    fc.assert(
      fc.property(fc.array(series, { minLength: 1, maxLength: 12 }), (list) => {
        const table = new StreamTable({ maxStreams: 0 });
        const found = new Map<number, string>();
        let i = 0;
        for (const point of encode(list).points()) {
          expect(table.slot(point)).toBe(-1);
          const slot = table.overflowSlot(point, 1000);
          const is = name({ ...list[i++]!, attributes: [['otel.metric.overflow', true]] }, {});
          expect(found.get(slot) ?? is).toBe(is);
          found.set(slot, is);
        }
        expect(new Set(found.values()).size).toBe(found.size);
        for (const [slot] of found) expect(slots(table, MetricsBatch.parse(table.request(slot)))).toEqual([slot]);
      }),
    );
  });

  test('tells a point from the one expected in its place by attributes that come late', () => {
    const attribute = (name: string, text: string): number[] => {
      const value = [0x0a, text.length, ...Buffer.from(text)];
      const entry = [0x0a, name.length, ...Buffer.from(name), 0x12, value.length, ...value];
      return [0x3a, entry.length, ...entry];
    };
    const time = [0x19, 1, 0, 0, 0, 0, 0, 0, 0];
    // Field 16 as fixed64, which nobody defined: its tag takes two bytes.
    const unknown = [0x81, 0x01, 0x3a, 0x3a, 0x3a, 0x3a, 0x3a, 0x3a, 0x3a, 0x3a];
    const points = [
      [...attribute('a', '1'), ...time],
      [...attribute('a', '1'), ...time, ...attribute('b', '2')],
      [...unknown, ...attribute('a', '1'), ...unknown, ...time],
      [...attribute('a', '1'), ...attribute('b', '2')],
      [...time, ...unknown],
    ];
    const wrap = (tag: number, bytes: readonly number[]): number[] => [
      tag,
      (bytes.length & 127) | 128,
      bytes.length >> 7,
      ...bytes,
    ];
    const sum = wrap(
      0x3a,
      points.flatMap((point) => wrap(0x0a, point)),
    );
    const bytes = Buffer.from(wrap(0x0a, wrap(0x12, wrap(0x12, sum))));
    const table = new StreamTable();
    for (let round = 0; round < 3; round++) expect(slots(table, MetricsBatch.parse(bytes))).toEqual([0, 1, 0, 1, 2]);
  });

  test('does not mind the order of attributes', () => {
    fc.assert(
      fc.property(series, fc.constantFrom(0, -1), (s, hashBits) => {
        const table = new StreamTable({ hashBits });
        const unique = (list: Pairs) => [...new Map([...list].reverse())].reverse();
        const one = { ...s, attributes: unique(s.attributes), resource: unique(s.resource) };
        const other = { ...one, attributes: [...one.attributes].reverse(), resource: [...one.resource].reverse() };
        expect(slots(table, encode([one, other]))).toEqual([0, 0]);
      }),
    );
  });

  test.each([{}, { hashBits: 1 }, { without }])(
    'forgets deleted streams and nothing else, however they collide (case %#)',
    (options: StreamTableOptions) => {
      fc.assert(
        fc.property(fc.array(fc.tuple(series, fc.boolean()), { minLength: 1, maxLength: 60 }), (steps) => {
          const table = new StreamTable(options);
          const model = new Map<string, number>();
          const batch = encode(steps.map(([s]) => s));
          let i = 0;
          for (const point of batch.points()) {
            const [s, drop] = steps[i++]!;
            const is = name(s, options);
            const slot = table.slot(point);
            expect(table.isNew).toBe(!model.has(is));
            expect(slot).toBe(model.get(is) ?? slot);
            model.set(is, slot);
            expect(new Set(model.values()).size).toBe(model.size);
            expect(Math.max(...model.values())).toBeLessThan(steps.length);
            if (drop) {
              table.delete(slot);
              model.delete(is);
            }
          }
          expect(table.size).toBe(model.size);
          table.clear();
          expect(table.size).toBe(0);
        }),
        { numRuns: 60 },
      );
    },
  );

  test('turns further streams away at maxStreams and still knows the ones it has', () => {
    const base: Series = {
      resource: [],
      resourceUrl: '',
      scope: { name: '', version: '', attributes: [], url: '' },
      name: 'm',
      unit: '',
      description: '',
      type: 'sum',
      temporality: 1,
      monotonic: true,
      attributes: [],
      start: 0,
    };
    const of = (n: number): Series => ({ ...base, name: `m${n}`, attributes: [['n', n]] });
    const table = new StreamTable({ maxStreams: 2 });
    expect(slots(table, encode([of(1), of(2), of(3), of(1)]))).toEqual([0, 1, -1, 0]);
    table.delete(0);
    expect(slots(table, encode([of(3), of(1), of(2)]))).toEqual([0, -1, 1]);
  });

  test('holds many streams, and the memory of deleted ones is used again', () => {
    const points = Array.from({ length: 20_000 }, (_, i) => ({
      attributes: keyValues([
        ['session.id', `0000-${i}`],
        ['model', 'claude'],
      ]),
      asInt: 1,
    }));
    const message = {
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', sum: { dataPoints: points } }] }] }],
    };
    const batch = MetricsBatch.parse(Buffer.from(Request.encode(Request.fromObject(message)).finish()));
    const table = new StreamTable();
    const first = slots(table, batch);
    expect(table.size).toBe(20_000);
    expect(slots(table, batch)).toEqual(first);
    const full = table.memory;
    for (let round = 0; round < 5; round++) {
      for (const slot of slots(table, batch)) table.delete(slot);
      expect(table.size).toBe(0);
      expect(new Set(slots(table, batch)).size).toBe(20_000);
    }
    expect(table.memory).toBeLessThan(full * 2);
  });
});
