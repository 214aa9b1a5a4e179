import { randomFillSync } from 'node:crypto';
import type { View } from '../view/view.js';
import type { KeySet } from '../wire/key.js';
import { after, skip, varint } from '../wire/varint.js';
import { Interned } from './interned.js';
import { Probe } from './probe.js';

/** What {@link StreamTable} counts as one stream. */
export interface StreamTableOptions {
  /** Point attributes that are not part of the identity: streams that differ in these alone are one. */
  readonly without?: KeySet;
  /** Resource attributes that are not part of the identity. */
  readonly withoutResource?: KeySet;
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
type PointView = Pick<View, 'bytes' | 'start' | 'end' | 'up' | 'shape'>;

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
  declare private readonly resources: Interned;
  declare private readonly scopes: Interned;
  declare private readonly metrics: Interned;
  declare private readonly streams: Interned;
  declare private readonly probe: Probe;
  declare private readonly without: KeySet | undefined;
  declare private readonly withoutResource: KeySet | undefined;
  declare private readonly ignoreTemporality: boolean;
  declare private readonly byStartTime: boolean;
  declare private readonly maxStreams: number;
  // The metric, scope and resource of the point before: its neighbours mostly have the same.
  declare private data: unknown;
  declare private metric: number;
  declare private scopeView: unknown;
  declare private scope: number;
  declare private resourceView: unknown;
  declare private resource: number;

  constructor(options: StreamTableOptions = {}) {
    this.isNew = false;
    this.resources = new Interned(options.hashBits);
    this.scopes = new Interned(options.hashBits);
    this.metrics = new Interned(options.hashBits);
    this.streams = new Interned(options.hashBits);
    this.probe = new Probe(seeds[0]!, seeds[1]!);
    this.without = options.without;
    this.withoutResource = options.withoutResource;
    this.ignoreTemporality = options.ignoreTemporality ?? false;
    this.byStartTime = options.byStartTime ?? false;
    this.maxStreams = options.maxStreams ?? Number.POSITIVE_INFINITY;
    this.forget();
  }

  /** True when the point of the last {@link slot} has an attribute that is in `without`. */
  get leftOut(): boolean {
    return this.probe.leftOut;
  }

  /** Streams in the table. */
  get size(): number {
    return this.streams.size;
  }

  /** Bytes that the table takes. */
  get memory(): number {
    return this.streams.memory + this.metrics.memory + this.scopes.memory + this.resources.memory;
  }

  /** The slot of the point's stream, added when new ({@link isNew}); -1 when `maxStreams` are there already. Slots are small and reused. */
  slot(point: object): number {
    // Every data point is a View; the interfaces that users see do not show its bytes.
    const view = point as PointView;
    if (view.up !== this.data) this.enter(view.up!);
    const probe = this.probe;
    const bytes = view.bytes;
    let low = 0;
    let high = 0;
    if (this.byStartTime) {
      const at = find(bytes, view.start, view.end, 0x11);
      if (at >= 0) {
        low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
        high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
      }
    }
    probe.begin(bytes, this.metric, low, high);
    probe.addAttributes(view.start, view.end, view.shape.attributes, this.without);
    const slot = this.streams.add(probe, this.metric, low, high, this.maxStreams);
    this.isNew = this.streams.isNew;
    if (slot >= 0 && this.isNew) this.metrics.references[this.metric]!++;
    else if (slot < 0) this.isNew = false;
    return slot;
  }

  /** Forgets a stream; its slot may be given to another. */
  delete(slot: number): void {
    const metric = this.streams.parents[slot]!;
    this.streams.delete(slot);
    this.metrics.references[metric]!--;
    this.release(metric);
  }

  clear(): void {
    this.streams.clear();
    this.metrics.clear();
    this.scopes.clear();
    this.resources.clear();
    this.forget();
  }

  private forget(): void {
    this.data = undefined;
    this.scopeView = undefined;
    this.resourceView = undefined;
    this.metric = -1;
    this.scope = -1;
    this.resource = -1;
  }

