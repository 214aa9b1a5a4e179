import { expect, test } from 'vitest';
import { buildMetrics } from '../build/build.js';
import { MetricsBatch } from '../metrics/metrics-batch.js';
import { MetricFields } from './metric-fields.js';
import { DOUBLE, INT, NONE, PointFields } from './point-fields.js';

const fields = (...parts: readonly (readonly number[])[]): number[] => parts.flat();
const wrap = (tag: number, bytes: readonly number[]): number[] => [tag, bytes.length, ...bytes];
const eight = (tag: readonly number[], byte: number): number[] => [...tag, byte, 0, 0, 0, 0, 0, 0, byte];
/** One sum of one point. */
const batchOf = (point: readonly number[], owned = true): MetricsBatch =>
  new MetricsBatch(Buffer.from(wrap(0x0a, wrap(0x12, wrap(0x12, wrap(0x3a, wrap(0x0a, point)))))), owned);

test('reads times, value, flags and exemplars, whatever unknown fields lie between them', () => {
  // Fields 16 (fixed64) and 18 (bytes), which nobody defined: their tags take two bytes.
  const unknown = [...eight([0x81, 0x01], 0x19), 0x92, 0x01, 2, 0x19, 0x21];
  const point = [
    ...batchOf(
      fields(eight([0x11], 1), unknown, eight([0x19], 2), unknown, eight([0x31], 3), [0x2a, 0], [0x40, 1]),
    ).points(),
  ][0]!;
  const f = new PointFields().read(point);
  expect([f.startLow, f.startHigh]).toEqual([1, 1 << 24]);
  expect([f.timeLow, f.timeHigh]).toEqual([2, 2 << 24]);
  expect([f.kind, f.low, f.high]).toEqual([INT, 3, 3 << 24]);
  expect([f.flags, f.exemplars]).toEqual([1, 1]);
});

test.each([true, false])('remembers what it wrote, patched in place or noted as an edit (owned: %s)', (owned) => {
  const batch = batchOf(eight([0x21], 0x40), owned);
  const point = [...batch.points()][0]!;
  const f = new PointFields().read(point);
  expect([f.kind, f.startLow, f.timeHigh]).toEqual([DOUBLE, 0, 0]);
  f.setStart(point, 7, 0);
  f.setTime(point, 8, 1);
  f.setValue(point, INT, -1, -1);
  expect([f.startLow, f.timeLow, f.timeHigh, f.kind, f.low, f.high]).toEqual([7, 8, 1, INT, -1, -1]);
  f.setValue(point, DOUBLE, 0, 0x3ff00000);
  expect([...new MetricsBatch(batch.bytes()).points()][0]).toMatchObject({
    startTimeUnixNano: 7n,
    timeUnixNano: 2n ** 32n + 8n,
    value: 1,
    isInt: false,
  });
});

test('reads nothing of a point that has nothing', () => {
  const f = new PointFields().read([...batchOf([]).points()][0]!);
  expect([f.kind, f.startLow, f.timeLow, f.low, f.double, f.flags, f.exemplars]).toEqual([NONE, 0, 0, 0, 0, 0, 0]);
});

test('reads and writes what a metric is, as its accessors do', () => {
  const points = [{ value: 1 }];
  const batch = buildMetrics([
    {
      metrics: [
        { name: 'a', sum: { temporality: 'cumulative', monotonic: true, points } },
        { name: 'b', sum: { temporality: 'delta', monotonic: false, points } },
        { name: 'c', gauge: { points } },
        { name: 'd', histogram: { temporality: 'cumulative', points: [] } },
        { name: 'e' },
      ],
    },
  ]);
  batch.own();
  const f = new MetricFields();
  const names = ['unspecified', 'delta', 'cumulative'];
  for (const metric of batch.metrics()) {
    const { type, temporality, monotonic } = f.read(metric);
    expect([type, names[temporality], monotonic]).toEqual([metric.type, metric.temporality, metric.monotonic]);
    if (temporality > 0) f.setTemporality(metric, 'delta');
  }
  expect([...batch.metrics()].map(({ temporality }) => temporality)).toEqual([
    'delta',
    'delta',
    'unspecified',
    'delta',
    'unspecified',
  ]);
});
