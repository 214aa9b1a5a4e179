import type pc from 'picocolors';
import { columns, cut, visible } from './text.js';

/** Colours, or functions that add none. */
export type Colors = ReturnType<typeof pc.createColors>;

/** A colour of {@link Colors}. */
export type Paint = (text: string) => string;

/** From this width on there is room for words, and for two spaces between columns. */
export const roomy = 105;

/** One line of output, built from left to right, that never grows wider than the terminal. */
export class Line {
  private readonly width: number;
  private readonly gap: number;
  private text: string = '';
  private used: number = 0;
  /** Spaces owed before the next text; never written at the end of a line. */
  private owed: number = 0;

  constructor(width: number) {
    this.width = width;
    this.gap = width < roomy ? 1 : 2;
  }

  /** How many columns are free. */
  get free(): number {
    return Math.max(0, this.width - this.used - this.owed);
  }

  /** A column of fixed width; what is longer is cut. */
  cell(text: string, width: number, paint?: Paint): this {
    const shown = this.put(text, width, paint);
    this.owed += width - shown + this.gap;
    return this;
  }

  /** A column of fixed width whose text stands at its right. */
  right(text: string, width: number, paint?: Paint): this {
    const shown = cut(visible(text), width);
    this.owed += width - columns(shown);
    this.put(shown, width, paint);
    this.owed += this.gap;
    return this;
  }

  /** Text as long as it is, followed by a gap. */
  word(text: string, paint?: Paint): this {
    if (text === '') return this;
    this.put(text, this.free, paint);
    this.owed += this.gap;
    return this;
  }

  private put(text: string, max: number, paint: Paint | undefined): number {
    const shown = cut(visible(text), Math.min(max, this.free));
    // Blanks are owed like any other space, so that none end up coloured or at the end of a line.
    if (shown.trim() === '') return 0;
    const width = columns(shown);
    this.text += ' '.repeat(this.owed) + (paint === undefined ? shown : paint(shown));
    this.used += this.owed + width;
    this.owed = 0;
    return width;
  }

  end(): string {
    return `${this.text}\n`;
  }
}

/** Widths of the columns that all lines share, so that events, metrics and spans stand under each other. */
export const widths = { time: 8, who: 8, mark: 1, what: 18, longest: 26, subject: 11, duration: 6, cost: 7 } as const;
