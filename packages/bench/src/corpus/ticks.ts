/** A metrics request whose points can be moved to their next collection without encoding it again. */
export class Ticking {
  private readonly template: Buffer;
  private readonly at: number[];
  private readonly values: number[];
  private tick = 0;

  constructor(template: Buffer) {
    this.template = template;
    const view = viewOf(template);
    const firstTime = Buffer.alloc(9);
    firstTime[0] = 0x19;
    firstTime.writeBigUInt64LE(1_763_800_060_000_000_000n, 1);
    this.at = [];
    for (let p = template.indexOf(firstTime); p >= 0; p = template.indexOf(firstTime, p + 1)) this.at.push(p + 1);
    // as_double follows time_unix_nano in everything that the corpus writes.
    this.values = this.at.map((p) => view.getFloat64(p + 9, true));
  }

  /** Writes the request into `body`, its points one minute further than the last: deltas, whose values stay. */
  into(body: Buffer): Buffer {
    body.set(this.template);
    const view = viewOf(body);
    const nanos = 1_763_800_060_000_000_000n + BigInt(this.tick++) * 60_000_000_000n;
    const low = Number(nanos & 0xffffffffn);
    const high = Number(nanos >> 32n);
    for (const p of this.at) {
      view.setUint32(p, low, true);
      view.setUint32(p + 4, high, true);
    }
    return body;
  }

  /** A fresh copy, one minute and 2.5 per point further than the last. */
  next(): Buffer {
    const copy = Buffer.allocUnsafe(this.template.length);
    this.template.copy(copy);
    const view = viewOf(copy);
    const nanos = 1_763_800_060_000_000_000n + BigInt(this.tick) * 60_000_000_000n;
    const low = Number(nanos & 0xffffffffn);
    const high = Number(nanos >> 32n);
    const { at, values } = this;
    for (let i = 0; i < at.length; i++) {
      const p = at[i] as number;
      view.setUint32(p, low, true);
      view.setUint32(p + 4, high, true);
      view.setFloat64(p + 9, (values[i] as number) + this.tick * 2.5, true);
    }
    this.tick++;
    return copy;
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}
