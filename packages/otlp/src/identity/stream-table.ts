import { randomFillSync } from 'node:crypto';
import type { Attributes } from '../attributes/attributes.js';
import { stale } from '../view/store.js';
import type { View } from '../view/view.js';
import type { KeySet } from '../wire/key.js';
import { skip } from '../wire/varint.js';
import { Cuts } from './cuts.js';
import { find } from './find.js';
import { Interned } from './interned.js';
import { Owners } from './owners.js';
import { Probe } from './probe.js';

/** What {@link StreamTable} counts as one stream. */
export interface StreamTableOptions {
  /** Point attributes that are not part of the identity: streams that differ in these alone are one. */
  readonly without?: KeySet;
  /** Resource attributes that are not part of the identity. */
  readonly withoutResource?: KeySet;
  /** Scope attributes that are not part of the identity. */
  readonly withoutScope?: KeySet;
  /** A delta and a cumulative stream of one name are one. */
  readonly ignoreTemporality?: boolean;
  /** Points with different start times are different streams: one per run of each process. */
  readonly byStartTime?: boolean;
  /** Streams held at most; further ones get slot -1. Unlimited by default. */
  readonly maxStreams?: number;
  /** Bits of the hash that count; tests weaken it to make identities collide. @internal */
  readonly hashBits?: number;
}

// A seed of this process alone, so that nobody outside can make attributes that collide.
const seeds: Int32Array = randomFillSync(new Int32Array(2));

/** What the identity reads: a data point's view, which interfaces hide. */
type PointView = Pick<View, 'bytes' | 'start' | 'end' | 'up' | 'shape' | 'root'>;

const START_TIME = 0x11;
/** The name of the attribute, set to true, of a stream that stands for others (OpenTelemetry metrics SDK, "Cardinality limits"). */
export const OVERFLOW_ATTRIBUTE = 'otel.metric.overflow';
const overflow: Buffer = Buffer.concat([
  Buffer.of(0, OVERFLOW_ATTRIBUTE.length + 6, 0x0a, OVERFLOW_ATTRIBUTE.length),
  Buffer.from(OVERFLOW_ATTRIBUTE),
  Buffer.of(0x12, 2, 0x10, 1),
]);
const overflowView = new DataView(overflow.buffer, overflow.byteOffset, overflow.length);
/** Attribute sets as sent that are remembered at most, when some attributes do not count. */
const MAX_WHOLE = 1 << 16;

/**
 * Numbers for metric streams, from raw bytes: two points get the same slot if and only if their identities are equal (OTLP data model,
 * "Timeseries model"): resource, scope, metric name, unit, type, temporality, monotonicity and point attributes, in any order.
 *
 * Description, int or double, bucket bounds and scale do not count. What a traversal has edited so far does not count either: the
 * identity is that of the bytes at its beginning. Hashes find, stored bytes decide: a collision costs time, never a merge.
 */
export class StreamTable {
  /** True when the last {@link slot} made a new stream. */
  declare isNew: boolean;
  /** True when the point of the last {@link slot} has an attribute that is in `without`. */
  declare leftOut: boolean;
  /** All attributes of the point of the last {@link slot} lie here, side by side, when that is known; else both are 0. */
  declare attributesStart: number;
  declare attributesEnd: number;
  /** True when that point may have exemplars; false when it surely has none. */
  declare mayHaveExemplars: boolean;
  /** True when that point may have flags; false when it surely has none. */
  declare mayHaveFlags: boolean;
  declare private readonly owners: Owners;
  declare private readonly streams: Interned;
  /** The same points with the attributes that are left out, each with what it turned out to be; undefined when none are. */
  declare private readonly whole: Interned | undefined;
  declare private readonly cuts: Cuts;
  /** The entry of `whole` that the last point is, when its attributes lie side by side as there; else -1. */
  declare private recalled: number;
  declare private readonly probe: Probe;
  declare private readonly without: KeySet | undefined;
  declare private readonly byStartTime: boolean;
  declare private readonly maxStreams: number;

