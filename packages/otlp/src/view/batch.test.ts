import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { official, officialMeaning } from '../../test/oracle.js';
import { recorded } from '../../test/recorded.js';
import { numRuns, requests } from '../../test/requests.js';
import { buildLogs } from '../build/build.js';
import { LogsBatch } from '../logs/logs-batch.js';
import type { NumberDataPoint } from '../metrics/data-point.js';
import { MetricsBatch } from '../metrics/metrics-batch.js';
import { TracesBatch } from '../traces/traces-batch.js';
import { keySet } from '../wire/key.js';
import type { Signal } from '../wire/signal.js';
import { resourceBytes } from './common.js';

type Node = { [name: string]: Node[] | undefined };
const LEVELS = {
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
} as const;
const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];

/** Every item of a request with all that stands above it, in order: what no split or merge may change. */
function items(signal: Signal, bytes: Uint8Array): unknown[] {
  const [one, two, three] = LEVELS[signal];
  const out: unknown[] = [];
  for (const rl of (officialMeaning(signal, bytes) as Node)[one] ?? [])
    for (const sl of rl[two] ?? [])
      for (const item of sl[three] ?? []) {
        const above = [without(rl, two), without(sl, three)];
        if (signal !== 'metrics') out.push([above, item]);
        else
          for (const name of DATA) {
            const data = item[name] as unknown as Node | undefined;
            for (const point of data?.dataPoints ?? [])
              out.push([above, without(item, name), name, without(data!, 'dataPoints'), point]);
          }
      }
  return out;
}

function without(node: Node, name: string): unknown {
  const { [name]: _, ...rest } = node;
  return rest;
}

const make = (signal: Signal, bytes: Buffer) =>
  signal === 'logs' ? new LogsBatch(bytes) : signal === 'metrics' ? new MetricsBatch(bytes) : new TracesBatch(bytes);

describe.each(['logs', 'metrics', 'traces'] as const)('%s', (signal) => {
  test('split keeps every item with its resource and scope, in order and within the limit', () => {
    fc.assert(
      fc.property(requests[signal], fc.integer({ min: 1, max: 5 }), (bytes, maxCount) => {
        const batch = make(signal, bytes);
        const parts = batch.split({ maxCount });
        expect(parts.flatMap((part) => items(signal, part.bytes()))).toEqual(items(signal, bytes));
        for (const part of parts) {
          expect(part.count).toBe(items(signal, part.bytes()).length);
          if (part !== batch) expect(part.count).toBeLessThanOrEqual(maxCount);
        }
        if (batch.count <= maxCount) expect(parts).toEqual([batch]);
      }),
      { numRuns },
    );
  });

  test('split by bytes loses nothing', () => {
    fc.assert(
      fc.property(requests[signal], fc.integer({ min: 1, max: 400 }), (bytes, maxBytes) => {
        const parts = make(signal, bytes).split({ maxBytes });
        expect(parts.flatMap((part) => items(signal, part.bytes()))).toEqual(items(signal, bytes));
      }),
      { numRuns },
    );
  });

  test('filter removes exactly the items it is told to, prune takes what is then empty, count follows', () => {
    fc.assert(
      fc.property(requests[signal], fc.array(fc.boolean(), { minLength: 1 }), (bytes, keeps) => {
        const batch = make(signal, Buffer.from(bytes));
        const before = items(signal, bytes);
        if (keeps.length % 2 === 0) expect(batch.count).toBe(before.length);
        let i = 0;
        const kept = before.filter((_, n) => keeps[n % keeps.length]);
        expect(batch.filter(() => keeps[i++ % keeps.length]!)).toBe(before.length - kept.length);
        expect(batch.count).toBe(kept.length);
        expect(items(signal, batch.bytes())).toEqual(kept);
        batch.prune();
        expect(items(signal, batch.bytes())).toEqual(kept);
        const [one, two] = LEVELS[signal];
        for (const rl of (officialMeaning(signal, batch.bytes()) as Node)[one] ?? [])
          expect(rl[two]).not.toBeUndefined();
      }),
      { numRuns },
    );
  });

  test('recorded Claude Code requests pass the door, are read whole, and leave as they came', () => {
    const all = recorded('pb').filter((request) => request.signal === signal);
    expect(all.length).toBeGreaterThan(0);
    for (const { bytes } of all) {
      const input = Buffer.from(bytes);
      const batch =
        signal === 'logs'
          ? LogsBatch.parse(input)
          : signal === 'metrics'
            ? MetricsBatch.parse(input)
            : TracesBatch.parse(input);
      expect(batch.count).toBe(items(signal, bytes).length);
      expect(batch.bytes()).toBe(input);
      expect(batch.prune().bytes().equals(bytes)).toBe(true);
      const parts = batch.split({ maxCount: 2 });
      expect(parts.flatMap((part) => items(signal, part.bytes()))).toEqual(items(signal, bytes));
    }
  });
});

