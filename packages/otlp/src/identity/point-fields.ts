import type { View } from '../view/view.js';
import { skip, varint32 } from '../wire/varint.js';

/** No value, a double, or an int: {@link PointFields.kind}. */
export const NONE = 0;
export const DOUBLE = 1;
export const INT = 2;

type PointView = Pick<View, 'bytes' | 'start' | 'end' | 'shape' | 'root'>;

/** The time and value setters of a data point's face, for points whose bytes cannot be patched. */
interface Settable {
  startTimeUnixNano: bigint;
  timeUnixNano: bigint;
  value: number;
  intValue: bigint;
}

const words = new DataView(new ArrayBuffer(8));

/**
 * The fixed-width fields of one data point, read in one scan as pairs of 32-bit words, since a bigint per timestamp costs more than
 * all the rest. Reads what the bytes say: of edits that wait in the log of this traversal it knows those that it made itself. One object
 * is used for many points.
 */
export class PointFields {
  declare startLow: number;
  declare startHigh: number;
  declare timeLow: number;
  declare timeHigh: number;
  /** {@link NONE}, {@link DOUBLE} or {@link INT}; of number points only. */
  declare kind: number;
  /** The value's words, as they are on the wire. */
  declare low: number;
  declare high: number;
  /** The same as a number, of a double alone: putting it together from its words is slower than reading it. */
  declare double: number;
  declare flags: number;
  /** How many exemplars the point has. */
  declare exemplars: number;
  declare private startAt: number;
  declare private timeAt: number;
  declare private valueAt: number;

  constructor() {
    this.startLow = 0;
    this.startHigh = 0;
    this.timeLow = 0;
    this.timeHigh = 0;
    this.kind = NONE;
    this.low = 0;
    this.high = 0;
    this.double = 0;
    this.flags = 0;
    this.exemplars = 0;
    this.startAt = -1;
    this.timeAt = -1;
    this.valueAt = -1;
  }

  /**
   * Reads `point`, of any type. [attributesStart, attributesEnd) is passed over when it is known where its attributes are, as from
   * {@link StreamTable}.
   */
  read(point: object, attributesStart = 0, attributesEnd = 0): this {
    // Every data point is a View; the interfaces that users see do not show its bytes.
    const view = point as PointView;
    const b = view.bytes;
    const data = view.root.view;
    const end = view.end;
    const flagsTag = view.shape.flags;
    const isNumber = view.shape.double === 0x21;
    let p = view.start;
    let startAt = -1;
    let timeAt = -1;
    let valueAt = -1;
    let flags = 0;
    let exemplars = 0;
    const exemplarsTag = view.shape.exemplars;
    while (p < end) {
      if (p === attributesStart) {
        p = attributesEnd;
        continue;
      }
      const tag = b[p++]!;
      if (tag === 0x11) startAt = p;
      else if (tag === 0x19) timeAt = p;
      else if (isNumber && (tag === 0x21 || tag === 0x31)) valueAt = p;
      else if (tag === flagsTag) flags = varint32(b, p);
      else if (tag === exemplarsTag) exemplars++;
      p = (tag & 0x87) === 1 ? p + 8 : skip(b, p, tag);
    }
    this.startAt = startAt;
    this.timeAt = timeAt;
    this.valueAt = valueAt;
    this.flags = flags;
    this.exemplars = exemplars;
    this.startLow = startAt < 0 ? 0 : data.getInt32(startAt, true);
    this.startHigh = startAt < 0 ? 0 : data.getInt32(startAt + 4, true);
    this.timeLow = timeAt < 0 ? 0 : data.getInt32(timeAt, true);
    this.timeHigh = timeAt < 0 ? 0 : data.getInt32(timeAt + 4, true);
    this.kind = valueAt < 0 ? NONE : b[valueAt - 1] === 0x21 ? DOUBLE : INT;
    this.low = valueAt < 0 ? 0 : data.getInt32(valueAt, true);
    this.high = valueAt < 0 ? 0 : data.getInt32(valueAt + 4, true);
    this.double = this.kind === DOUBLE ? data.getFloat64(valueAt, true) : 0;
    return this;
  }

  /** Writes the start time of the point that was read. */
  setStart(point: object, low: number, high: number): void {
    this.startLow = low;
    this.startHigh = high;
    const root = (point as PointView).root;
    if (this.startAt >= 0 && root.owned) patch(root, this.startAt, low, high);
    else if (this.startAt >= 0 || low !== 0 || high !== 0) (point as Settable).startTimeUnixNano = joined(low, high);
  }

  /** Writes the time of the point that was read. */
  setTime(point: object, low: number, high: number): void {
    this.timeLow = low;
    this.timeHigh = high;
    const root = (point as PointView).root;
    if (this.timeAt >= 0 && root.owned) patch(root, this.timeAt, low, high);
    else (point as Settable).timeUnixNano = joined(low, high);
  }

  /** Writes the value of the number point that was read: `kind` and the words of a double or an int. */
  setValue(point: object, kind: number, low: number, high: number): void {
    const was = this.kind;
    this.kind = kind;
    this.low = low;
    this.high = high;
    const root = (point as PointView).root;
    if (this.valueAt >= 0 && root.owned) {
      (point as PointView).bytes[this.valueAt - 1] = kind === DOUBLE ? 0x21 : 0x31;
      patch(root, this.valueAt, low, high);
    } else if (kind === INT) (point as Settable).intValue = BigInt.asIntN(64, joined(low, high));
    else {
      words.setInt32(0, low, true);
      words.setInt32(4, high, true);
      // The setter keeps an int an int: from a point that holds an int, a double comes by way of a value that is none.
      if (was === INT) (point as Settable).value = Number.NaN;
      (point as Settable).value = words.getFloat64(0, true);
    }
  }
}

function patch(root: View['root'], at: number, low: number, high: number): void {
  root.patched();
  const data = root.view;
  data.setInt32(at, low, true);
  data.setInt32(at + 4, high, true);
}

function joined(low: number, high: number): bigint {
  words.setInt32(0, low, true);
  words.setInt32(4, high, true);
  return words.getBigUint64(0, true);
}
