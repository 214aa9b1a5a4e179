const CHUNK_BITS = 12;
const IN_CHUNK = (1 << CHUNK_BITS) - 1;
/** 32-bit words in a row: what one point needs lies in one line of the processor's cache, however many series there are. */
export const WORDS = 16;

/**
 * Rows of 16 words by number, in chunks, so that growing never moves what is there. A row is read and written through {@link words}
 * and {@link doubles} from {@link Rows.open} on, until the next one is opened.
 */
export class Rows {
  /** The chunk of the row opened last, and the same memory as doubles. */
  declare words: Int32Array;
  declare doubles: Float64Array;
  /** Rows in use. */
  declare live: number;
  /** Rows ever in use: those from here on are not. */
  declare high: number;
  declare private readonly chunks: Int32Array[];
  declare private readonly views: Float64Array[];
  declare private readonly free: number[];

  constructor() {
    this.chunks = [];
    this.views = [];
    this.free = [];
    this.live = 0;
    this.high = 0;
    this.words = new Int32Array(0);
    this.doubles = new Float64Array(0);
  }

  /** Bytes held. */
  get memory(): number {
    return this.chunks.length * ((WORDS * 4) << CHUNK_BITS);
  }

  /** The place of the row's first word in `words`. */
  open(row: number): number {
    const chunk = row >>> CHUNK_BITS;
    this.words = this.chunks[chunk]!;
    this.doubles = this.views[chunk]!;
    return (row & IN_CHUNK) * WORDS;
  }

  /** A row of zeros. */
  take(): number {
    this.live++;
    const row = this.free.pop() ?? this.high++;
    if (row >>> CHUNK_BITS === this.chunks.length) {
      const words = new Int32Array(WORDS << CHUNK_BITS);
      this.chunks.push(words);
      this.views.push(new Float64Array(words.buffer));
    }
    const at = this.open(row);
    this.words.fill(0, at, at + WORDS);
    return row;
  }

  release(row: number): void {
    this.live--;
    this.free.push(row);
  }
}
