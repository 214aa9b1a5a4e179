import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildMetrics,
  type MetricsBatch,
  type NumberPointData,
  PointFingerprint,
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

function fingerprintOf(batch: MetricsBatch, seed = 7): string | undefined {
  const fingerprint = new PointFingerprint(seed, 11);
  for (const point of batch.points())
    return fingerprint.ofPoint(point) ? `${fingerprint.hash1}/${fingerprint.hash2}` : undefined;
  return undefined;
}

const point = (more: Partial<NumberPointData> = {}): NumberPointData => ({
  startTimeUnixNano: 1n,
  timeUnixNano: 2n,
  value: 3n,
  attributes: { 'session.id': 'a' },
  ...more,
});

describe('PointFingerprint', () => {
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
});
