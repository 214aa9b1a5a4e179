import { FLAGS, NEW, TOUCHED } from './layout.js';
import { type Rows, WORDS } from './rows.js';

/** The rows that changed in this transaction, as they were before. */
export class UndoLog<D> {
  /** How many. */
  declare size: number;
  declare private numbers: Int32Array;
  declare private before: Int32Array;
  declare private distributions: (D | undefined)[];

  constructor() {
    this.size = 0;
    this.numbers = new Int32Array(64);
    this.before = new Int32Array(64 * WORDS);
    this.distributions = [];
  }

  /** The row whose old words are number `i`. */
  row(i: number): number {
    return this.numbers[i]!;
  }

  distribution(i: number): D | undefined {
    return this.distributions[i];
  }

  /** Copies the row opened last, which begins at `at`, and marks it as touched. */
  add(rows: Rows, row: number, at: number, distribution: D | undefined): void {
    const i = this.size++;
    if (i === this.numbers.length) this.grow();
    this.numbers[i] = row;
    if (distribution !== undefined || this.distributions.length > 0) this.distributions[i] = distribution;
    const { words } = rows;
    const { before } = this;
    const to = i * WORDS;
    for (let n = 0; n < WORDS; n++) before[to + n] = words[at + n]!;
    words[at + FLAGS]! |= TOUCHED;
  }

  /** Puts the old words of number `i` back; false for a row that was new. */
  putBack(rows: Rows, i: number): boolean {
    const at = rows.open(this.numbers[i]!);
    const { words } = rows;
    if ((words[at + FLAGS]! & NEW) !== 0) return false;
    const from = i * WORDS;
    for (let n = 0; n < WORDS; n++) words[at + n] = this.before[from + n]!;
    return true;
  }

  clear(): void {
    this.size = 0;
    if (this.distributions.length > 0) this.distributions = [];
    if (this.numbers.length > 1 << 16) {
      this.numbers = new Int32Array(64);
      this.before = new Int32Array(64 * WORDS);
    }
  }

  private grow(): void {
    const numbers = new Int32Array(this.numbers.length * 2);
    numbers.set(this.numbers);
    this.numbers = numbers;
    const before = new Int32Array(this.before.length * 2);
    before.set(this.before);
    this.before = before;
  }
}
