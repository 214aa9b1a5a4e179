import { MetricsBatch, PointFields, pointHead } from '@otelier/otlp';
import { Cell, type Way } from './cell.js';
import { batchOf } from './emission.js';

const HEADER = 42;
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

/** The cell that {@link cellToBytes} wrote; `slotOf` finds the slot of its point. */
export function cellFromBytes(
  bytes: Uint8Array,
  slotOf: (point: object, way: Way) => { slot: number; cumulative: boolean },
): Cell | undefined {
  const b = Buffer.from(bytes);
  const way = ways[b[17]!]!;
  const batch = new MetricsBatch(b.subarray(HEADER));
  for (const point of batch.points()) {
    const { slot, cumulative } = slotOf(point, way);
    const cell = new Cell(slot, cumulative, b.readDoubleLE(0), way, pointHead(point), b.readDoubleLE(8), b[16] === 1);
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
