import type { DataPoint, PointFields } from '@otelier/otlp';
import { compareTimes } from '../distribution/words.js';
import { START, TIME } from '../series-state/layout.js';
import type { Rows } from '../series-state/rows.js';

const MILLISECOND = 1_000_000;

/** Starts a series with the point that was read. */
export function setStart(rows: Rows, row: number, f: PointFields): void {
  let { startLow, startHigh } = f;
  // Unknown, or not before the point: a series that starts with its first point would say that it counted nothing.
  if ((startLow === 0 && startHigh === 0) || compareTimes(startLow, startHigh, f.timeLow, f.timeHigh) >= 0) {
    const before = shifted(f.timeLow, f.timeHigh, -MILLISECOND);
    startLow = before.low;
    startHigh = before.high;
  }
  const at = rows.open(row);
  const { words } = rows;
  words[at + START] = startLow;
  words[at + START + 1] = startHigh;
  words[at + TIME] = startLow;
  words[at + TIME + 1] = startHigh;
}

/** Puts the point that was read a millisecond behind a time: the finest that Prometheus tells apart. */
export function setLater(point: DataPoint, f: PointFields, timeLow: number, timeHigh: number): void {
  const later = shifted(timeLow, timeHigh, MILLISECOND);
  f.setTime(point, later.low, later.high);
}

/** A time some nanoseconds later or earlier; never before 1. */
function shifted(lowWord: number, highWord: number, nanoseconds: number): { low: number; high: number } {
  const time = (BigInt(highWord >>> 0) << 32n) + BigInt(lowWord >>> 0) + BigInt(nanoseconds);
  const positive = time < 1n ? 1n : time;
  return { low: Number(BigInt.asIntN(32, positive)), high: Number(BigInt.asIntN(32, positive >> 32n)) };
}
