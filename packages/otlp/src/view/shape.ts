/** What a metric's data is; OTLP's oneof `data`. */
export type MetricType = 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';

/** How far a message is from what a batch counts. */
export type Role = 'request' | 'resource-holder' | 'scope-holder' | 'metric' | 'data' | 'item' | 'part';

/** Where one message type keeps the fields that several types have, as wire tags; 0 where it has none. */
export interface ShapeTags {
  role: Role;
  attributes?: number;
  name?: number;
  timeUnixNano?: number;
  startTimeUnixNano?: number;
  traceId?: number;
  spanId?: number;
  flags?: number;
  dropped?: number;
  exemplars?: number;
  min?: number;
  max?: number;
  /** Of a number: its double; the int is sfixed64 under 0x31 everywhere. */
  double?: number;
  /** Tag and kind of the messages one level down, for holders. */
  children?: number;
  child?: Shape;
  /** Kinds of a oneof of messages, by tag: what a metric holds. */
  variants?: readonly (Shape | undefined)[];
  /** Metric type, for data points and the messages that hold them. */
  type?: MetricType;
}

/** What tells one message type from another: a row of tags. All views share one class, so that V8 sees one shape. */
export class Shape {
  declare readonly role: Role;
  declare readonly attributes: number;
  declare readonly name: number;
  declare readonly timeUnixNano: number;
  declare readonly startTimeUnixNano: number;
  declare readonly traceId: number;
  declare readonly spanId: number;
  declare readonly flags: number;
  declare readonly dropped: number;
  declare readonly exemplars: number;
  declare readonly min: number;
  declare readonly max: number;
  declare readonly children: number;
  declare readonly child: Shape | undefined;
  declare readonly double: number;
  declare readonly variants: readonly (Shape | undefined)[] | undefined;
  declare readonly type: MetricType | undefined;

  constructor(tags: ShapeTags) {
    this.role = tags.role;
    this.attributes = tags.attributes ?? 0;
    this.name = tags.name ?? 0;
    this.timeUnixNano = tags.timeUnixNano ?? 0;
    this.startTimeUnixNano = tags.startTimeUnixNano ?? 0;
    this.traceId = tags.traceId ?? 0;
    this.spanId = tags.spanId ?? 0;
    this.flags = tags.flags ?? 0;
    this.dropped = tags.dropped ?? 0;
    this.exemplars = tags.exemplars ?? 0;
    this.min = tags.min ?? 0;
    this.max = tags.max ?? 0;
    this.children = tags.children ?? 0;
    this.child = tags.child;
    this.double = tags.double ?? 0;
    this.variants = tags.variants;
    this.type = tags.type;
  }
}

export const RESOURCE: Shape = new Shape({ role: 'part', attributes: 0x0a, dropped: 0x10 });
export const SCOPE: Shape = new Shape({ role: 'part', name: 0x0a, attributes: 0x1a, dropped: 0x20 });

/** The kinds from a request down to `leaf`: request, resource holder, scope holder, leaf. */
export function requestOf(leaf: Shape): Shape {
  const scopeHolder = new Shape({ role: 'scope-holder', children: 0x12, child: leaf });
  const resourceHolder = new Shape({ role: 'resource-holder', children: 0x12, child: scopeHolder });
  return new Shape({ role: 'request', children: 0x0a, child: resourceHolder });
}
