import type { DataPoint } from '@otelier/otlp';

/** The order of the points by time; those of one time stay as they are. */
export function byTime(points: readonly DataPoint[]): number[] {
  const times = points.map((point) => point.timeUnixNano);
  return points.map((_, i) => i).sort((a, b) => (times[a]! < times[b]! ? -1 : times[a]! > times[b]! ? 1 : a - b));
}

/** Milliseconds of the words of a time in nanoseconds. */
export function milliseconds(lowWord: number, highWord: number): number {
  return ((highWord >>> 0) * 4294967296 + (lowWord >>> 0)) / 1e6;
}
