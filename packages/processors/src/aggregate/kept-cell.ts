import { type DataPoint, MetricsBatch, PointFields, pointHead } from '@otelier/otlp';
import { decodeDistribution, encodeDistribution } from '../distribution/stored.js';
import { Cell, type Way } from './cell.js';
import { batchOf } from './emission.js';

const HEADER = 42;
const ROW_BYTES = 40;
const ways: readonly Way[] = ['add', 'last', 'min', 'max', 'mean'];

/** A cell as bytes: what a point cannot say, then a request with its point. */
export function cellToBytes(cell: Cell): Buffer {
  const request = batchOf([cell]).bytes();
  const b = Buffer.allocUnsafe(HEADER + request.length);
  const { value, interval, arrived, late, way } = cell;
  b.writeDoubleLE(interval, 0);
  b.writeDoubleLE(arrived, 8);
  b[16] = late ? 1 : 0;
  b[17] = ways.indexOf(way);
  b.writeUInt32LE(value.count, 18);
  b.writeInt32LE(value.kind, 22);
  b.writeInt32LE(value.low, 26);
  b.writeInt32LE(value.high, 30);
  b.writeDoubleLE(value.rest, 34);
  b.set(request, HEADER);
  return b;
}

/** What has come to a cell since it was written as a whole, as long as its point is the same. */
export function rowToBytes({ value }: Cell): Buffer {
  const b = Buffer.allocUnsafe(ROW_BYTES);
  b.writeUInt32LE(value.count, 0);
  b.writeInt32LE(value.kind, 4);
  b.writeInt32LE(value.low, 8);
  b.writeInt32LE(value.high, 12);
  b.writeDoubleLE(value.rest, 16);
  b.writeInt32LE(value.startLow, 24);
  b.writeInt32LE(value.startHigh, 28);
  b.writeInt32LE(value.timeLow, 32);
  b.writeInt32LE(value.timeHigh, 36);
  const distribution = value.histogram ?? value.exponential;
  return distribution === undefined ? b : Buffer.concat([b, encodeDistribution(distribution)]);
}

/** Takes in what {@link rowToBytes} wrote. */
export function readRow(cell: Cell, bytes: Uint8Array): void {
  const b = Buffer.from(bytes);
  const { value } = cell;
  value.count = b.readUInt32LE(0);
  value.kind = b.readInt32LE(4);
  value.low = b.readInt32LE(8);
  value.high = b.readInt32LE(12);
  value.rest = b.readDoubleLE(16);
  value.startLow = b.readInt32LE(24);
  value.startHigh = b.readInt32LE(28);
  value.timeLow = b.readInt32LE(32);
  value.timeHigh = b.readInt32LE(36);
  if (b.length === ROW_BYTES) return;
  const distribution = decodeDistribution(b.subarray(ROW_BYTES));
  if ('scale' in distribution) value.exponential = distribution;
  else value.histogram = distribution;
}

/** Where a cell that is read belongs. */
export interface Place {
  readonly slot: number;
  readonly cumulative: boolean;
  /** Its metric's number among the totals. */
  readonly name: number;
}

/** The cell that {@link cellToBytes} wrote; `placeOf` finds the place of its point. */
export function cellFromBytes(bytes: Uint8Array, placeOf: (point: DataPoint, way: Way) => Place): Cell | undefined {
  const b = Buffer.from(bytes);
  const way = ways[b[17]!]!;
  const batch = new MetricsBatch(b.subarray(HEADER));
  for (const point of batch.points()) {
    const { slot, cumulative, name } = placeOf(point, way);
    const cell = new Cell(slot, cumulative, b.readDoubleLE(0), way, pointHead(point), b.readDoubleLE(8), b[16] === 1);
    cell.name = name;
    cell.begin(point, new PointFields().read(point));
    cell.value.count = b.readUInt32LE(18);
    cell.value.kind = b.readInt32LE(22);
    cell.value.low = b.readInt32LE(26);
    cell.value.high = b.readInt32LE(30);
    cell.value.rest = b.readDoubleLE(34);
    return cell;
  }
  return undefined;
}