const logs = (...records: object[]): Buffer =>
  Buffer.from(
    official.logs
      .encode(official.logs.fromObject({ resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] }))
      .finish(),
  );
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const gauge = (...points: object[]): Buffer =>
  Buffer.from(
    official.metrics
      .encode(
        official.metrics.fromObject({
          resourceMetrics: [
            { scopeMetrics: [{ metrics: [{ name: 'm', sum: { aggregationTemporality: 1, dataPoints: points } }] }] },
          ],
        }),
      )
      .finish(),
  );

describe('one traversal', () => {
  test('sees what hooks before it wrote', () => {
    const batch = new LogsBatch(logs({ attributes: [text('a', '1'), text('b', '2')] }), true);
    for (const { attributes } of batch.records()) {
      attributes.set('a', 'one').delete('b');
      expect(attributes.get('a')).toBe('one');
      expect(attributes.has('b')).toBe(false);
      attributes.set('b', 2);
      expect(attributes.kindOf('b')).toBe('int');
      expect(attributes.toObject()).toEqual({ a: 'one', b: 2 });
      expect(attributes.keep(keySet('b'))).toBe(1);
      expect([...attributes]).toEqual([['b', 2]]);
    }
    expect([...batch.records()].map((r) => r.attributes.toObject())).toEqual([{ b: 2 }]);
  });

  test('lets all of a request be removed, and none of it come back by later edits', () => {
    const batch = new LogsBatch(logs({ attributes: [text('a', 'x'.repeat(500))] }, {}), true);
    for (const rl of batch.resourceLogs)
      for (const sl of rl.scopeLogs)
        for (const record of sl.logRecords) {
          record.remove();
          record.remove();
          record.attributes.set('b', 'y'.repeat(1000));
        }
    expect(batch.count).toBe(0);
    expect(batch.prune().bytes().length).toBe(0);
  });

  test('writes a resource and a scope that were absent, from several records', () => {
    const batch = new LogsBatch(logs({}, {}), true);
    let n = 0;
    for (const rl of batch.resourceLogs) {
      expect(rl.hasResource).toBe(false);
      for (const sl of rl.scopeLogs)
        for (const record of sl.logRecords) {
          record.resource.attributes.set(`k${n++}`, n);
          record.scope.name = `s${n}`;
          expect(rl.hasResource && sl.hasScope).toBe(true);
        }
      expect(rl.resource.attributes.toObject()).toEqual({ k0: 1, k1: 2 });
    }
    for (const record of batch.records()) {
      expect(record.resource.attributes.toObject()).toEqual({ k0: 1, k1: 2 });
      expect(record.scope.name).toBe('s2');
    }
  });

  test('makes earlier views stale once the batch was edited: they throw on read, on edit and on iteration', () => {
    const batch = new LogsBatch(logs({ attributes: [text('a', '1')] }, {}), true);
    const [first] = [...batch.records()];
    const walk = batch.records()[Symbol.iterator]();
    first!.attributes.set('a', '2');
    batch.bytes();
    expect(() => first!.attributes.get('a')).toThrow(/earlier traversal/);
    expect(() => first!.severityText).toThrow(/earlier traversal/);
    expect(() => first!.attributes.set('a', '3')).toThrow(/earlier traversal/);
    expect(() => first!.remove()).toThrow(/earlier traversal/);
    expect(() => walk.next()).toThrow(/earlier traversal/);
  });
});

describe('sharing', () => {
  test('numbers patched in one fork do not show in the other, nor in bytes handed out', () => {
    const a = new MetricsBatch(gauge({ asDouble: 1 }, { asInt: '5' }), true);
    const b = a.fork();
    const out = a.bytes();
    for (const p of b.points() as Iterable<NumberDataPoint>) {
      p.value = 9;
      p.timeUnixNano = 4n;
      p.metric.temporality = 'cumulative';
      expect([p.value, p.timeUnixNano, p.metric.temporality]).toEqual([9, 4n, 'cumulative']);
    }
    const values = (batch: MetricsBatch) =>
      [...(batch.points() as Iterable<NumberDataPoint>)].map((p) => [p.value, p.isInt, p.metric.temporality]);
    expect(values(a)).toEqual([
      [1, false, 'delta'],
      [5, true, 'delta'],
    ]);
    expect(values(b)).toEqual([
      [9, false, 'cumulative'],
      [9, true, 'cumulative'],
    ]);
    expect(out).toBe(a.bytes());
  });

  test('an owned batch is patched in place, without new bytes', () => {
    const bytes = gauge({ asDouble: 1 });
    const batch = new MetricsBatch(bytes, true);
    for (const p of batch.points() as Iterable<NumberDataPoint>) p.value = 7;
    expect(batch.dirty).toBe(false);
    expect(batch.bytes()).toBe(bytes);
  });

  test('own() makes a shared batch patchable without touching the others', () => {
    const a = new MetricsBatch(gauge({ asDouble: 1 }), true);
    const b = a.fork().own();
    for (const p of b.points() as Iterable<NumberDataPoint>) p.value = 7;
    expect([...(a.points() as Iterable<NumberDataPoint>)][0]!.value).toBe(1);
    expect([...(b.points() as Iterable<NumberDataPoint>)][0]!.value).toBe(7);
  });

  test('merging concatenates, and the result is its own', () => {
    const a = new LogsBatch(logs({ attributes: [text('a', '1')] }), true);
    const b = new LogsBatch(logs({}, {}), true);
    expect(a.count + b.count).toBe(3);
    const merged = LogsBatch.merge([a, b]);
    expect(merged.count).toBe(3);
    for (const record of merged.records()) record.attributes.set('a', '2');
    expect([...a.records()][0]!.attributes.get('a')).toBe('1');
    expect([...merged.records()].map((r) => r.attributes.get('a'))).toEqual(['2', '2', '2']);
    expect(LogsBatch.merge([]).count).toBe(0);
    expect(LogsBatch.merge([b]).bytes()).toBe(b.bytes());
  });

  test.each<[string, (batch: MetricsBatch) => void]>([
    ['an attribute', (b) => [...b.points()][0]!.attributes.set('a', 1)],
    ['a number in place', (b) => void (([...b.points()][0] as NumberDataPoint).value = 2)],
    ['a removal', (b) => [...b.points()][0]!.remove()],
    ['an absent resource', (b) => [...b.points()][0]!.resource.attributes.set('a', 1)],
  ])('editing %s forgets the compressed form; reading and forking keep it', (_, edit) => {
    const batch = new MetricsBatch(gauge({ asDouble: 1 }), true);
    batch.compressed = { encoding: 'gzip', bytes: new Uint8Array(1) };
    const fork = batch.fork().own();
    expect([...batch.points()].length + batch.size).toBeGreaterThan(1);
    expect(batch.compressed).toBeDefined();
    edit(fork);
    expect(fork.compressed).toBeUndefined();
    expect(batch.compressed).toBeDefined();
  });
});

