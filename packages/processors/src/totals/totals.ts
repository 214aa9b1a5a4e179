import type { Host } from '@otelier/core';
import { type DataPoint, DOUBLE } from '@otelier/otlp';
import { plus, rest, sum } from '../distribution/compensated.js';

/** Quantities of {@link NamedTotals.add}. */
export const IN = 0;
export const OUT = 4;
export const HELD = 8;
/** Numbers per name: low words, high words, doubles, and what rounding kept back of them, for each quantity. */
const WIDTH = 12;
/** Names told apart; further ones are counted together. */
const MOST_NAMES = 1000;
const OTHERS = 'other';
const CARRY = 2 ** 52;
const WORD = 2 ** 32;

/** What the points of one metric name added up to. Ints are exact; doubles are within one rounding step. */
export interface TotalData {
  readonly name: string;
  /** Increments that came in: of histograms their counts. */
  readonly in: number;
  /** Increments that were passed on. */
  readonly out: number;
  /** What is held, or kept back by rounding until the next point. */
  readonly held: number;
  /** in - out - held: other than zero, something was lost or counted twice. */
  readonly residual: number;
}

/** Sums of increments by metric name, as proof that totals are kept. Changes since the last `save` can be undone. */
export class NamedTotals {
  declare private readonly names: Map<string, number>;
  declare private cells: Float64Array;
  declare private before: Float64Array;
  declare private marks: Uint8Array;
  declare private readonly touched: number[];

  constructor() {
    this.names = new Map();
    this.cells = new Float64Array(16 * WIDTH);
    this.before = new Float64Array(16 * WIDTH);
    this.marks = new Uint8Array(16);
    this.touched = [];
  }

  /** The number of the metric's name. */
  of(point: DataPoint): number {
    const { names } = this;
    const name = point.metric.name;
    const known = names.get(name);
    if (known !== undefined) return known;
    return this.number(names.size >= MOST_NAMES ? OTHERS : name);
  }

  /** Forgets one quantity of every name: for what is measured when somebody looks. */
  clear(quantity: number): void {
    for (const name of this.names.values()) {
      if (this.marks[name] === 0) this.touch(name);
      this.cells.fill(0, name * WIDTH + quantity, name * WIDTH + quantity + 4);
    }
  }

  /** Adds the words of an int or double, as in a point. */
  add(name: number, quantity: number, kind: number, low: number, high: number, double: number): void {
    if (kind === DOUBLE) {
      this.addDouble(name, quantity, double);
      return;
    }
    if (this.marks[name] === 0) this.touch(name);
    const { cells } = this;
    const at = name * WIDTH + quantity;
    cells[at]! += low >>> 0;
    cells[at + 1]! += high;
    if (cells[at]! >= CARRY) {
      const carry = Math.floor(cells[at]! / WORD);
      cells[at]! -= carry * WORD;
      cells[at + 1]! += carry;
    }
  }

  addDouble(name: number, quantity: number, value: number): void {
    if (this.marks[name] === 0) this.touch(name);
    const { cells } = this;
    const at = name * WIDTH + quantity;
    plus(cells[at + 2]!, cells[at + 3]!, value);
    cells[at + 2] = sum;
    cells[at + 3] = rest;
  }

  /** Adds a count of a distribution. */
  addCount(name: number, quantity: number, count: bigint): void {
    this.add(name, quantity, 0, Number(BigInt.asIntN(32, count)), Number(BigInt.asIntN(32, count >> 32n)), 0);
  }

  save(): void {
    for (const name of this.touched) this.marks[name] = 0;
    this.touched.length = 0;
  }

  undo(): void {
    for (const name of this.touched) {
      this.cells.set(this.before.subarray(name * WIDTH, (name + 1) * WIDTH), name * WIDTH);
      this.marks[name] = 0;
    }
    this.touched.length = 0;
  }

  /** All names' totals. */
  read(): TotalData[] {
    return [...this.names].map(([name, number]) => {
      const [into, out, held] = [IN, OUT, HELD].map((quantity) => this.value(number, quantity)) as [
        Value,
        Value,
        Value,
      ];
      const doubles = into.double - out.double - held.double + (into.rest - out.rest - held.rest);
      return {
        name,
        in: toNumber(into),
        out: toNumber(out),
        held: toNumber(held),
        residual: Number(into.int - out.int - held.int) + doubles,
      };
    });
  }

  /**
   * Shows the totals as `otelier.total.in`, `.out`, `.held` and `.residual`, after `look` has measured what is measured then; the returned
   * function ends that.
   */
  observe(host: Host, look?: () => void): () => void {
    const { meter, id, pipeline } = host;
    const make = (what: string, description: string) =>
      meter.createObservableUpDownCounter(`otelier.total.${what}`, { description });
    const into = make('in', 'Sum of the increments that came in.');
    const out = make('out', 'Sum of the increments that were passed on.');
    const held = make('held', 'Sum of the increments that are held, or kept back by rounding.');
    const residual = make('residual', 'in - out - held: other than zero, something was lost or counted twice.');
    const instruments = [into, out, held, residual];
    const callback: Parameters<typeof meter.addBatchObservableCallback>[0] = (observed) => {
      look?.();
      for (const total of this.read()) {
        const attributes = { component: id, pipeline: pipeline ?? '', metric: total.name };
        observed.observe(into, total.in, attributes);
        observed.observe(out, total.out, attributes);
        observed.observe(held, total.held, attributes);
        observed.observe(residual, total.residual, attributes);
      }
    };
    meter.addBatchObservableCallback(callback, instruments);
    return () => meter.removeBatchObservableCallback(callback, instruments);
  }

  private number(name: string): number {
    const known = this.names.get(name);
    if (known !== undefined) return known;
    const number = this.names.size;
    this.names.set(name, number);
    if (number === this.marks.length) {
      const marks = new Uint8Array(number * 2);
      marks.set(this.marks);
      this.marks = marks;
      this.cells = doubled(this.cells);
      this.before = doubled(this.before);
    }
    return number;
  }

  private touch(name: number): void {
    this.marks[name] = 1;
    this.touched.push(name);
    const from = name * WIDTH;
    for (let i = from; i < from + WIDTH; i++) this.before[i] = this.cells[i]!;
  }

  private value(name: number, quantity: number): Value {
    const at = name * WIDTH + quantity;
    const { cells } = this;
    const int = BigInt(cells[at + 1]!) * 4294967296n + BigInt(cells[at]!);
    return { int, double: cells[at + 2]!, rest: cells[at + 3]! };
  }
}

interface Value {
  readonly int: bigint;
  readonly double: number;
  readonly rest: number;
}

function toNumber({ int, double, rest }: Value): number {
  return Number(int) + double + rest;
}

function doubled(a: Float64Array): Float64Array {
  const b = new Float64Array(a.length * 2);
  b.set(a);
  return b;
}
