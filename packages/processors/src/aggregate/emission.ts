import { MetricsBatch, PointFields, requestOfPoints } from '@otelier/otlp';
import { offer, Remainders } from '../distribution/remainders.js';
import type { Cell } from './cell.js';

const fields = new PointFields();

/** One batch with a point for each cell, and what rounding keeps back of increments and running totals. */
export function batchOf(cells: readonly Cell[]): MetricsBatch {
  const order: number[] = [];
  const points = cells.map(({ head, value }) => ({ head, point: value.point }));
  const batch = new MetricsBatch(requestOfPoints(points, order), true);
  let i = 0;
  let kept: Float64Array | undefined;
  for (const point of batch.points()) {
    const cell = cells[order[i]!]!;
    cell.write(point, fields.read(point));
    if (cell.value.rest !== 0 && (cell.way === 'add' || cell.cumulative)) {
      kept ??= new Float64Array(cells.length);
      kept[i] = cell.value.rest;
    }
    i++;
  }
  if (kept !== undefined) offer(batch, new Remainders(kept));
  return batch;
}
