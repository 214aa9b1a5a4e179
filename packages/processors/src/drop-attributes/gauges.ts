import { type DataPoint, DOUBLE, NONE, type PointFields, StreamTable } from '@otelier/otlp';
import { add, compare, compareTimes, high, kind, low, ofDouble, toNumber } from '../distribution/words.js';

/** What stays of several gauges. */
export type GaugePolicy = 'last' | 'min' | 'max' | 'mean' | 'sum';

/** The latest that one gauge said. */
interface Reading {
  kind: number;
  low: number;
  high: number;
  timeLow: number;
  timeHigh: number;
}

/** The gauges of a batch that become one, each at its latest: a gauge that was sent twice must not weigh twice. */
export class Gauges {
  declare private readonly policy: GaugePolicy;
  /** Tells which points were one series before anything was dropped; made when the first gauges meet. */
  declare private whole: StreamTable | undefined;
  declare private readonly readings: Map<number, Map<number, Reading>>;

  constructor(policy: GaugePolicy) {
    this.policy = policy;
    this.whole = undefined;
    this.readings = new Map();
  }

  get size(): number {
    return this.readings.size;
  }

  has(slot: number): boolean {
    return this.readings.has(slot);
  }

  /** Takes in a point, whose bytes `fields` has read, of what becomes series `slot`. */
  take(slot: number, point: DataPoint, { kind, low, high, timeLow, timeHigh }: PointFields): void {
    let readings = this.readings.get(slot);
    if (readings === undefined) {
      readings = new Map();
      this.readings.set(slot, readings);
    }
    this.whole ??= new StreamTable();
    const before = this.whole.slot(point);
    const known = readings.get(before);
    if (kind === NONE || (known !== undefined && compareTimes(timeLow, timeHigh, known.timeLow, known.timeHigh) < 0))
      return;
    readings.set(before, { kind, low, high, timeLow, timeHigh });
  }

  /** Writes what becomes of each series into the point that `of` names for its slot. */
  write(of: (slot: number) => { readonly first: DataPoint | undefined; readonly fields: PointFields }): void {
    for (const [slot, readings] of this.readings) {
      const { first, fields } = of(slot);
      if (readings.size === 0) continue;
      const { kind, low, high, timeLow, timeHigh } = this.together([...readings.values()]);
      fields.setValue(first!, kind, low, high);
      fields.setTime(first!, timeLow, timeHigh);
    }
  }

  /** Forgets the batch. */
  clear(): void {
    this.readings.clear();
    this.whole = undefined;
  }

  private together(readings: readonly Reading[]): Reading {
    const { policy } = this;
    const all = readings.reduce((a, b) => {
      const later = compareTimes(a.timeLow, a.timeHigh, b.timeLow, b.timeHigh) < 0 ? b : a;
      const { timeLow, timeHigh } = later;
      if (policy === 'sum' || policy === 'mean') {
        add(a.kind, a.low, a.high, b.kind, b.low, b.high);
        return { kind, low, high, timeLow, timeHigh };
      }
      const order = compare(a.kind, a.low, a.high, b.kind, b.low, b.high);
      return { ...((policy === 'min' ? order : -order) <= 0 ? a : b), timeLow, timeHigh };
    });
    if (policy !== 'mean') return all;
    ofDouble(toNumber(all.kind, all.low, all.high) / readings.length);
    return { ...all, kind: DOUBLE, low, high };
  }
}