describe('size', () => {
  test('a request of 64 MiB is edited like a small one, growing and shrinking', () => {
    const one = logs(
      ...Array.from({ length: 500 }, (_, i) => ({ attributes: [text('n', `${i}`), text('p', 'x'.repeat(1000))] })),
    );
    const parts = Math.ceil((64 << 20) / one.length);
    const batch = new LogsBatch(Buffer.concat(new Array<Buffer>(parts).fill(one)), true);
    const size = batch.size;
    for (const { attributes } of batch.records()) attributes.set('p', 'y'.repeat(1200)).set('q', 1);
    expect(batch.size).toBeGreaterThan(size + parts * 500 * 200);
    let n = 0;
    for (const { attributes } of batch.records()) {
      if (!attributes.is('n', `${n++ % 500}`) || !attributes.is('p', 'y'.repeat(1200))) throw new Error(`record ${n}`);
      attributes.delete(keySet('p', 'q'));
    }
    expect(n).toBe(parts * 500);
    expect(batch.count).toBe(n);
    expect(items('logs', batch.bytes().subarray(0, batch.size / parts)).length).toBe(500);
  });

  test('records edited backwards and again and again', () => {
    const batch = new LogsBatch(logs(...Array.from({ length: 2000 }, () => ({}))), true);
    const all = [...batch.records()];
    for (let round = 0; round < 3; round++)
      for (let i = all.length - 1; i >= 0; i--)
        all[i]!.attributes.set(`k${round}`, i).set('last', `${round}`.repeat(round * 100));
    const after = [...batch.records()];
    expect(after.map((r) => r.attributes.get('k2'))).toEqual(all.map((_, i) => i));
    expect(after[7]!.attributes.toObject()).toEqual({ k0: 7, k1: 7, k2: 7, last: '2'.repeat(200) });
  });
});

test('limits and values that cannot be are refused with what was expected', () => {
  const batch = new MetricsBatch(gauge({ asDouble: 1 }), true);
  const [p] = [...(batch.points() as Iterable<NumberDataPoint>)];
  expect(() => batch.split({ maxCount: 0 })).toThrow(/maxCount must be at least 1/);
  expect(() => p!.attributes.set('a', 2n ** 63n)).toThrow(RangeError);
  expect(() => p!.attributes.set('a', (() => 1) as never)).toThrow(/must be a string/);
  expect(() => void (p!.timeUnixNano = -1n)).toThrow(RangeError);
  expect(() => void (p!.intValue = 2n ** 63n)).toThrow(RangeError);
  expect(() => void (p!.flags = -1)).toThrow(RangeError);
  expect(batch.bytes().equals(gauge({ asDouble: 1 }))).toBe(true);
});

test('the bytes of a resource are those on the wire, and are not told while edits wait', () => {
  const resource = { attributes: { 'team.id': 'platform' } };
  const batch = buildLogs([{ resource, records: [{ body: 'x' }] }, { resource, records: [] }, { records: [{}] }]);
  const bytes = () => [...batch.resourceLogs].map((holder) => resourceBytes(holder.resource)?.toString('latin1'));
  expect(bytes()[0]).toContain('platform');
  expect(bytes()[1]).toBe(bytes()[0]);
  expect(bytes()[2]).toBe('');
  for (const holder of batch.resourceLogs) {
    holder.resource.attributes.set('team.id', 'other');
    expect(resourceBytes(holder.resource)).toBeUndefined();
  }
  expect(bytes()[0]).toContain('other');
});
