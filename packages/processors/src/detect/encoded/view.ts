/** A text that was written in another one with escapes, and where each of its characters came from. */
export interface View {
  readonly text: string;
  /** For each UTF-16 unit of `text`, and its end, the position in the source. */
  readonly origin: Uint32Array;
}

/** Collects a view, unit by unit. */
export class ViewBuilder {
  declare private readonly units: Uint16Array;
  declare private readonly origin: Uint32Array;
  declare private length: number;

  /** For views that are no longer than their source. */
  constructor(sourceLength: number) {
    this.units = new Uint16Array(sourceLength);
    this.origin = new Uint32Array(sourceLength + 1);
    this.length = 0;
  }

  /** Adds a unit that begins at `from` in the source. */
  add(unit: number, from: number): void {
    this.origin[this.length] = from;
    this.units[this.length++] = unit;
  }

  view(sourceLength: number): View {
    this.origin[this.length] = sourceLength;
    const bytes = Buffer.from(this.units.buffer, 0, 2 * this.length);
    return { text: bytes.toString('utf16le'), origin: this.origin.subarray(0, this.length + 1) };
  }
}
