import { MetricsBatch, PointFields, requestOfPoints } from '@otelier/otlp';
import type { Cell } from './cell.js';

const fields = new PointFields();

/** One batch with a point for each cell. */
export function batchOf(cells: readonly Cell[]): MetricsBatch {
  const order: number[] = [];
  const points = cells.map(({ head, value }) => ({ head, point: value.point }));
  const batch = new MetricsBatch(requestOfPoints(points, order), true);
  let i = 0;
  for (const point of batch.points()) cells[order[i++]!]!.write(point, fields.read(point));
  return batch;
}
