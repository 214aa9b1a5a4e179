import type { View } from '../view/view.js';
import { field } from '../wire/field.js';
import { skip } from '../wire/varint.js';

/** What surrounds the points of one metric: its own fields and those of its scope and resource, without what else lies in them. */
export interface PointHead {
  /** Fields of ResourceMetrics. */
  readonly resource: Buffer;
  /** Fields of ScopeMetrics. */
  readonly scope: Buffer;
  /** Fields of Metric. */
  readonly metric: Buffer;
  /** Tag of the metric's data, and its fields beside the points. */
  readonly type: number;
  readonly data: Buffer;
}

/** The head of a data point, copied. */
export function pointHead(point: object): PointHead {
  // Every data point is a View; the interfaces that users see do not show its bytes.
  const data = (point as View).up!;
  const metric = data.up!;
  const scope = metric.up!;
  const resource = scope.up!;
  return {
    resource: beside(resource, scope),
    scope: beside(scope, metric),
    metric: beside(metric, data),
    type: metric.bytes[data.at]!,
    data: beside(data, point as View),
  };
}

/** The bytes of a data point, copied, as they were when this traversal began. */
export function pointBytes(point: object): Buffer {
  const { bytes, start, end } = point as View;
  return Buffer.from(bytes.subarray(start, end));
}

/**
 * A metrics request of points with their heads: those whose heads are the same object or say the same lie together. Answers in `order`
 * the index of each point, in the order in which they lie in the request.
 */
export function requestOfPoints(
  points: readonly { readonly head: PointHead; readonly point: Uint8Array }[],
  order: number[],
): Buffer {
  const resources = new Map<string, Map<string, Map<string, number[]>>>();
  points.forEach(({ head }, i) => {
    const scopes = of(resources, text(head.resource), () => new Map<string, Map<string, number[]>>());
    const metrics = of(scopes, text(head.scope), () => new Map<string, number[]>());
    const name = `${head.type} ${head.metric.length} ${text(head.metric)}${text(head.data)}`;
    of(metrics, name, () => [] as number[]).push(i);
  });
  const request: Uint8Array[] = [];
  for (const scopes of resources.values()) {
    let resource: Buffer | undefined;
    const resourceMetrics: Uint8Array[] = [];
    for (const metrics of scopes.values()) {
      let scope: Buffer | undefined;
      const scopeMetrics: Uint8Array[] = [];
      for (const members of metrics.values()) {
        const { head } = points[members[0]!]!;
        resource ??= head.resource;
        scope ??= head.scope;
        order.push(...members);
        const data = field(head.type, head.data, ...members.map((i) => field(0x0a, points[i]!.point)));
        scopeMetrics.push(field(0x12, head.metric, data));
      }
      resourceMetrics.push(field(0x12, scope!, ...scopeMetrics));
    }
    request.push(field(0x0a, resource!, ...resourceMetrics));
  }
  return Buffer.concat(request);
}

/** The fields of `of` without those that have the tag of its child `without`. */
function beside(of: View, without: View): Buffer {
  const b = of.bytes;
  const tag = b[without.at]!;
  const parts: Buffer[] = [];
  for (let p = of.start; p < of.end; ) {
    const next = skip(b, p + 1, b[p]!);
    if (b[p] !== tag) parts.push(b.subarray(p, next));
    p = next;
  }
  return Buffer.concat(parts);
}

function text(b: Buffer): string {
  return b.toString('latin1');
}

function of<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let found = map.get(key);
  if (found === undefined) {
    found = make();
    map.set(key, found);
  }
  return found;
}
