import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BatchFingerprints,
  buildMetrics,
  FINGERPRINT_WORDS,
  type MetricData,
  type MetricsBatch,
  type NumberPointData,
  type ResourceMetricsData,
} from '../index.js';

interface Where {
  readonly temporality?: 'delta' | 'cumulative';
  readonly name?: string;
  readonly scope?: string;
  readonly service?: string;
}

const request = (
  point: NumberPointData,
  { temporality = 'delta', name = 'm', scope = 's', service = 'r' }: Where = {},
) => {
  const group: ResourceMetricsData = {
    resource: { attributes: { 'service.name': service } },
    scope: { name: scope },
    metrics: [{ name, sum: { temporality, monotonic: true, points: [point] } }],
  };
  return buildMetrics([group]);
};

/** Of each point that has one: its fingerprint, its origin and its place. */
function fingerprintsOf(
  batch: MetricsBatch,
  seed = 7,
): (readonly [fingerprint: string, origin: number, place: number])[] {
  const { words, count } = taken(batch, seed);
  return Array.from({ length: count }, (_, i) => {
    const [hash1, hash2, origin, place] = words.subarray(i * FINGERPRINT_WORDS);
    return [`${hash1}/${hash2}`, origin!, place!];
  });
}

function taken(batch: MetricsBatch, seed: number): BatchFingerprints {
  const fingerprints = new BatchFingerprints(seed, 11);
  fingerprints.ofPoints(batch);
  return fingerprints;
}

const fingerprintOf = (batch: MetricsBatch, seed?: number): string | undefined => fingerprintsOf(batch, seed)[0]?.[0];

const point = (more: Partial<NumberPointData> = {}): NumberPointData => ({
  startTimeUnixNano: 1n,
  timeUnixNano: 2n,
  value: 3n,
  attributes: { 'session.id': 'a' },
  ...more,
});

describe('BatchFingerprints', () => {
  test('is the same for the same point, wherever it lies, and in another process with the same seeds', () => {
    const alone = request(point());
    const padded = Buffer.concat([Buffer.alloc(3), alone.bytes()]).subarray(3);
    expect(fingerprintOf(buildMetrics([]))).toBeUndefined();
    expect(fingerprintOf(alone)).toEqual(fingerprintOf(request(point())));
    expect(fingerprintOf((alone.constructor as typeof MetricsBatch).parse(padded))).toEqual(fingerprintOf(alone));
    expect(fingerprintOf(alone, 8)).not.toEqual(fingerprintOf(alone));
  });

  test.each([
    ['value', request(point({ value: 4n }))],
    ['time', request(point({ timeUnixNano: 3n }))],
    ['start', request(point({ startTimeUnixNano: 0n }))],
    ['attribute', request(point({ attributes: { 'session.id': 'b' } }))],
    ['metric', request(point(), { name: 'n' })],
    ['scope', request(point(), { scope: 't' })],
    ['resource', request(point(), { service: 'q' })],
  ])('differs with another %s', (_, other) => {
    expect(fingerprintOf(other)).not.toEqual(fingerprintOf(request(point())));
  });

  test('is not taken of what cannot be told from the next of its kind: other temporalities, no time', () => {
    expect(fingerprintOf(request(point(), { temporality: 'cumulative' }))).toBeUndefined();
    expect(fingerprintOf(request(point({ timeUnixNano: 0n })))).toBeUndefined();
  });

  test('hardly ever collides', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1 << 28 }), (from) => {
        const seen = new Set<string | undefined>();
        for (let i = 0; i < 500; i++) seen.add(fingerprintOf(request(point({ value: BigInt(from + i) }))));
        expect(seen.size).toBe(500);
      }),
      { numRuns: 10 },
    );
  });

  test('names the places of delta points of any type among all points, and one origin for each resource and time', () => {
    const number = (timeUnixNano: bigint, value: number) => ({ timeUnixNano, value });
    const metrics = (value: number): MetricData[] => [
      { name: 'g', gauge: { points: [number(1n, value), number(2n, value)] } },
      { name: 's', sum: { temporality: 'delta', monotonic: true, points: [number(1n, value), number(2n, value)] } },
      { name: 'c', sum: { temporality: 'cumulative', monotonic: true, points: [number(1n, value)] } },
      { name: 'h', histogram: { temporality: 'delta', points: [{ timeUnixNano: 2n, count: 1n }, { count: 1n }] } },
      {
        name: 'e',
        exponentialHistogram: { temporality: 'delta', points: [{ timeUnixNano: 1n, count: 1n, scale: 0 }] },
      },
    ];
    const group = (service: string) => ({
      resource: { attributes: { 'service.name': service } },
      scope: { name: 's' },
      metrics: metrics(service.length),
    });
    const found = fingerprintsOf(buildMetrics([group('a'), group('bb')]));
    expect(found.map(([, , place]) => place)).toEqual([2, 3, 5, 7, 10, 11, 13, 15]);
    const origins = found.map(([, origin]) => origin);
    expect(new Set(origins).size).toBe(4);
    expect([origins[2], origins[3], origins[6]]).toEqual([origins[1], origins[0], origins[5]]);
    expect(new Set(found.map(([fingerprint]) => fingerprint)).size).toBe(8);
  });

  test('takes one of a request as a whole', () => {
    const of = (bytes: Uint8Array): string => {
      const fingerprints = new BatchFingerprints(7, 11);
      fingerprints.ofRequest(bytes);
      expect(fingerprints.count).toBe(1);
      return fingerprints.words.subarray(0, 3).join();
    };
    const bytes = request(point()).bytes();
    expect(of(Buffer.concat([Buffer.alloc(5), bytes]).subarray(5))).toBe(of(bytes));
    expect(of(request(point({ value: 4n })).bytes())).not.toBe(of(bytes));
  });
});
