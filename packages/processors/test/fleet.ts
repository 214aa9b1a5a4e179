import { buildMetrics, type MetricData, type MetricsBatch, type PointData } from '@otelier/otlp';
import fc from 'fast-check';

/** Midday, when everything begins, in milliseconds. */
export const noon: number = Date.UTC(2026, 0, 15, 12);
/** Nanoseconds, from seconds after noon. */
export const at = (seconds: number): bigint => BigInt(noon + seconds * 1000) * 1_000_000n;

type Kind = 'int' | 'double' | 'histogram' | 'exponential';
const small = fc.bigInt({ min: 0n, max: 9n });

/** One data point of some series, plausible or not. */
export const anyPoint = fc.record({
  kind: fc.constantFrom<Kind>('int', 'double', 'histogram', 'exponential'),
  series: fc.nat(3),
  start: fc.constantFrom<number>(0, 1, 5, 40),
  time: fc.integer({ min: 2, max: 60 }),
  value: fc.oneof(fc.bigInt({ min: -5n, max: 1000n }), fc.constantFrom(2n ** 62n, 2n ** 53n + 1n)),
  fraction: fc.constantFrom(0.1, 1e-9, 0.7, 1e17, Number.NaN),
  flags: fc.constantFrom<number>(0, 0, 0, 0, 0, 1),
  buckets: fc.array(small, { minLength: 3, maxLength: 3 }),
  bounds: fc.constantFrom([1, 2], [1, 2], [1, 3]),
  scale: fc.constantFrom(0, 1, 2),
  offset: fc.constantFrom(0, -2, 3),
  zeroThreshold: fc.constantFrom(0, 0, 1.5),
  monotonic: fc.boolean(),
});

export type AnyPoint = typeof anyPoint extends fc.Arbitrary<infer P> ? P : never;

/** A request of these points, each in a metric of its own. */
export function request(points: readonly AnyPoint[], temporality: 'delta' | 'cumulative'): MetricsBatch {
  return buildMetrics([
    { resource: { attributes: { host: 'h' } }, metrics: points.map((p) => metric(p, temporality)) },
  ]);
}

function metric(p: AnyPoint, temporality: 'delta' | 'cumulative'): MetricData {
  const common: PointData = {
    attributes: { series: `${p.series}` },
    startTimeUnixNano: p.start === 0 ? 0n : at(p.start),
    timeUnixNano: at(p.time),
    flags: p.flags,
  };
  const count = p.buckets.reduce((a, b) => a + b, 0n);
  if (p.kind === 'histogram')
    return {
      name: 'h',
      histogram: {
        temporality,
        points: [{ ...common, count, sum: p.fraction, bucketCounts: p.buckets, explicitBounds: p.bounds }],
      },
    };
  if (p.kind === 'exponential')
    return {
      name: 'e',
      exponentialHistogram: {
        temporality,
        points: [
          {
            ...common,
            count,
            sum: Number(count),
            scale: p.scale,
            zeroThreshold: p.zeroThreshold,
            positive: { offset: p.offset, bucketCounts: p.buckets },
          },
        ],
      },
    };
  const value = p.kind === 'int' ? p.value : Number(p.value % 100000n) * p.fraction;
  return { name: 'm', sum: { temporality, monotonic: p.monotonic, points: [{ ...common, value }] } };
}

/** A double as a multiple of 2^-1074, exactly. */
export function exact(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n);
  return value < 0 ? -magnitude : magnitude;
}

/** The distance from a double to the next one, as {@link exact}. */
export function step(value: number): bigint {
  const magnitude = exact(Math.abs(value));
  let width = 1n;
  while (width << 53n <= magnitude) width <<= 1n;
  return width;
}