  constructor(options: StreamTableOptions = {}) {
    this.isNew = false;
    this.leftOut = false;
    this.attributesStart = 0;
    this.attributesEnd = 0;
    this.mayHaveExemplars = false;
    this.mayHaveFlags = false;
    this.cuts = new Cuts();
    this.recalled = -1;
    this.streams = new Interned(options.hashBits);
    this.whole = options.without === undefined ? undefined : new Interned(options.hashBits);
    this.probe = new Probe(seeds[0]!, seeds[1]!);
    this.owners = new Owners(this.probe, {
      withoutResource: options.withoutResource,
      withoutScope: options.withoutScope,
      ignoreTemporality: options.ignoreTemporality ?? false,
      hashBits: options.hashBits,
    });
    this.without = options.without;
    this.byStartTime = options.byStartTime ?? false;
    this.maxStreams = options.maxStreams ?? Number.POSITIVE_INFINITY;
  }

  /** The aggregation temporality of that point's metric, as on the wire: 0 none, 1 delta, 2 cumulative. */
  get temporality(): number {
    return this.owners.temporality;
  }

  /** Streams in the table. */
  get size(): number {
    return this.streams.size;
  }

  /** Bytes that the table takes. */
  get memory(): number {
    return this.streams.memory + (this.whole?.memory ?? 0) + this.cuts.memory + this.owners.memory;
  }

  /** The slot of the point's stream, added when new ({@link isNew}); -1 when `maxStreams` are there already. Slots are small and reused. */
  slot(point: object): number {
    // Every data point is a View; the interfaces that users see do not show its bytes.
    const view = point as PointView;
    const { root, end } = view;
    const b = view.bytes;
    if (b !== root.bytes) throw stale();
    if (view.up !== this.owners.data) this.owners.enter(view.up!);
    const data = root.view;
    const { shape } = view;
    const tag = shape.attributes;
    const exemplarsTag = shape.exemplars;
    const flagsTag = shape.flags;
    const { byStartTime } = this;
    let exemplars = false;
    let flags = false;
    let startAt = -1;
    let p = view.start;
    // Encoders write attributes side by side; one that does not takes the longer way below.
    while (p < end) {
      const t = b[p]!;
      if (t === tag) break;
      if (t === START_TIME) startAt = p + 1;
      else if (t === exemplarsTag) exemplars = true;
      else if (t === flagsTag) flags = true;
      p = (t & 0x87) === 1 ? p + 9 : skip(b, p + 1, t);
    }
    const from = p;
    if (byStartTime && startAt < 0) startAt = find(b, p, end, START_TIME);
    const low = byStartTime && startAt >= 0 ? data.getInt32(startAt, true) : 0;
    const high = byStartTime && startAt >= 0 ? data.getInt32(startAt + 4, true) : 0;
    const { metric } = this.owners;
    const recalled = this.whole ?? this.streams;
    const id = recalled.guess(data, from, end, metric, low, high);
    if (id >= 0) {
      p = recalled.matchedTo;
      while (p < end) {
        const t = b[p]!;
        if (t === tag || (t === START_TIME && byStartTime && p + 1 !== startAt)) break;
        if (t === exemplarsTag) exemplars = true;
        else if (t === flagsTag) flags = true;
        p = (t & 0x87) === 1 ? p + 9 : skip(b, p + 1, t);
      }
      if (p >= end) {
        recalled.found(id);
        this.isNew = false;
        this.mayHaveExemplars = exemplars;
        this.mayHaveFlags = flags;
        this.attributesStart = from;
        this.attributesEnd = recalled.matchedTo;
        if (this.whole === undefined) return id;
        this.recalled = id;
        return this.recall(recalled.notes[id]!);
      }
    }
    this.mayHaveExemplars = exemplarsTag !== 0;
    this.mayHaveFlags = true;
    this.attributesStart = 0;
    this.attributesEnd = 0;
    this.recalled = -1;
    return this.search(view, byStartTime ? find(b, view.start, end, START_TIME) : -1);
  }

  /** Deletes the attributes in `without` from `point`, of which {@link slot} was asked last. */
  deleteLeftOut(point: object): void {
    const { without, recalled, cuts } = this;
    if (without === undefined || !this.leftOut) return;
    const view = point as View;
    if (recalled < 0 || view.changes() !== null) {
      (point as { attributes: Attributes }).attributes.delete(without);
      return;
    }
    const from = this.attributesStart;
    const at = cuts.of(recalled, view.bytes, from, this.attributesEnd, without);
    const log = view.root.edit(view);
    const { ranges } = cuts;
    for (let i = at + 1, end = i + ranges[at]!; i < end; i += 2)
      log.add(view, from + ranges[i]!, from + ranges[i + 1]!, 0, 0);
  }

