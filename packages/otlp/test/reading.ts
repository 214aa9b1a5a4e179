import type {
  AnyValue,
  Attributes,
  DataPoint,
  Exemplar,
  ExponentialHistogramDataPoint,
  HistogramDataPoint,
  LogRecord,
  LogsBatch,
  Metric,
  MetricsBatch,
  NumberDataPoint,
  Resource,
  Scope,
  Span,
  SummaryDataPoint,
  TracesBatch,
} from '../src/index.js';

// What the views say about a batch, field by field, and what the official decoder's plain objects say, in one and the same form.

/** Plain data as the official decoder's toObject gives it. */
// biome-ignore lint/suspicious/noExplicitAny: the generated decoder comes without types
export type Plain = any;

const list = (value: Plain | undefined): Plain[] => value ?? [];
const big = (value: Plain | undefined): bigint => BigInt(value ?? 0);
const hex = (value: Plain | undefined): string => Buffer.from(value ?? '', 'base64').toString('hex');
const ms = (value: Plain | undefined): number => {
  const n = big(value);
  return (Number(n >> 32n) * 4294967296 + Number(n & 0xffffffffn)) / 1e6;
};

/** An AnyValue as AttributeList.get() should give it. */
export function valueFrom(v: Plain | undefined): AnyValue {
  if (v === undefined) return undefined;
  if ('stringValue' in v) return v.stringValue!;
  if ('boolValue' in v) return v.boolValue!;
  if ('intValue' in v) {
    const n = BigInt(v.intValue!);
    return Number.isSafeInteger(Number(n)) ? Number(n) : n;
  }
  if ('doubleValue' in v) return v.doubleValue!;
  if ('bytesValue' in v) return new Uint8Array(Buffer.from(v.bytesValue!, 'base64'));
  if ('arrayValue' in v) return list(v.arrayValue!.values).map(valueFrom);
  if ('kvlistValue' in v)
    return Object.fromEntries(list(v.kvlistValue!.values).map((e) => [e.key ?? '', valueFrom(e.value)]));
  return undefined;
}

/** What kindOf() should give. */
export function kindOf(v: Plain | undefined): string {
  return Object.keys(v ?? {})[0]?.replace('Value', '') ?? 'empty';
}

export const entriesOf = (attributes: Plain | undefined): [string, AnyValue, string][] =>
  list(attributes).map((a) => [(a.key as string) ?? '', valueFrom(a.value), kindOf(a.value)]);

function entries(attributes: Attributes): [string, AnyValue, string][] {
  const seen = new Set<string>();
  return [...attributes].map(([name, value]) => {
    // Only the first of a name can be asked for.
    if (!seen.has(name)) same(attributes.get(name), value);
    const kind = seen.has(name) ? '?' : attributes.kindOf(name)!;
    seen.add(name);
    return [name, value, kind];
  });
}

function same(a: unknown, b: unknown): void {
  const text = (x: unknown) =>
    JSON.stringify(x, (_, v) =>
      typeof v === 'bigint' ? `${v}n` : Object.is(v, -0) ? '-0' : typeof v === 'number' ? String(v) : v,
    );
  if (text(a) !== text(b)) throw new Error(`get() and iteration differ: ${text(a)} ${text(b)}`);
}

const unnamed = (attributes: [string, AnyValue, string][]) => {
  const seen = new Set<string>();
  return attributes.map(([name, value, kind]) => {
    const again = seen.has(name);
    seen.add(name);
    return [name, value, again ? '?' : kind];
  });
};

const resource = (r: Resource) => ({ attributes: entries(r.attributes), dropped: r.droppedAttributesCount });
const plainResource = (r: Plain | undefined) => ({
  attributes: unnamed(entriesOf(r?.attributes)),
  dropped: r?.droppedAttributesCount ?? 0,
});
const scope = (s: Scope) => ({
  name: s.name,
  version: s.version,
  attributes: entries(s.attributes),
  dropped: s.droppedAttributesCount,
});
const plainScope = (s: Plain | undefined) => ({
  name: s?.name ?? '',
  version: s?.version ?? '',
  attributes: unnamed(entriesOf(s?.attributes)),
  dropped: s?.droppedAttributesCount ?? 0,
});

export function readLogs(batch: LogsBatch): unknown {
  return [...batch.resourceLogs].map((rl) => ({
    has: rl.hasResource,
    resource: resource(rl.resource),
    url: rl.schemaUrl,
    scopes: [...rl.scopeLogs].map((sl) => ({
      has: sl.hasScope,
      scope: scope(sl.scope),
      url: sl.schemaUrl,
      items: [...sl.logRecords].map(logRecord),
    })),
  }));
}

