import type { DataPoint } from '@otelier/otlp';

/** Why a point is not passed on: the names under which it is counted. */
export type Reason =
  | 'baseline'
  | 'duplicate'
  | 'conflict'
  | 'out_of_order'
  | 'reset'
  | 'no_recorded_value'
  | 'not_a_number'
  | 'too_many_streams';

/** Takes a point out of its batch and counts it. */
export function remove(point: DataPoint, reason: Reason, removed: Map<Reason, number>): void {
  point.remove();
  removed.set(reason, (removed.get(reason) ?? 0) + 1);
}
