import type { MetricsBatch } from '../metrics/metrics-batch.js';
import { after, skip, varint } from '../wire/varint.js';

const DELTA = 1;
const TIME = 0x19;
const NOTHING: Uint8Array = new Uint8Array(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

/** Words that {@link BatchFingerprints.words} has for each point. */
export const FINGERPRINT_WORDS = 4;

/**
 * 64-bit fingerprints of the delta points of a batch as they came: of their bytes, and those of their metric, scope and resource. Two that are
 * equal are the same point sent twice, but for one pair in 2^64. The seeds make them unpredictable; with the same seeds they are the same in
 * every process.
 *
 * One object is used for many batches. Reads the wire without views: most of what arrives is new, and nobody has to point at it.
 */
export class BatchFingerprints {
  /** Points that have a fingerprint. */
  declare count: number;
  /**
   * Of each of them: the two words of its fingerprint, which are never both 0; its origin, a hash of its resource and its time, which points
   * share that were collected together; and its place among all points of the batch.
   */
  declare words: Int32Array;
  declare private readonly seed1: number;
  declare private readonly seed2: number;
  declare private bytes: Uint8Array;
  declare private view: DataView;
  /** Points that were passed. */
  declare private place: number;
  declare private hash1: number;
  declare private hash2: number;
  declare private resource1: number;
  declare private resource2: number;
  declare private scope1: number;
  declare private scope2: number;
  // Where the messages around the points begin and end; their hashes are made when the first delta point wants them.
  declare private resourceStart: number;
  declare private resourceEnd: number;
  declare private scopeStart: number;
  declare private scopeEnd: number;
  declare private resourceHashed: boolean;
  declare private scopeHashed: boolean;

  constructor(seed1: number, seed2: number) {
    this.count = 0;
    this.words = new Int32Array(64 * FINGERPRINT_WORDS);
    this.seed1 = seed1;
    this.seed2 = seed2;
    this.bytes = NOTHING;
    this.view = NO_VIEW;
    this.place = 0;
    this.hash1 = 0;
    this.hash2 = 0;
    this.resource1 = 0;
    this.resource2 = 0;
    this.scope1 = 0;
    this.scope2 = 0;
    this.resourceStart = 0;
    this.resourceEnd = 0;
    this.scopeStart = 0;
    this.scopeEnd = 0;
    this.resourceHashed = false;
    this.scopeHashed = false;
  }

  /**
   * Takes the fingerprints of the points of `batch`, but not of those whose temporality is not delta, nor of those that have no time: without
   * one, a point that is sent again could not be told from the next that says the same.
   */
  ofPoints(batch: MetricsBatch): void {
    const b = batch.store.clean();
    this.begin(b, batch.store.view);
    for (let p = 0, end = b.length; p < end; ) {
      const t = b[p++]!;
      const next = skip(b, p, t);
      if (t === 0x0a) this.resourceMetrics(payload(b, p), next);
      p = next;
    }
    this.end();
  }

  /** Takes one fingerprint, of a whole request. */
  ofRequest(bytes: Uint8Array): void {
    this.begin(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.hash1 = this.seed1;
    this.hash2 = this.seed2;
    this.add(0, bytes.length);
    this.finish();
    this.note(this.hash1);
    this.end();
  }

  private begin(bytes: Uint8Array, view: DataView): void {
    this.bytes = bytes;
    this.view = view;
    this.count = 0;
    this.place = 0;
  }

  /** Lets go of the bytes. */
  private end(): void {
    this.bytes = NOTHING;
    this.view = NO_VIEW;
  }

  private resourceMetrics(start: number, end: number): void {
    this.resourceStart = start;
    this.resourceEnd = end;
    this.resourceHashed = false;
    const b = this.bytes;
    for (let p = start; p < end; ) {
      const t = b[p++]!;
      const next = skip(b, p, t);
      if (t === 0x12) this.scopeMetrics(payload(b, p), next);
      p = next;
    }
  }

  private scopeMetrics(start: number, end: number): void {
    this.scopeStart = start;
    this.scopeEnd = end;
    this.scopeHashed = false;
    const b = this.bytes;
    for (let p = start; p < end; ) {
      const t = b[p++]!;
      const next = skip(b, p, t);
      if (t === 0x12) this.metric(payload(b, p), next);
      p = next;
    }
  }

  private metric(start: number, end: number): void {
    const b = this.bytes;
    let type = 0;
    let data = 0;
    let dataEnd = 0;
    for (let p = start; p < end; ) {
      const t = b[p++]!;
      const next = skip(b, p, t);
      // A oneof: the last one counts.
      if (t === 0x3a || t === 0x2a || t === 0x4a || t === 0x52 || t === 0x5a) {
        type = t;
        data = p;
        dataEnd = next;
      }
      p = next;
    }
    if (type === 0) return;
    data = payload(b, data);
    let temporality = 0;
    let monotonic = 0;
    let points = 0;
    // Encoders write it behind the points.
    for (let p = data; p < dataEnd; ) {
      const t = b[p++]!;
      if (t === 0x0a) points++;
      else if (t === 0x10) temporality = b[p]!;
      else if (t === 0x18) monotonic = b[p]!;
      p = skip(b, p, t);
    }
    if (temporality !== DELTA || type === 0x2a || type === 0x5a) this.place += points;
    else this.deltas(start, end, type | (monotonic << 8), data, dataEnd, points);
  }

  private deltas(metric: number, metricEnd: number, kind: number, data: number, dataEnd: number, points: number): void {
    this.hashScope();
    this.hash1 = this.scope1 ^ kind;
    this.hash2 = this.scope2;
    this.addFields(metric, metricEnd);
    const owner1 = this.hash1;
    const owner2 = this.hash2;
    const b = this.bytes;
    this.makeRoom(points);
    for (let p = data; p < dataEnd; ) {
      const t = b[p++]!;
      if (t !== 0x0a) {
        p = skip(b, p, t);
        continue;
      }
      let n = b[p++]!;
      if (n > 127) {
        n = varint(b, p - 1);
        p = after;
      }
      const end = p + n;
      const time = timeIn(b, p, end);
      const low = time < 0 ? 0 : this.view.getInt32(time, true);
      const high = time < 0 ? 0 : this.view.getInt32(time + 4, true);
      if ((low | high) === 0) this.place++;
      else {
        this.hash1 = owner1;
        this.hash2 = owner2;
        this.add(p, end);
        this.finish();
        const origin = Math.imul(this.resource1 ^ low, 0x85ebca6b) ^ Math.imul(this.resource2 ^ high, 0x9e3779b1);
        this.note(Math.imul(origin ^ (origin >>> 15), 0xc2b2ae35));
      }
      p = end;
    }
  }

  private note(origin: number): void {
    const { words } = this;
    const at = this.count++ * FINGERPRINT_WORDS;
    words[at] = this.hash1;
    words[at + 1] = this.hash2;
    words[at + 2] = origin ^ (origin >>> 13);
    words[at + 3] = this.place++;
  }

  private makeRoom(points: number): void {
    const need = (this.count + points) * FINGERPRINT_WORDS;
    if (need <= this.words.length) return;
    const grown = new Int32Array(need * 2);
    grown.set(this.words);
    this.words = grown;
  }

  private hashScope(): void {
    if (!this.resourceHashed) {
      this.resourceHashed = true;
      this.hash1 = this.seed1;
      this.hash2 = this.seed2;
      this.addFields(this.resourceStart, this.resourceEnd);
      this.resource1 = this.hash1;
      this.resource2 = this.hash2;
    }
    if (this.scopeHashed) return;
    this.scopeHashed = true;
    this.hash1 = this.resource1;
    this.hash2 = this.resource2;
    this.addFields(this.scopeStart, this.scopeEnd);
    this.scope1 = this.hash1;
    this.scope2 = this.hash2;
  }

  /** Adds the fields 1 and 3: resource or scope and schema URL, name and unit. */
  private addFields(start: number, end: number): void {
    const b = this.bytes;
    for (let p = start; p < end; ) {
      const at = p;
      const t = b[p++]!;
      p = skip(b, p, t);
      if (t === 0x0a || t === 0x1a) this.add(at, p);
    }
  }

  /** Adds the bytes [from, to) and their number. */
  private add(from: number, to: number): void {
    const view = this.view;
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

/** Where a length-delimited field whose length is at `p` begins. */
function payload(b: Uint8Array, p: number): number {
  while (b[p++]! > 127);
  return p;
}

/** Where the point's time is; encoders write it among the first fields. */
function timeIn(b: Uint8Array, start: number, end: number): number {
  for (let p = start; p < end; ) {
    const t = b[p++]!;
    if (t === TIME) return p;
    p = (t & 0x87) === 1 ? p + 8 : skip(b, p, t);
  }
  return -1;
}
