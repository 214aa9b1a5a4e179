import { allocate } from '@otelier/otlp';

const noBytes = Buffer.alloc(0);

/** What has come of a request's body, in as few copies as its form allows: none for one that comes whole. */
export class HttpBody {
  /** The body's length, if the head tells it; no more than that comes. */
  declare length: number | undefined;
  /** Bytes that have come, kept or not. */
  declare size: number;
  declare private first: Buffer;
  /** Of a body of unknown length: its parts, from the second on. */
  declare private others: Buffer[] | undefined;

  constructor() {
    this.length = undefined;
    this.size = 0;
    this.first = noBytes;
    this.others = undefined;
  }

  /** Keeps a part; its bytes are in {@link size} already. */
  keep(part: Buffer): void {
    if (this.length === undefined) this.append(part);
    else if (part.length === this.length) this.first = part;
    else {
      if (this.first.length === 0) this.first = allocate(this.length);
      this.first.set(part, this.size - part.length);
    }
  }

  /** All of it; nothing is kept from then on. */
  take(): Buffer {
    const whole = this.others === undefined ? this.first : Buffer.concat([this.first, ...this.others], this.size);
    this.clear();
    return whole;
  }

  clear(): void {
    this.first = noBytes;
    this.others = undefined;
  }

  private append(part: Buffer): void {
    if (this.first.length === 0) this.first = part;
    else if (this.others === undefined) this.others = [part];
    else this.others.push(part);
  }
}
