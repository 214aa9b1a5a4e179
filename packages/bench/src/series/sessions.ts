import { metricsRequest } from '../corpus/metrics.js';

const FIRST_TIME = 1_763_800_060_000_000_000n;
const MINUTE = 60_000_000_000n;
const DIGITS = 8;

/** Points of one session's request: one series each. */
export const POINTS = 104;

/**
 * Requests of many sessions that all count the same things: one template in which session, times and values are written over, so that a
 * million series need no memory of their own here.
 */
export class Sessions {
  private readonly template: Buffer;
  private readonly view: DataView;
  private readonly times: number[];
  private readonly ids: number[];
  private readonly temporality: 1 | 2;

  constructor(temporality: 1 | 2) {
    this.temporality = temporality;
    this.template = metricsRequest({ points: POINTS, resources: 1, temporality });
    const time = Buffer.alloc(9);
    time[0] = 0x19;
    time.writeBigUInt64LE(FIRST_TIME, 1);
    this.times = occurrences(this.template, time).map((p) => p + 1);
    // The id is the value behind the key: a field tag, a length, and in it a string with its tag and length.
    const key = Buffer.from('session.id');
    this.ids = occurrences(this.template, key).map((p) => p + key.length + 4);
    if (this.times.length !== POINTS || this.ids.length !== POINTS) throw new Error('the corpus has changed its shape');
    this.view = new DataView(this.template.buffer, this.template.byteOffset, this.template.length);
  }

  /** The request of a session at its export number `tick`; with `spread`, each point is of another session, that many apart. */
  request(session: number, tick: number, sessions: number, spread: number): Buffer {
    const { template, view, times, ids } = this;
    const before = FIRST_TIME + BigInt(tick - 1) * MINUTE;
    const low = Number(BigInt.asIntN(32, before + MINUTE));
    const high = Number((before + MINUTE) >> 32n);
    const startLow = Number(BigInt.asIntN(32, before));
    const startHigh = Number(before >> 32n);
    for (let i = 0; i < POINTS; i++) {
      const p = times[i] as number;
      // start_time_unix_nano stands before time_unix_nano, as_double behind it.
      if (this.temporality === 1) {
        view.setInt32(p - 9, startLow, true);
        view.setInt32(p - 5, startHigh, true);
      }
      view.setInt32(p, low, true);
      view.setInt32(p + 4, high, true);
      view.setFloat64(p + 9, i + (this.temporality === 1 ? 0.5 : tick * 2.5), true);
      let n = (session + i * spread) % sessions;
      for (let at = (ids[i] as number) + DIGITS - 1, left = DIGITS; left > 0; left--, at--) {
        template[at] = 48 + (n % 10);
        n = (n / 10) | 0;
      }
    }
    return Buffer.from(template);
  }
}

function occurrences(of: Buffer, what: Buffer): number[] {
  const found: number[] = [];
  for (let p = of.indexOf(what); p >= 0; p = of.indexOf(what, p + 1)) found.push(p);
  return found;
}
