import type { View } from '../view/view.js';
import type { KeySet } from '../wire/key.js';
import { after, skip, varint } from '../wire/varint.js';
import { find } from './find.js';
import { Interned } from './interned.js';
import type { Probe } from './probe.js';
import { streamRequest } from './stream-request.js';

/** What of an owner is left out of its identity. */
export interface OwnersOptions {
  readonly withoutResource: KeySet | undefined;
  readonly withoutScope: KeySet | undefined;
  readonly ignoreTemporality: boolean;
  readonly hashBits: number | undefined;
}

/** Numbers for the metrics that streams belong to: each stands for its scope and resource, too. */
export class Owners {
  /** The metric entered last; -1 when there is none. */
  declare metric: number;
  /** The message that holds its points. */
  declare data: unknown;
  /** Its aggregation temporality, as on the wire. */
  declare temporality: number;
  declare private readonly probe: Probe;
  declare private readonly withoutResource: KeySet | undefined;
  declare private readonly withoutScope: KeySet | undefined;
  declare private readonly ignoreTemporality: boolean;
  declare private readonly resources: Interned;
  declare private readonly scopes: Interned;
  declare private readonly metrics: Interned;
  // The scope and resource of the metric before: its neighbours mostly have the same.
  declare private scopeView: unknown;
  declare private scope: number;
  declare private resourceView: unknown;
  declare private resource: number;

  constructor(probe: Probe, { withoutResource, withoutScope, ignoreTemporality, hashBits }: OwnersOptions) {
    this.probe = probe;
    this.withoutResource = withoutResource;
    this.withoutScope = withoutScope;
    this.ignoreTemporality = ignoreTemporality;
    this.resources = new Interned(hashBits);
    this.scopes = new Interned(hashBits);
    this.metrics = new Interned(hashBits);
    this.temporality = 0;
    this.clear();
  }

  get memory(): number {
    return this.metrics.memory + this.scopes.memory + this.resources.memory;
  }

  clear(): void {
    this.metrics.clear();
    this.scopes.clear();
    this.resources.clear();
    this.forgetBatch();
    this.metric = -1;
    this.scope = -1;
    this.resource = -1;
  }

  /** Lets go of the views of the last batch. */
  forgetBatch(): void {
    this.data = undefined;
    this.scopeView = undefined;
    this.resourceView = undefined;
  }

  /** A request with this metric, its scope and resource, that holds the one data point `point`. */
  request(metric: number, point: Uint8Array): Buffer {
    const { metrics, scopes, resources } = this;
    const scope = metrics.parents[metric]!;
    const resource = scopes.parents[scope]!;
    const shape = metrics.firstExtra(metric);
    return streamRequest({
      resource: resources.read(resource),
      resourceOrdered: resources.orderedLength(resource),
      scope: scopes.read(scope),
      scopeOrdered: scopes.orderedLength(scope),
      metric: metrics.read(metric),
      type: shape & 0xff,
      temporality: (shape >> 8) & 0xff,
      monotonic: shape >> 16 !== 0,
      point,
    });
  }

  /** One more stream holds on to the metric entered last. */
  retain(): void {
    this.metrics.notes[this.metric]!++;
  }

  /** A stream lets go of its metric. */
  letGo(metric: number): void {
    this.metrics.notes[metric]!--;
    this.release(metric);
  }

  /** Finds the numbers of the metric that `data` belongs to, of its scope and of its resource. */
  enter(data: View): void {
    const metric = data.up!;
    const scopeMetrics = metric.up!;
    const resourceMetrics = scopeMetrics.up!;
    // A metric all of whose points were turned away must not stay.
    if (this.metric >= 0) this.release(this.metric);
    if (resourceMetrics !== this.resourceView || this.resource < 0) this.enterResource(resourceMetrics);
    if (scopeMetrics !== this.scopeView || this.scope < 0) this.enterScope(scopeMetrics);
    const b = metric.bytes;
    const type = b[data.at]!;
    let temporality = 0;
    let monotonic = 0;
    for (let p = data.start; p < data.end; ) {
      const t = b[p++]!;
      if (t === 0x10) temporality = b[p]!;
      else if (t === 0x18) monotonic = b[p]!;
      p = skip(b, p, t);
    }
    this.temporality = temporality;
    if (this.ignoreTemporality) temporality = 0;
    // Only a sum has is_monotonic.
    if (type !== 0x3a) monotonic = 0;
    const shape = type | (temporality << 8) | (monotonic << 16);
    const probe = this.probe;
    probe.begin(b, metric.root.view, this.scope, shape, 0);
    addFields(probe, metric.start, metric.end, 0x0a, 0x1a);
    this.metric = this.metrics.add(probe, this.scope, shape, 0, Number.POSITIVE_INFINITY);
    if (this.metrics.isNew) this.scopes.notes[this.scope]!++;
    this.data = data;
  }

  private enterScope(scopeMetrics: View): void {
    const b = scopeMetrics.bytes;
    const probe = this.probe;
    probe.begin(b, scopeMetrics.root.view, this.resource, 0, 0);
    const at = find(b, scopeMetrics.start, scopeMetrics.end, 0x0a);
    addField(probe, scopeMetrics.start, scopeMetrics.end, 0x1a);
    if (at >= 0) {
      const n = varint(b, at);
      const start = after;
      addFields(probe, start, start + n, 0x0a, 0x12);
      probe.addAttributes(start, start + n, 0x1a, this.withoutScope);
    }
    this.scope = this.scopes.add(probe, this.resource, 0, 0, Number.POSITIVE_INFINITY);
    if (this.scopes.isNew) this.resources.notes[this.resource]!++;
    this.scopeView = scopeMetrics;
  }

  private enterResource(resourceMetrics: View): void {
    const b = resourceMetrics.bytes;
    const probe = this.probe;
    probe.begin(b, resourceMetrics.root.view, 0, 0, 0);
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

  /** Drops a metric that no stream holds on to, and its scope and resource when it was their last. */
  private release(metric: number): void {
    if (this.metrics.notes[metric] !== 0) return;
    const scope = this.metrics.parents[metric]!;
    this.metrics.delete(metric);
    if (metric === this.metric) {
      this.metric = -1;
      this.data = undefined;
    }
    if (--this.scopes.notes[scope]! > 0) return;
    const resource = this.scopes.parents[scope]!;
    this.scopes.delete(scope);
    if (scope === this.scope) this.scope = -1;
    if (--this.resources.notes[resource]! > 0) return;
    this.resources.delete(resource);
    if (resource === this.resource) this.resource = -1;
  }
}

function addField(probe: Probe, start: number, end: number, tag: number): void {
  const at = find(probe.bytes, start, end, tag);
  if (at >= 0) addAt(probe, at);
}

/** Adds the last fields of two tags, in this order, in one scan. */
function addFields(probe: Probe, p: number, end: number, tag: number, other: number): void {
  const b = probe.bytes;
  let at = -1;
  let otherAt = -1;
  while (p < end) {
    const t = b[p++]!;
    if (t === tag) at = p;
    else if (t === other) otherAt = p;
    p = skip(b, p, t);
  }
  if (at >= 0) addAt(probe, at);
  if (otherAt >= 0) addAt(probe, otherAt);
}

function addAt(probe: Probe, at: number): void {
  const n = varint(probe.bytes, at);
  probe.addOrdered(at - 1, after + n);
}
