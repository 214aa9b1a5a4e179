import { type DataPoint, DOUBLE, type HistogramDataPoint, NONE, type PointFields } from '@otelier/otlp';

/** Why a point cannot be added: the names under which it is counted. */
export type Refusal = 'no_recorded_value' | 'not_a_number' | 'negative';

/** Why the point, whose fields were read, cannot be added; undefined when it can. */
export function refusal(point: DataPoint, f: PointFields, monotonic: boolean): Refusal | undefined {
  if ((f.flags & 1) !== 0) return 'no_recorded_value';
  if (point.type !== 'sum') {
    // It would make the sum of the whole series unknown.
    const { sum } = point as HistogramDataPoint;
    return sum !== undefined && !Number.isFinite(sum) ? 'not_a_number' : undefined;
  }
  if (f.kind === NONE) return 'no_recorded_value';
  if (f.kind === DOUBLE && !Number.isFinite(f.double)) return 'not_a_number';
  return monotonic && (f.kind === DOUBLE ? f.double < 0 : f.high < 0) ? 'negative' : undefined;
}
