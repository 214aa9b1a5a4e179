import type { View } from '../view/view.js';
import { skip } from '../wire/varint.js';

const DELTA = 1;
const TIME = 0x19;

type PointView = Pick<View, 'bytes' | 'start' | 'end' | 'up' | 'root'>;

/**
 * 64-bit fingerprints of delta points as they came: of their bytes, and those of their metric, scope and resource. Two that are equal are the same
 * point sent twice, but for one pair in 2^64. The seeds make them unpredictable; with the same seeds they are the same in every process.
 *
 * One object is used for many points; `hash1` and `hash2` hold the last result, which is never 0 and 0.
 */
export class PointFingerprint {
  declare hash1: number;
  declare hash2: number;
  declare private readonly seed1: number;
  declare private readonly seed2: number;
  declare private data: View | null;
  declare private isDelta: boolean;
  declare private owner1: number;
  declare private owner2: number;

  constructor(seed1: number, seed2: number) {
    this.hash1 = 0;
    this.hash2 = 0;
    this.seed1 = seed1;
    this.seed2 = seed2;
    this.data = null;
    this.isDelta = false;
    this.owner1 = 0;
    this.owner2 = 0;
  }

  /**
   * Takes the fingerprint of `point`; false, and none, when its temporality is not delta, or when it has no time: without one,
   * a point that is sent again could not be told from the next that says the same.
   */
  ofPoint(point: object): boolean {
    // Every data point is a View; the interfaces that users see do not show its bytes.
    const view = point as PointView;
    if (view.up !== this.data) this.enter(view.up!);
    if (!this.isDelta || !hasTime(view)) return false;
    this.hash1 = this.owner1;
    this.hash2 = this.owner2;
    this.add(view.root.view, view.start, view.end);
    this.finish();
    return true;
  }

  /** Takes the fingerprint of a whole request. */
  ofBytes(bytes: Uint8Array): void {
    this.hash1 = this.seed1;
    this.hash2 = this.seed2;
    this.add(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
    this.finish();
  }

  /** Lets go of the bytes of the last batch. */
  forgetBatch(): void {
    this.data = null;
  }

  private enter(data: View): void {
    const metric = data.up!;
    const b = metric.bytes;
    let temporality = 0;
    let monotonic = 0;
    for (let p = data.start; p < data.end; ) {
      const t = b[p++]!;
      if (t === 0x10) temporality = b[p]!;
      else if (t === 0x18) monotonic = b[p]!;
      p = skip(b, p, t);
    }
    this.data = data;
    this.isDelta = temporality === DELTA;
    if (!this.isDelta) return;
    this.hash1 = this.seed1 ^ (b[data.at]! | (monotonic << 8));
    this.hash2 = this.seed2;
    const scope = metric.up!;
    this.addFields(scope.up!, 0x0a, 0x1a);
    this.addFields(scope, 0x0a, 0x1a);
    this.addFields(metric, 0x0a, 0x1a);
    this.owner1 = this.hash1;
    this.owner2 = this.hash2;
  }

  private addFields(of: View, tag: number, other: number): void {
    const b = of.bytes;
    for (let p = of.start; p < of.end; ) {
      const at = p;
      const t = b[p++]!;
      p = skip(b, p, t);
      if (t === tag || t === other) this.add(of.root.view, at, p);
    }
  }

  /** Adds the bytes [from, to) and their number. */
  private add(view: DataView, from: number, to: number): void {
    let a = this.hash1 ^ (to - from);
    let b = this.hash2;
    const last = to - 16;
    if (last >= from) {
      // The four lanes do not wait for each other; the last step may read some bytes again rather than one at a time.
      let c = a ^ 0x9e3779b1;
      let d = b ^ 0x85ebca77;
      for (let p = from; ; p += 16) {
        if (p > last) p = last;
        a = Math.imul(a ^ view.getInt32(p, true), 0x85ebca6b);
        b = Math.imul(b ^ view.getInt32(p + 4, true), 0xc2b2ae35);
        c = Math.imul(c ^ view.getInt32(p + 8, true), 0x27d4eb2f);
        d = Math.imul(d ^ view.getInt32(p + 12, true), 0x165667b1);
        a = (a << 15) | (a >>> 17);
        b = (b << 13) | (b >>> 19);
        c = (c << 17) | (c >>> 15);
        d = (d << 11) | (d >>> 21);
        if (p === last) break;
      }
      a = (Math.imul(a ^ (c >>> 15), 0x85ebca6b) + d) | 0;
      b = (Math.imul(b ^ (d >>> 13), 0xc2b2ae35) + c) | 0;
    } else {
      for (let p = from; p < to; p++) {
        a = Math.imul(a ^ view.getUint8(p), 0x85ebca6b);
        b = Math.imul(b ^ (a >>> 7), 0xc2b2ae35);
      }
    }
    this.hash1 = (a ^ (b >>> 15)) | 0;
    this.hash2 = (Math.imul(b ^ (b >>> 13), 0xc2b2ae35) + a) | 0;
  }

  private finish(): void {
    let a = this.hash1;
    let b = this.hash2;
    a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
    b = (Math.imul(b ^ (b >>> 13), 0xc2b2ae35) + a) | 0;
    a = (Math.imul(a ^ (a >>> 13), 0x9e3779b1) + b) | 0;
    this.hash1 = (a ^ (a >>> 16)) | 0;
    this.hash2 = (b ^ (b >>> 15)) | 0;
    // Nothing at all is what an empty place in a table looks like.
    if (this.hash1 === 0 && this.hash2 === 0) this.hash2 = 1;
  }
}

/** Encoders write the time among the first fields. */
function hasTime({ bytes: b, start, end, root }: PointView): boolean {
  for (let p = start; p < end; ) {
    const t = b[p++]!;
    if (t === TIME) return (root.view.getInt32(p, true) | root.view.getInt32(p + 4, true)) !== 0;
    p = (t & 0x87) === 1 ? p + 8 : skip(b, p, t);
  }
  return false;
}