export function plainLogs(request: Plain): unknown {
  return holders(request, 'resourceLogs', 'scopeLogs', 'logRecords', plainLogRecord);
}

export function readTraces(batch: TracesBatch): unknown {
  return [...batch.resourceSpans].map((rl) => ({
    has: rl.hasResource,
    resource: resource(rl.resource),
    url: rl.schemaUrl,
    scopes: [...rl.scopeSpans].map((sl) => ({
      has: sl.hasScope,
      scope: scope(sl.scope),
      url: sl.schemaUrl,
      items: [...sl.spans].map(span),
    })),
  }));
}

export function plainTraces(request: Plain): unknown {
  return holders(request, 'resourceSpans', 'scopeSpans', 'spans', plainSpan);
}

export function readMetrics(batch: MetricsBatch): unknown {
  return [...batch.resourceMetrics].map((rl) => ({
    has: rl.hasResource,
    resource: resource(rl.resource),
    url: rl.schemaUrl,
    scopes: [...rl.scopeMetrics].map((sl) => ({
      has: sl.hasScope,
      scope: scope(sl.scope),
      url: sl.schemaUrl,
      items: [...sl.metrics].map(metric),
    })),
  }));
}

export function plainMetrics(request: Plain): unknown {
  return holders(request, 'resourceMetrics', 'scopeMetrics', 'metrics', plainMetric);
}

function holders(request: Plain, one: string, two: string, three: string, item: (plain: Plain) => unknown): unknown {
  return list(request[one]).map((rl) => ({
    has: rl.resource !== undefined,
    resource: plainResource(rl.resource),
    url: rl.schemaUrl ?? '',
    scopes: list(rl[two]).map((sl) => ({
      has: sl.scope !== undefined,
      scope: plainScope(sl.scope),
      url: sl.schemaUrl ?? '',
      items: list(sl[three]).map(item),
    })),
  }));
}

export const logRecord = (r: LogRecord): unknown => ({
  attributes: entries(r.attributes),
  body: r.body,
  severityText: r.severityText,
  severityNumber: r.severityNumber,
  eventName: r.eventName,
  time: r.timeUnixNano,
  timeMs: r.timeMs,
  observed: r.observedTimeUnixNano,
  observedMs: r.observedTimeMs,
  traceId: r.traceId,
  spanId: r.spanId,
  flags: r.flags,
  dropped: r.droppedAttributesCount,
});

export const plainLogRecord = (r: Plain): unknown => ({
  attributes: unnamed(entriesOf(r.attributes)),
  body: valueFrom(r.body),
  severityText: r.severityText ?? '',
  severityNumber: r.severityNumber ?? 0,
  eventName: r.eventName ?? '',
  time: big(r.timeUnixNano),
  timeMs: ms(r.timeUnixNano),
  observed: big(r.observedTimeUnixNano),
  observedMs: ms(r.observedTimeUnixNano),
  traceId: hex(r.traceId),
  spanId: hex(r.spanId),
  flags: r.flags ?? 0,
  dropped: r.droppedAttributesCount ?? 0,
});

export const span = (s: Span): unknown => ({
  attributes: entries(s.attributes),
  ids: [s.traceId, s.spanId, s.parentSpanId],
  traceState: s.traceState,
  name: s.name,
  kind: s.kind,
  flags: s.flags,
  times: [s.startTimeUnixNano, s.endTimeUnixNano, s.startTimeMs, s.endTimeMs],
  status: [s.statusCode, s.statusMessage],
  dropped: [s.droppedAttributesCount, s.droppedEventsCount, s.droppedLinksCount],
  events: [...s.events].map((e) => [entries(e.attributes), e.name, e.timeUnixNano, e.timeMs, e.droppedAttributesCount]),
  links: [...s.links].map((l) => [
    entries(l.attributes),
    l.traceId,
    l.spanId,
    l.traceState,
    l.flags,
    l.droppedAttributesCount,
  ]),
});

export const plainSpan = (s: Plain): unknown => ({
  attributes: unnamed(entriesOf(s.attributes)),
  ids: [hex(s.traceId), hex(s.spanId), hex(s.parentSpanId)],
  traceState: s.traceState ?? '',
  name: s.name ?? '',
  kind: s.kind ?? 0,
  flags: s.flags ?? 0,
  times: [big(s.startTimeUnixNano), big(s.endTimeUnixNano), ms(s.startTimeUnixNano), ms(s.endTimeUnixNano)],
  status: [s.status?.code ?? 0, s.status?.message ?? ''],
  dropped: [s.droppedAttributesCount ?? 0, s.droppedEventsCount ?? 0, s.droppedLinksCount ?? 0],
  events: list(s.events).map((e) => [
    unnamed(entriesOf(e.attributes)),
    e.name ?? '',
    big(e.timeUnixNano),
    ms(e.timeUnixNano),
    e.droppedAttributesCount ?? 0,
  ]),
  links: list(s.links).map((l) => [
    unnamed(entriesOf(l.attributes)),
    hex(l.traceId),
    hex(l.spanId),
    l.traceState ?? '',
    l.flags ?? 0,
    l.droppedAttributesCount ?? 0,
  ]),
});