  /**
   * A minimal OTLP metrics request that is the identity of a stream and nothing else: parsed anywhere, its one point has the stream
   * in any table with the same options. It has that start time, in words, when one is given; else its own where that counts.
   */
  request(
    slot: number,
    startLow: number = this.streams.firstExtra(slot),
    startHigh: number = this.streams.secondExtra(slot),
  ): Buffer {
    const attributes = this.streams.read(slot);
    let point: Buffer = attributes;
    if (startLow !== 0 || startHigh !== 0) {
      point = Buffer.allocUnsafe(9 + attributes.length);
      point[0] = START_TIME;
      point.writeInt32LE(startLow, 1);
      point.writeInt32LE(startHigh, 5);
      point.set(attributes, 9);
    }
    return this.owners.request(this.streams.parents[slot]!, point);
  }

  /**
   * The slot of the stream that stands for further ones of the metric of `point`: it has the one attribute `otel.metric.overflow`, true
   * (OpenTelemetry metrics SDK, "Cardinality limits"). There may be `more` such streams beyond `maxStreams`; -1 when there are.
   */
  overflowSlot(point: object, more: number): number {
    const { up, shape } = point as PointView;
    if (up !== this.owners.data) this.owners.enter(up!);
    const { metric } = this.owners;
    const { probe } = this;
    overflow[0] = shape.attributes;
    probe.begin(overflow, overflowView, metric, 0, 0);
    probe.addAttributes(0, overflow.length, shape.attributes, undefined);
    const slot = this.streams.add(probe, metric, 0, 0, this.maxStreams + more);
    this.isNew = slot >= 0 && this.streams.isNew;
    if (this.isNew) this.owners.retain();
    return slot;
  }

  private search(view: PointView, startAt: number): number {
    const { probe, whole } = this;
    const { metric } = this.owners;
    const data = view.root.view;
    const low = startAt < 0 ? 0 : data.getInt32(startAt, true);
    const high = startAt < 0 ? 0 : data.getInt32(startAt + 4, true);
    const tag = view.shape.attributes;
    let id = -1;
    if (whole !== undefined) {
      if (whole.size >= MAX_WHOLE) this.forgetWhole();
      probe.begin(view.bytes, data, metric, low, high);
      probe.addAttributes(view.start, view.end, tag, undefined);
      id = whole.look(probe, metric, low, high, MAX_WHOLE);
      if (!whole.isNew) {
        this.isNew = false;
        return this.recall(whole.notes[id]!);
      }
    }
    probe.begin(view.bytes, data, metric, low, high);
    probe.addAttributes(view.start, view.end, tag, this.without);
    const slot =
      whole === undefined
        ? this.streams.look(probe, metric, low, high, this.maxStreams)
        : this.streams.add(probe, metric, low, high, this.maxStreams);
    this.isNew = this.streams.isNew;
    this.leftOut = probe.leftOut;
    if (slot < 0) {
      this.isNew = false;
      whole?.delete(id);
      return slot;
    }
    if (this.isNew) this.owners.retain();
    if (whole !== undefined) whole.notes[id] = (slot << 1) | (probe.leftOut ? 1 : 0);
    return slot;
  }

  private recall(note: number): number {
    this.leftOut = (note & 1) === 1;
    return note >>> 1;
  }

  /** Forgets a stream; its slot may be given to another. */
  delete(slot: number): void {
    const metric = this.streams.parents[slot]!;
    this.streams.delete(slot);
    this.forgetWhole();
    this.owners.letGo(metric);
  }

  clear(): void {
    this.streams.clear();
    this.forgetWhole();
    this.owners.clear();
    this.probe.forget();
  }

  /** Lets go of the bytes of the last batch; what is known of its streams stays. */
  forgetBatch(): void {
    this.probe.forget();
    this.owners.forgetBatch();
  }

  private forgetWhole(): void {
    this.whole?.clear();
    this.cuts.clear();
    this.recalled = -1;
  }
}