  /** Finds the numbers of the metric that `data` belongs to, of its scope and of its resource. */
  private enter(data: View): void {
    const metric = data.up!;
    const scopeMetrics = metric.up!;
    const resourceMetrics = scopeMetrics.up!;
    // A metric all of whose points were turned away must not stay.
    if (this.metric >= 0) this.release(this.metric);
    if (resourceMetrics !== this.resourceView || this.resource < 0) this.enterResource(resourceMetrics);
    if (scopeMetrics !== this.scopeView || this.scope < 0) this.enterScope(scopeMetrics);
    const b = metric.bytes;
    const temporality = this.ignoreTemporality ? 0 : enumAt(b, find(b, data.start, data.end, 0x10));
    const type = b[data.at]!;
    // Only a sum has is_monotonic.
    const monotonic = type === 0x3a ? enumAt(b, find(b, data.start, data.end, 0x18)) : 0;
    const shape = type | (temporality << 8) | (monotonic << 16);
    const probe = this.probe;
    probe.begin(b, this.scope, shape, 0);
    addField(probe, metric.start, metric.end, 0x0a);
    addField(probe, metric.start, metric.end, 0x1a);
    this.metric = this.metrics.add(probe, this.scope, shape, 0, Number.POSITIVE_INFINITY);
    if (this.metrics.isNew) this.scopes.references[this.scope]!++;
    this.data = data;
  }

  private enterScope(scopeMetrics: View): void {
    const b = scopeMetrics.bytes;
    const probe = this.probe;
    probe.begin(b, this.resource, 0, 0);
    const at = find(b, scopeMetrics.start, scopeMetrics.end, 0x0a);
    addField(probe, scopeMetrics.start, scopeMetrics.end, 0x1a);
    if (at >= 0) {
      const n = varint(b, at);
      const start = after;
      addField(probe, start, start + n, 0x0a);
      addField(probe, start, start + n, 0x12);
      probe.addAttributes(start, start + n, 0x1a, undefined);
    }
    this.scope = this.scopes.add(probe, this.resource, 0, 0, Number.POSITIVE_INFINITY);
    if (this.scopes.isNew) this.resources.references[this.resource]!++;
    this.scopeView = scopeMetrics;
  }

  private enterResource(resourceMetrics: View): void {
    const b = resourceMetrics.bytes;
    const probe = this.probe;
    probe.begin(b, 0, 0, 0);
    const at = find(b, resourceMetrics.start, resourceMetrics.end, 0x0a);
    addField(probe, resourceMetrics.start, resourceMetrics.end, 0x1a);
    if (at >= 0) {
      const n = varint(b, at);
      const start = after;
      probe.addAttributes(start, start + n, 0x0a, this.withoutResource);
    }
    this.resource = this.resources.add(probe, 0, 0, 0, Number.POSITIVE_INFINITY);
    this.resourceView = resourceMetrics;
    this.scope = -1;
  }

  /** Drops a metric that no stream needs, and its scope and resource when it was their last. */
  private release(metric: number): void {
    if (this.metrics.references[metric] !== 0) return;
    const scope = this.metrics.parents[metric]!;
    this.metrics.delete(metric);
    if (metric === this.metric) {
      this.metric = -1;
      this.data = undefined;
    }
    if (--this.scopes.references[scope]! > 0) return;
    const resource = this.scopes.parents[scope]!;
    this.scopes.delete(scope);
    if (scope === this.scope) this.scope = -1;
    if (--this.resources.references[resource]! > 0) return;
    this.resources.delete(resource);
    if (resource === this.resource) this.resource = -1;
  }
}

/** Position behind the one-byte tag of the last field `tag` in [p, end), or -1. */
function find(b: Uint8Array, p: number, end: number, tag: number): number {
  let hit = -1;
  while (p < end) {
    const t = b[p++]!;
    if (t === tag) hit = p;
    p = skip(b, p, t);
  }
  return hit;
}

function enumAt(b: Uint8Array, at: number): number {
  return at < 0 ? 0 : b[at]!;
}

function addField(probe: Probe, start: number, end: number, tag: number): void {
  const b = probe.bytes;
  const at = find(b, start, end, tag);
  if (at < 0) return;
  const n = varint(b, at);
  probe.addOrdered(at - 1, after + n);
}