const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];

export const metric = (m: Metric): unknown => ({
  name: m.name,
  description: m.description,
  unit: m.unit,
  type: m.type,
  temporality: m.temporality,
  monotonic: m.monotonic,
  metadata: entries(m.metadata),
  points: [...m.dataPoints].map(point),
});

export const plainMetric = (m: Plain): unknown => {
  const type = DATA.find((name) => m[name] !== undefined);
  const data = type === undefined ? undefined : m[type];
  return {
    name: m.name ?? '',
    description: m.description ?? '',
    unit: m.unit ?? '',
    type,
    temporality: ['unspecified', 'delta', 'cumulative'][data?.aggregationTemporality ?? 0] ?? 'unspecified',
    monotonic: data?.isMonotonic ?? false,
    metadata: unnamed(entriesOf(m.metadata)),
    points: list(data?.dataPoints).map((p) => plainPoint(type!, p)),
  };
};

const exemplar = (e: Exemplar): unknown => [
  entries(e.filteredAttributes),
  e.timeUnixNano,
  e.value,
  e.isInt,
  e.isInt ? e.intValue : 0n,
  e.traceId,
  e.spanId,
];
const plainExemplar = (e: Plain): unknown => [
  unnamed(entriesOf(e.filteredAttributes)),
  big(e.timeUnixNano),
  e.asDouble ?? Number(e.asInt ?? 0),
  e.asInt !== undefined,
  big(e.asInt),
  hex(e.traceId),
  hex(e.spanId),
];

export function point(p: DataPoint): unknown {
  const common = {
    type: p.type,
    attributes: entries(p.attributes),
    times: [p.startTimeUnixNano, p.timeUnixNano, p.startTimeMs, p.timeMs],
    flags: p.flags,
    gap: p.noRecordedValue,
    exemplars: [...p.exemplars].map(exemplar),
  };
  if (p.type === 'gauge' || p.type === 'sum') {
    const n = p as NumberDataPoint;
    return { ...common, value: n.value, isInt: n.isInt, has: n.hasValue, int: n.isInt ? n.intValue : 0n };
  }
  if (p.type === 'summary') {
    const s = p as SummaryDataPoint;
    return { ...common, count: s.count, sum: s.sum, quantiles: s.quantileValues };
  }
  const h = p as HistogramDataPoint & ExponentialHistogramDataPoint;
  const both = { ...common, count: h.count, sum: h.sum, min: h.min, max: h.max };
  return p.type === 'histogram'
    ? { ...both, counts: h.bucketCounts, bounds: h.explicitBounds }
    : { ...both, scale: h.scale, zero: [h.zeroCount, h.zeroThreshold], positive: h.positive, negative: h.negative };
}

export function plainPoint(type: string, p: Plain): unknown {
  const common = {
    type,
    attributes: unnamed(entriesOf(p.attributes)),
    times: [big(p.startTimeUnixNano), big(p.timeUnixNano), ms(p.startTimeUnixNano), ms(p.timeUnixNano)],
    flags: p.flags ?? 0,
    gap: (p.flags ?? 0) % 2 === 1,
    exemplars: list(p.exemplars).map(plainExemplar),
  };
  if (type === 'gauge' || type === 'sum')
    return {
      ...common,
      value: p.asDouble ?? Number(p.asInt ?? 0),
      isInt: p.asInt !== undefined,
      has: p.asInt !== undefined || p.asDouble !== undefined,
      int: big(p.asInt),
    };
  if (type === 'summary')
    return {
      ...common,
      count: big(p.count),
      sum: p.sum ?? 0,
      quantiles: list(p.quantileValues).map((q) => ({ quantile: q.quantile ?? 0, value: q.value ?? 0 })),
    };
  const both = { ...common, count: big(p.count), sum: p.sum, min: p.min, max: p.max };
  if (type === 'histogram') return { ...both, counts: list(p.bucketCounts).map(big), bounds: list(p.explicitBounds) };
  const half = (b: Plain | undefined) =>
    b === undefined ? undefined : { offset: b.offset ?? 0, bucketCounts: list(b.bucketCounts).map(big) };
  return {
    ...both,
    scale: p.scale ?? 0,
    zero: [big(p.zeroCount), p.zeroThreshold ?? 0],
    positive: half(p.positive),
    negative: half(p.negative),
  };
}
